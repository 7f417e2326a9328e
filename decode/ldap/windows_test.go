package ldap

import (
	"strings"
	"testing"
)

// TestFiltersAsZeekWritesThem has the texts that Zeek's string_representation
// gives, but for values it cannot write.
func TestFiltersAsZeekWritesThem(t *testing.T) {
	a, b, c, d := equality("a", "1"), equality("b", "2"), equality("c", "3"), equality("d", "4")
	for want, element := range map[string][]byte{
		"(&)":                              elem(filterAnd),
		"(&(a=1))":                         elem(filterAnd, a),
		"(|(a=1)(b=2))":                    elem(filterOr, a, b),
		"(&(&(a=1)(b=2))(c=3))":            elem(filterAnd, a, b, c),
		"(|(|(|(a=1)(b=2))(c=3))(d=4))":    elem(filterOr, a, b, c, d),
		"(&(&(!(a=1))(|(b=2)(c=3)))(d=4))": elem(filterAnd, elem(filterNot, a), elem(filterOr, b, c), d),
		"(userAccountControl:1.2.840.113556.1.4.803:=2)":      elem(filterExtensible, in(1, "1.2.840.113556.1.4.803"), in(2, "userAccountControl"), in(3, "2")),
		`(cn=Test\28Admin!\29\2a)`:                            equality("cn", "Test(Admin!)*"),
		"(NtVer=0x20000016)":                                  equality("NtVer", "\x16\x00\x00\x20"),
		"(DomainGuid=33221100-5544-7766-8899-aabbccddeeff)":   equality("DomainGuid", "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"),
		"(DomainSid=S-1-5-21-1153948985-488945146-191242682)": equality("DomainSid", "\x01\x04\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x39\xdd\xc7\x44\xfa\xb5\x24\x1d\xba\x21\x66\x0b"),
		"(AAC=80:00)":                equality("AAC", "\x80\x00"),
		`(NtVer=\06)`:                equality("NtVer", "\x06"),
		`(DomainSid=\01\04\00\00)`:   equality("DomainSid", "\x01\x04\x00\x00"),
		"(&(userPassword=***)(a=1))": elem(filterAnd, equality("userPassword", password), a),
	} {
		got, ok := FilterText(element, FilterStyle{Redact: isSecret, Zeek: true})
		if !ok || got != want {
			t.Errorf("%s %v, want %s", got, ok, want)
		}
	}
}

func TestALargeSetInPairsIsBounded(t *testing.T) {
	var parts [][]byte
	for range 3000 {
		parts = append(parts, equality("a", "1"))
	}
	text, ok := FilterText(long(filterAnd, parts...), FilterStyle{Zeek: true})
	if ok && len(text) > MaxFilterText+len("…") {
		t.Errorf("%d octets", len(text))
	}
	parts = parts[:100]
	if text, ok := FilterText(long(filterAnd, parts...), FilterStyle{Zeek: true}); !ok || strings.Count(text, "(") != strings.Count(text, ")") || strings.Count(text, "(&") != 99 {
		t.Errorf("%v %s", ok, text)
	}
}
