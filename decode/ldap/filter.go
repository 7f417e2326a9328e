package ldap

import (
	"strings"
	"unicode"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// MaxFilterText bounds FilterString's answer, in octets; longer ones end in "…".
const MaxFilterText = 4096

// FilterString gives a search filter as RFC 4515 text. Values compared with an
// attribute for which redact is true are written as "***"; redact may be nil.
// Octets that are no printable UTF-8 are escaped as \xx. A filter that does
// not parse, or is nested deeper than MaxFilterDepth, gives "(?)" and false.
func FilterString(element []byte, redact func(attribute []byte) bool) (text string, ok bool) {
	// asn1-ber recurses: what it is given is bounded in depth here and in length
	// by the message it comes from.
	if len(element) == 0 || !filterDepthOK(element) {
		return "(?)", false
	}
	packet, err := ber.DecodePacketErr(element)
	if err != nil {
		return "(?)", false
	}
	w := filterWriter{redact: redact}
	if !w.filter(packet) {
		return "(?)", false
	}
	return w.text(), true
}

type filterWriter struct {
	strings.Builder
	redact func([]byte) bool
}

func (w *filterWriter) text() string {
	if w.Len() <= MaxFilterText {
		return w.String()
	}
	s := w.String()[:MaxFilterText]
	for !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) && len(s) > MaxFilterText-utf8.UTFMax {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// filter writes one filter; false: it is none.
func (w *filterWriter) filter(p *ber.Packet) bool {
	if p.ClassType != ber.ClassContext || w.Len() > MaxFilterText {
		return p.ClassType == ber.ClassContext // enough was written
	}
	w.WriteByte('(')
	ok := w.choice(p)
	w.WriteByte(')')
	return ok
}

func (w *filterWriter) choice(p *ber.Packet) bool {
	switch tag := byte(p.ClassType) | byte(p.TagType) | byte(p.Tag); tag {
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
		w.description(p.Data.Bytes())
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
	for _, c := range p.Children {
		if !w.filter(c) {
			return false
		}
	}
	return true
}

func (w *filterWriter) comparison(p *ber.Packet, sign string) bool {
	if len(p.Children) != 2 {
		return false
	}
	attr := p.Children[0].Data.Bytes()
	w.description(attr)
	w.WriteString(sign)
	w.value(attr, p.Children[1])
	return true
}

func (w *filterWriter) substrings(p *ber.Packet) bool {
	if len(p.Children) != 2 || len(p.Children[1].Children) == 0 {
		return false
	}
	attr := p.Children[0].Data.Bytes()
	w.description(attr)
	w.WriteByte('=')
	for i, part := range p.Children[1].Children {
		switch {
		case part.ClassType != ber.ClassContext || part.Tag > 2 || part.Tag == 0 && i > 0:
			return false
		case part.Tag > 0:
			w.WriteByte('*') // before any and final
		}
		w.value(attr, part)
	}
	if parts := p.Children[1].Children; parts[len(parts)-1].Tag != 2 {
		w.WriteByte('*')
	}
	return true
}

func (w *filterWriter) extensible(p *ber.Packet) bool {
	var rule, attr []byte
	var value *ber.Packet
	dn := false
	for _, c := range p.Children {
		if c.ClassType != ber.ClassContext {
			return false
		}
		switch c.Tag {
		case 1:
			rule = c.Data.Bytes()
		case 2:
			attr = c.Data.Bytes()
		case 3:
			value = c
		case 4:
			dn = len(c.Data.Bytes()) == 1 && c.Data.Bytes()[0] != 0
		}
	}
	if value == nil {
		return false
	}
	w.description(attr)
	if dn {
		w.WriteString(":dn")
	}
	if len(rule) > 0 {
		w.WriteByte(':')
		w.description(rule)
	}
	w.WriteString(":=")
	w.value(attr, value)
	return true
}

// description writes an attribute description or a rule. It is text by RFC
// 4512; what is not is escaped like a value.
func (w *filterWriter) description(b []byte) { w.escape(b) }

func (w *filterWriter) value(attr []byte, p *ber.Packet) {
	if w.redact != nil && w.redact(attr) {
		w.WriteString("***")
		return
	}
	w.escape(p.Data.Bytes())
}

// escape writes octets as RFC 4515 3 wants them, and escapes besides what is
// not meant to be printed: control and bidirectional characters.
func (w *filterWriter) escape(b []byte) {
	const hex = "0123456789abcdef"
	for len(b) > 0 && w.Len() <= MaxFilterText {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 || !unicode.IsPrint(r) || r == '(' || r == ')' || r == '*' || r == '\\' {
			for _, c := range b[:n] {
				w.Write([]byte{'\\', hex[c>>4], hex[c&15]})
			}
		} else {
			w.Write(b[:n])
		}
		b = b[n:]
	}
}
