package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// safe writes whatever a browser, a terminal or a spreadsheet could take for
// more than text as \xx: controls, bidirectional marks, what is not UTF-8.
// Names from the wire come so already; file names and the rest do not. What is
// safe stays as it is.
func safe(s string) string {
	if plain(s) {
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

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// safeAll never gives nil, so that JSON has a list.
func safeAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = safe(s)
	}
	return out
}

func safeKeys(counts map[string]uint64) map[string]uint64 {
	out := make(map[string]uint64, len(counts))
	for key, n := range counts {
		out[safe(key)] += n
	}
	return out
}
