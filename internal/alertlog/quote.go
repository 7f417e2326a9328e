package alertlog

import (
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// appendString writes a JSON string (RFC 8259 7). Beside what has to be
// escaped it escapes what a browser, a terminal or a reader of the log could
// take for more than text: <, >, &, controls, line separators, bidirectional
// marks; with ascii all that is not ASCII. What is not UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string, ascii bool) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '"' || c == '\\':
				dst = append(dst, '\\', c)
			case c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&':
				dst = appendUnit(dst, uint16(c))
			default:
				dst = append(dst, c)
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case !ascii && unicode.IsPrint(r): // and U+FFFD, which stands for what is not UTF-8
			dst = utf8.AppendRune(dst, r)
		case r <= 0xffff:
			dst = appendUnit(dst, uint16(r))
		default: // RFC 8259 7: as a surrogate pair
			high, low := utf16.EncodeRune(r)
			dst = appendUnit(appendUnit(dst, uint16(high)), uint16(low))
		}
		i += n
	}
	return append(dst, '"')
}

func appendUnit(dst []byte, u uint16) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[u>>12], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}
