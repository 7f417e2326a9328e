package event2889

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
)

// Kind is an event's binding type.
type Kind uint8

// Binding types.
const (
	Unsigned Kind = iota // a SASL bind that asks for no signing
	Simple               // a simple bind outside TLS
	numKinds
)

// key is what events are counted by.
type key struct {
	client   netip.Addr
	identity string
	computer string
	kind     Kind
}

// seen is how often something was logged, and when.
type seen struct {
	count       uint64
	first, last time.Time // zero: the list has no times
}

// List is events, counted. The zero List is empty.
type List struct {
	Files   []string
	events  map[key]*seen
	Total   uint64 // events 2889 that were read
	Others  uint64 // events of other numbers
	Unread  uint64 // events 2889 whose words are not understood
	FirstAt string // where the first of Unread is
	Left    uint64 // events of clients beyond maxKeys
}

// Bounds, so that a list that somebody made up costs no more than it should.
const (
	maxKeys   = 1 << 16 // clients, identities and servers
	maxName   = 256     // octets of a name
	maxRecord = 1 << 20 // octets of an event
)

// record is an event as its form has it; empty fields are missing.
type record struct {
	id       string
	computer string
	time     time.Time
	client   string
	identity string
	kind     string
	message  string   // the whole text
	data     []string // insertion strings: client, identity, binding type
}

const number = "2889"

// add counts an event that is at a place. Where a list does not tell the numbers
// of its events, what does not read as 2889 is another.
func (l *List) add(r *record, at string) {
	if r.id != "" && r.id != number {
		l.Others++
		return
	}
	client, identity, kind, ok := r.bind()
	switch {
	case !ok && r.id == "":
		l.Others++
		return
	case !ok:
		if l.Unread++; l.Unread == 1 {
			l.FirstAt = at
		}
		return
	}
	l.Total++
	k := key{client, clean(identity), clean(r.computer), kind}
	s := l.events[k]
	if s == nil {
		if len(l.events) >= maxKeys {
			l.Left++
			return
		}
		if l.events == nil {
			l.events = make(map[key]*seen)
		}
		s = new(seen)
		l.events[k] = s
	}
	s.add(&seen{1, r.time, r.time})
}

func (s *seen) add(o *seen) {
	s.count += o.count
	if !o.first.IsZero() && (s.first.IsZero() || o.first.Before(s.first)) {
		s.first = o.first
	}
	if o.last.After(s.last) {
		s.last = o.last
	}
}

// bind says who bound how: by the fields, by the insertion strings, or by the
// text.
func (r *record) bind() (client netip.Addr, identity string, kind Kind, ok bool) {
	if client, ok = address(r.client); ok {
		if kind, ok = kindOf(r.kind); ok {
			return client, strings.TrimSpace(r.identity), kind, true
		}
	}
	if len(r.data) >= 3 {
		if client, ok = address(r.data[0]); ok {
			if kind, ok = kindOf(r.data[2]); ok {
				return client, strings.TrimSpace(r.data[1]), kind, true
			}
		}
	}
	return readMessage(r.message)
}

// address reads "10.0.0.7:51022", "[2001:db8::7]:51022", or either without the
// port.
func address(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap().WithZone(""), err == nil
}

func kindOf(s string) (Kind, bool) {
	switch s = strings.ToLower(strings.TrimSpace(s)); {
	case s == "0", s == "0.0", strings.HasPrefix(s, "unsigned"), strings.HasPrefix(s, "sasl"):
		return Unsigned, true
	case s == "1", s == "1.0", strings.HasPrefix(s, "simple"):
		return Simple, true
	}
	return 0, false
}

// clean cuts a name, and writes what is no text as \xx.
func clean(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "") + "…"
	}
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
			continue
		}
		for _, c := range []byte(string(r)) {
			fmt.Fprintf(&out, `\%02x`, c)
		}
	}
	return out.String()
}
