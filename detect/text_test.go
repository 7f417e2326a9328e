package detect

import (
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "cn=a": "cn=a", "é漢😀": "é漢😀", `a\b`: `a\b`, "\x1b[2J\r\n\x7f": `\1b[2J\0d\0a\7f`,
		"\u0085\u202e\u200b": `\c2\85\e2\80\ae\e2\80\8b`, "\xff\xc0\xaf": `\ff\c0\af`, "\xed\xa0\x80": `\ed\a0\80`, "\ufffd": "\ufffd",
	} {
		if have := Plain(text); have != want {
			t.Errorf("%q is %q, want %q", text, have, want)
		}
	}
}

// TestCleanCutsBetweenCharacters cuts names at each octet of their last
// character.
func TestCleanCutsBetweenCharacters(t *testing.T) {
	for _, last := range []string{"x", "é", "漢", "😀", "\xe6\xbc", "\xff", "\xa0", "\xa0\xa0\xa0\xa0\xa0"} {
		for fits := range len(last) + 1 {
			name := strings.Repeat("n", maxString-fits)
			want := name
			switch cut := last[:fits]; {
			case fits == len(last) || last[0] == '\xff' || last[0] == '\xa0':
				want += Plain(cut)
			}
			if last == "\xe6\xbc" { // an octet is missing, wherever the cut is
				want = name
			}
			if have := clean([]byte(name + last + strings.Repeat("n", 9))); have != want+"…" {
				t.Errorf("%q cut after %d octets ends in %q", last, fits, have[maxString-fits:])
			}
		}
		if have := clean([]byte(last)); have != Plain(last) {
			t.Errorf("%q is %q", last, have)
		}
	}
}
