package ldap

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	ber "github.com/go-asn1-ber/asn1-ber"
)

func substrings(attr string, parts ...[]byte) []byte {
	return elem(filterSubstrings, str(attr), list(parts...))
}

var filters = map[string][]byte{
	"(cn=Babs Jensen)":  equality("cn", "Babs Jensen"),
	"(!(cn=Tim Howes))": elem(filterNot, equality("cn", "Tim Howes")),
	"(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))": elem(filterAnd, equality("objectClass", "Person"), elem(filterOr, equality("sn", "Jensen"), substrings("cn", in(0, "Babs J")))),
	"(o=univ*of*mich*)":                    substrings("o", in(0, "univ"), in(1, "of"), in(1, "mich")),
	"(o=*a*b)":                             substrings("o", in(1, "a"), in(2, "b")),
	"(o=a*b)":                              substrings("o", in(0, "a"), in(2, "b")),
	"(seeAlso=)":                           equality("seeAlso", ""),
	"(cn:caseExactMatch:=Fred Flintstone)": elem(filterExtensible, in(1, "caseExactMatch"), in(2, "cn"), in(3, "Fred Flintstone")),
	"(cn:=Betty Rubble)":                   elem(filterExtensible, in(2, "cn"), in(3, "Betty Rubble")),
	"(sn:dn:2.4.6.8.10:=Barney Rubble)":    elem(filterExtensible, in(1, "2.4.6.8.10"), in(2, "sn"), in(3, "Barney Rubble"), in(4, "\xff")),
	"(o:dn:=Ace Industry)":                 elem(filterExtensible, in(2, "o"), in(3, "Ace Industry"), in(4, "\xff")),
	"(:1.2.3:=Wilma Flintstone)":           elem(filterExtensible, in(1, "1.2.3"), in(3, "Wilma Flintstone")),
	"(:dn:2.4.6.8.10:=Dino)":               elem(filterExtensible, in(1, "2.4.6.8.10"), in(3, "Dino"), in(4, "\xff")),
	`(o=Parens R Us \28for all your parenthetical needs\29)`: equality("o", "Parens R Us (for all your parenthetical needs)"),
	`(cn=*\2a*)`:             substrings("cn", in(1, "*")),
	`(filename=C:\5cMyFile)`: equality("filename", `C:\MyFile`),
	`(bin=\00\00\00\04)`:     equality("bin", "\x00\x00\x00\x04"),
	"(sn=Lučić)":             equality("sn", "Lučić"),
	`(sn=\ff\e2\80\ae)`:      equality("sn", "\xff\u202e"),
	"(a>=1)":                 elem(filterGreater, str("a"), str("1")),
	"(a<=1)":                 elem(filterLess, str("a"), str("1")),
	"(a~=1)":                 elem(filterApprox, str("a"), str("1")),
	"(a=*)":                  in(7, "a"),
	"(&)":                    elem(filterAnd), // RFC 4526
	"(|)":                    elem(filterOr),
	"(userPassword=***)":     equality("userPassword", password),
	"(userPassword=*****)":   substrings("userPassword", in(1, password)),
}

func TestFilterString(t *testing.T) {
	secrets := NewSecretSet()
	for want, b := range filters {
		if got, ok := FilterString(b, secrets.Contains); !ok || got != want {
			t.Errorf("%s %v, want %s", got, ok, want)
		}
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "no filter": str("x"), "a NOT of two": elem(filterNot, in(7, "a"), in(7, "b")), "an equality of one": elem(filterEqual, str("a")),
		"cut short": equality("cn", "Babs Jensen")[:8], "no substrings": elem(filterSubstrings, str("a"), list()),
	} {
		if got, ok := FilterString(b, nil); ok || got != "(?)" {
			t.Errorf("%s: %s %v", name, got, ok)
		}
	}
}

// nested gives depth ANDs around each other.
func nested(depth int) []byte {
	b := in(7, "a")
	for range depth {
		b = long(filterAnd, b)
	}
	return b
}

func TestDeepFilters(t *testing.T) {
	if got, ok := FilterString(nested(250), nil); !ok || strings.Count(got, "(&") != 250 {
		t.Errorf("250 nested ANDs were not read: %v", ok)
	}
	deep := bytes.Repeat([]byte{filterAnd, 0x84, 0x3f, 0xff, 0xff, 0xff}, 100000)
	if got, ok := FilterString(deep, nil); ok || got != "(?)" {
		t.Error("100,000 nested ANDs were read")
	}
	items := 0
	if !WalkFilter(nested(5000), func(FilterItem) bool { items++; return true }) || items != 1 {
		t.Errorf("walked over %d tests", items)
	}
}

func TestFilterTextIsBounded(t *testing.T) {
	var parts [][]byte
	for range 5000 {
		parts = append(parts, equality("cn", "ččččč"))
	}
	got, ok := FilterString(elem(filterOr, parts...), nil)
	if !ok || len(got) > MaxFilterText+len("…") || !strings.HasSuffix(got, "…") {
		t.Errorf("%d octets, %v", len(got), ok)
	}
}

func TestWalkFilterAllocatesNothing(t *testing.T) {
	b := filters["(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))"]
	n := 0
	if allocs := testing.AllocsPerRun(100, func() { WalkFilter(b, func(FilterItem) bool { n++; return true }) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// leaves gives the tests of a filter as asn1-ber's tree has them.
func leaves(p *ber.Packet, visit func(attr []byte)) {
	switch byte(p.ClassType) | byte(p.TagType) | byte(p.Tag) {
	case filterAnd, filterOr, filterNot:
		for _, c := range p.Children {
			leaves(c, visit)
		}
	case filterPresent:
		visit(p.Data.Bytes())
	case filterExtensible:
		var attr []byte
		for _, c := range p.Children {
			if c.Tag == 2 {
				attr = c.Data.Bytes()
			}
		}
		visit(attr)
	default:
		visit(p.Children[0].Data.Bytes())
	}
}

// FuzzFilter wants both readers to agree, and text that is harmless and bounded.
func FuzzFilter(f *testing.F) {
	for _, b := range filters {
		f.Add(b)
	}
	f.Add(nested(300))
	f.Fuzz(func(t *testing.T, b []byte) {
		text, ok := FilterString(b, nil)
		if len(text) > MaxFilterText+len("…") || strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
			t.Errorf("wrote %q", text)
		}
		var walked [][]byte
		walks := WalkFilter(b, func(item FilterItem) bool { walked = append(walked, item.Attribute); return true })
		if !ok || !walks || len(text) >= MaxFilterText {
			return
		}
		p, err := ber.DecodePacketErr(b)
		if err != nil {
			t.Fatal("was read once, and not twice")
		}
		if len(p.Bytes()) != len(b) {
			return // something follows the filter
		}
		i := 0
		leaves(p, func(attr []byte) {
			if i >= len(walked) || !bytes.Equal(walked[i], attr) {
				t.Errorf("test %d is of %q to the tree", i, attr)
			}
			i++
		})
		if i != len(walked) {
			t.Errorf("%d tests in the tree, %d walked over", i, len(walked))
		}
	})
}
