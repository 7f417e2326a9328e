package ldap

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// MaxFilterText bounds FilterString's answer, in octets; longer ones are cut
// there and end in "…".
const MaxFilterText = 4096

// noFilter is the text of a filter that cannot be put into words.
const noFilter = "(?)"

// FilterString gives a search filter, the whole element, as RFC 4515 text.
// Values compared with an attribute for which redact is true are written as
// "***"; redact may be nil. Octets that are no printable UTF-8 are escaped as
// \xx. A filter that does not parse, is nested deeper than MaxFilterDepth, or
// would cost too much to read, gives "(?)" and false.
//
// It is strict where WalkFilter is not: an attribute hidden in a form that RFC
// 4511 forbids would not be known for a secret, and its value be told.
func FilterString(element []byte, redact func(attribute []byte) bool) (text string, ok bool) {
	return FilterText(element, FilterStyle{Redact: redact})
}

// FilterStyle says how a filter is put into words.
type FilterStyle struct {
	Redact func(attribute []byte) bool // values compared with one of these are "***"; nil: none
	Rename func(value []byte) string   // gives what is written instead of any other value; nil: the value is
	// Zeek writes sets of more than two as pairs of pairs, and some of Windows'
	// values as Wireshark does (see windowsValue).
	Zeek bool
}

// FilterText is FilterString in a style.
func FilterText(element []byte, style FilterStyle) (text string, ok bool) {
	return filterString(element, filterWriter{redact: style.Redact, rename: style.Rename, instead: redacted, zeek: style.Zeek})
}

// FilterPattern gives a search filter, the whole element, as RFC 4515 text with
// every assertion value left out: (&(objectClass=?)(cn=?*)). It is for telling
// what asks alike; FilterShape tells it without making text.
func FilterPattern(element []byte) string {
	text, _ := filterString(element, filterWriter{redact: func([]byte) bool { return true }, instead: "?"})
	return text
}

// redacted stands for a value that is not to be told.
const redacted = "***"

func filterString(element []byte, w filterWriter) (text string, ok bool) {
	if !treeBounded(element) {
		return noFilter, false
	}
	element, ok = blank(element, w.redact)
	if !ok {
		return noFilter, false
	}
	packet, err := ber.DecodePacketErr(element)
	if err != nil || !w.filter(packet) {
		return noFilter, false
	}
	return w.text(), true
}

// blank gives a filter whose values for which redact is true are zeros: asn1-ber
// copies what it reads, and nobody could wipe its copies. The filter is borrowed
// if there are none, and else a copy. It is false for one that does not parse.
func blank(filter []byte, redact func([]byte) bool) (blanked []byte, ok bool) {
	if redact == nil {
		return filter, true
	}
	some := false
	ok = WalkFilter(filter, func(item FilterItem) bool {
		some = redact(item.Attribute)
		return !some
	})
	if !ok || !some {
		return filter, ok
	}
	filter = bytes.Clone(filter)
	ok = WalkFilter(filter, func(item FilterItem) bool {
		if !redact(item.Attribute) {
			return true
		}
		clear(item.Value)
		c := cursor{item.parts}
		for part, more := c.next(); more; part, more = c.next() {
			clear(part.value)
		}
		return true
	})
	return filter, ok
}

// filterWriter writes what asn1-ber has read. Its methods are false for what is
// no filter; the text is of no use then.
type filterWriter struct {
	strings.Builder
	redact  func([]byte) bool
	rename  func([]byte) string
	instead string // of what is redacted
	zeek    bool
}

// text gives what was written, cut to its bound between two characters.
func (w *filterWriter) text() string {
	s := w.String()
	if len(s) <= MaxFilterText {
		return s
	}
	n := MaxFilterText
	for !utf8.RuneStart(s[n]) { // at most three steps: all of it is UTF-8
		n--
	}
	return s[:n] + "…"
}

// full says that what follows would be cut off.
func (w *filterWriter) full() bool { return w.Len() > MaxFilterText }

func (w *filterWriter) filter(p *ber.Packet) bool {
	if w.full() {
		return true
	}
	w.WriteByte('(')
	ok := w.choice(p)
	w.WriteByte(')')
	return ok
}

// tagOf gives the identifier octet of an element, which has no other:
// treeBounded has seen to that.
func tagOf(p *ber.Packet) byte { return byte(p.ClassType) | byte(p.TagType) | byte(p.Tag) }

