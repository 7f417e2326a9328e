package detect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes a string that may leave the engine out of octets from the wire:
// cut to maxString octets, and whatever a terminal, a browser or a log reader
// could take for more than text written as \xx (RFC 4514 2.4 style). The
// octets are cloned.
func clean(b []byte) string {
	cut := false
	if len(b) > maxString {
		b, cut = b[:maxString], true
	}
	plain := true
	for _, c := range b {
		if c < 0x20 || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain && !cut {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 || !unicode.IsPrint(r) {
			if cut && !utf8.FullRune(b) {
				break // the cut went through a character
			}
			for _, c := range b[:n] {
				const hex = "0123456789abcdef"
				out.Write([]byte{'\\', hex[c>>4], hex[c&15]})
			}
		} else {
			out.Write(b[:n])
		}
		b = b[n:]
	}
	if cut {
		out.WriteString("…")
	}
	return out.String()
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
