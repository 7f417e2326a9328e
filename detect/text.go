package detect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain writes whatever a terminal, a browser or a log reader could take for more
// than text as \xx (RFC 4514 2.4 style): controls, bidirectional marks, what is
// not UTF-8. Names from the wire in an Alert and an Inventory are plain already;
// whoever shows other strings, such as names of files, calls it.
func Plain(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n <= 1 || !unicode.IsPrint(r) {
			for _, c := range []byte(s[:n]) {
				const hex = "0123456789abcdef"
				out.Write([]byte{'\\', hex[c>>4], hex[c&15]})
			}
		} else {
			out.WriteString(s[:n])
		}
		s = s[n:]
	}
	return out.String()
}

// clean makes a string that may leave the engine out of octets from the wire:
// plain, and cut to maxString octets. The octets are cloned.
func clean(b []byte) string {
	if len(b) <= maxString {
		return Plain(string(b))
	}
	b = b[:maxString]
	for i := len(b) - 1; i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				b = b[:i] // the cut went through a character
			}
			break
		}
	}
	return Plain(string(b)) + "…"
}

// interner gives the same string for the same octets, so that a name that
// comes back costs nothing. It is emptied when it is full: names that are in
// use come back at once.
type interner map[string]string

func (in *interner) name(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > maxString {
		return clean(b)
	}
	if s, ok := (*in)[string(b)]; ok {
		return s
	}
	if *in == nil || len(*in) >= maxInterned {
		*in = make(interner)
	}
	s := clean(b)
	(*in)[string(b)] = s
	return s
}