func (w *filterWriter) choice(p *ber.Packet) bool {
	switch tagOf(p) {
	case filterAnd:
		return w.set("&", p)
	case filterOr:
		return w.set("|", p)
	case filterNot:
		return len(p.Children) == 1 && w.set("!", p)
	case filterEqual:
		return w.comparison(p, "=")
	case filterGreater:
		return w.comparison(p, ">=")
	case filterLess:
		return w.comparison(p, "<=")
	case filterApprox:
		return w.comparison(p, "~=")
	case filterPresent:
		w.escape(p.Data.Bytes())
		w.WriteString("=*")
		return true
	case filterSubstrings:
		return w.substrings(p)
	case filterExtensible:
		return w.extensible(p)
	}
	return false
}

func (w *filterWriter) set(sign string, p *ber.Packet) bool {
	w.WriteString(sign)
	pairs := 0 // open, within the set
	for n := len(p.Children); w.zeek && pairs < n-2 && !w.full(); pairs++ {
		w.WriteString("(" + sign)
	}
	for i, c := range p.Children {
		if !w.filter(c) {
			return false
		}
		if i > 0 && i <= pairs {
			w.WriteByte(')')
		}
	}
	return true
}

func (w *filterWriter) comparison(p *ber.Packet, sign string) bool {
	if len(p.Children) != 2 || tagOf(p.Children[0]) != 0x04 || tagOf(p.Children[1]) != 0x04 {
		return false
	}
	attr := p.Children[0].Data.Bytes()
	w.escape(attr)
	w.WriteString(sign)
	w.value(attr, p.Children[1])
	return true
}

// substrings writes [initial] "*" *(any "*") [final], RFC 4515 3.
func (w *filterWriter) substrings(p *ber.Packet) bool {
	if len(p.Children) != 2 || tagOf(p.Children[0]) != 0x04 || tagOf(p.Children[1]) != tagSequence {
		return false
	}
	attr, parts := p.Children[0].Data.Bytes(), p.Children[1].Children
	w.escape(attr)
	w.WriteByte('=')
	for i, part := range parts {
		switch tag := tagOf(part); {
		case tag == 0x80 && i == 0: // initial
			w.value(attr, part)
		case tag == 0x81, tag == 0x82 && i == len(parts)-1: // any, final
			w.WriteByte('*')
			w.value(attr, part)
		default:
			return false
		}
	}
	if len(parts) > 0 && tagOf(parts[len(parts)-1]) != 0x82 {
		w.WriteByte('*')
	}
	return len(parts) > 0
}

func (w *filterWriter) extensible(p *ber.Packet) bool {
	var rule, attr []byte
	var value *ber.Packet
	dn := ""
	for _, c := range p.Children {
		switch tagOf(c) {
		case 0x81:
			rule = c.Data.Bytes()
		case 0x82:
			attr = c.Data.Bytes()
		case 0x83:
			value = c
		case 0x84:
			if b := c.Data.Bytes(); len(b) == 1 && b[0] != 0 {
				dn = ":dn"
			}
		default:
			return false
		}
	}
	if value == nil {
		return false
	}
	w.escape(attr)
	w.WriteString(dn)
	if len(rule) > 0 {
		w.WriteByte(':')
		w.escape(rule)
	}
	w.WriteString(":=")
	w.value(attr, value)
	return true
}

// value writes what attr is compared with.
func (w *filterWriter) value(attr []byte, p *ber.Packet) {
	if w.redact != nil && w.redact(attr) {
		w.WriteString(w.instead)
		return
	}
	if w.rename != nil {
		if !w.full() {
			w.WriteString(w.rename(p.Data.Bytes()))
		}
		return
	}
	if w.zeek {
		if text := windowsValue(attr, p.Data.Bytes()); text != "" {
			w.WriteString(text)
			return
		}
	}
	w.escape(p.Data.Bytes())
}

// escape writes octets as RFC 4515 3 wants them, and escapes besides what is
// not meant to be printed: control and bidirectional characters. Descriptions
// and rules are text by RFC 4512; what is not is escaped like a value.
func (w *filterWriter) escape(b []byte) {
	const hex = "0123456789abcdef"
	for len(b) > 0 && !w.full() {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) || r == '(' || r == ')' || r == '*' || r == '\\' {
			for _, c := range b[:n] {
				w.Write([]byte{'\\', hex[c>>4], hex[c&15]})
			}
		} else {
			w.Write(b[:n])
		}
		b = b[n:]
	}
}
