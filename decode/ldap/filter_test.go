package ldap

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

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

// nested gives depth ANDs around a presence test.
func nested(depth int) []byte { return nest(depth, in(7, "a")) }

// nest gives depth ANDs around a filter.
func nest(depth int, inner []byte) []byte {
	b := make([]byte, 0, 6*depth+len(inner))
	for n := 6*depth + len(inner); len(b) < 6*depth; {
		n -= 6
		b = append(b, filterAnd, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, inner...)
}

func TestDeepFilters(t *testing.T) {
	if got, ok := FilterString(nested(250), nil); !ok || strings.Count(got, "(&") != 250 {
		t.Errorf("250 nested ANDs were not read: %v", ok)
	}
	if _, ok := FilterString(nested(MaxFilterDepth), nil); !ok {
		t.Error("the deepest filter was not read")
	}
	for _, depth := range []int{MaxFilterDepth + 1, 100_000} {
		b := nested(depth)
		allocs := testing.AllocsPerRun(1, func() {
			if got, ok := FilterString(b, nil); ok || got != "(?)" {
				t.Errorf("%d nested ANDs were read", depth)
			}
		})
		if allocs != 0 {
			t.Errorf("%d nested ANDs cost %v allocations", depth, allocs)
		}
	}
	items := 0
	if !WalkFilter(nested(100_000), func(FilterItem) bool { items++; return true }) || items != 1 {
		t.Errorf("walked over %d tests", items)
	}
}

// TestFiltersThatCostTooMuch: asn1-ber copies what is nested once a level, and
// makes some 300 octets of an element of two.
func TestFiltersThatCostTooMuch(t *testing.T) {
	deep := nest(500, equality("cn", strings.Repeat("x", 1<<20)))
	for name, b := range map[string][]byte{"a deep one": deep, "a broad one": long(filterOr, bytes.Repeat(in(7, ""), 1<<19))} {
		if got, ok := FilterString(b, nil); ok || got != "(?)" {
			t.Errorf("%s was read", name)
		}
		if !WalkFilter(b, func(FilterItem) bool { return true }) {
			t.Errorf("%s was not walked over", name)
		}
	}
	var names [][]byte
	for range 10_000 {
		names = append(names, equality("memberOf", "cn=a,ou=groups,dc=example,dc=org"))
	}
	if got, ok := FilterString(elem(filterOr, names...), nil); !ok || len(got) < MaxFilterText {
		t.Error("ten thousand names were not read")
	}
}

func TestFiltersThatHideAnAttribute(t *testing.T) {
	for name, b := range map[string][]byte{
		"a constructed description": elem(filterEqual, elem(0x24, str("userPassword")), str(password)),
		"a description of UTF-8":    elem(filterEqual, elem(0x0c, []byte("userPassword")), str(password)),
		"a constructed value":       elem(filterEqual, str("cn"), elem(0x24, str(password))),
		"a tag of several octets":   {0xbf, 0x81, 0x23, 8, 4, 2, 'c', 'n', 4, 2, 'a', 'b'},
		"constructed substrings":    substrings("cn", elem(0xa1, str(password))),
		"a constructed type":        elem(filterExtensible, elem(0xa2, str("userPassword")), in(3, password)),
		"two filters":               append(in(7, "a"), in(7, "b")...),
		"final before any":          substrings("o", in(2, "b"), in(1, "a")),
	} {
		if got, ok := FilterString(b, NewSecretSet().Contains); ok || strings.Contains(got, password) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestFilterTextIsBounded(t *testing.T) {
	for _, filler := range []string{"x", "č", "€", "😀", "\x00"} {
		for shift := range 4 { // so that the bound falls into every octet of a character
			b := equality(strings.Repeat("a", 1+shift), strings.Repeat(filler, 5000))
			got, ok := FilterString(b, nil)
			if n := len(got) - len("…"); !ok || n > MaxFilterText || n < MaxFilterText-3 || !strings.HasSuffix(got, "…") || !utf8.ValidString(got) {
				t.Errorf("%q shifted by %d: %d octets, %v", filler, shift, len(got), ok)
			}
		}
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
func leaves(p *ber.Packet) (items []FilterItem) {
	item := FilterItem{Choice: tagOf(p)}
	switch item.Choice {
	case filterAnd, filterOr, filterNot:
		for _, c := range p.Children {
			items = append(items, leaves(c)...)
		}
		return items
	case filterPresent:
		item.Attribute = p.Data.Bytes()
	case filterSubstrings:
		item.Attribute = p.Children[0].Data.Bytes()
	case filterExtensible:
		for _, c := range p.Children {
			switch c.Tag {
			case 1:
				item.Rule = c.Data.Bytes()
			case 2:
				item.Attribute = c.Data.Bytes()
			case 3:
				item.Value = c.Data.Bytes()
			default:
			}
		}
	default:
		item.Attribute, item.Value = p.Children[0].Data.Bytes(), p.Children[1].Data.Bytes()
	}
	return []FilterItem{item}
}

func equalItems(a, b FilterItem) bool {
	return a.Choice == b.Choice && bytes.Equal(a.Attribute, b.Attribute) && bytes.Equal(a.Rule, b.Rule) && bytes.Equal(a.Value, b.Value)
}

// compareReaders holds the walk to asn1-ber's tree of a filter that FilterString
// could read as a whole.
func compareReaders(t *testing.T, b []byte) {
	var walked []FilterItem
	if !WalkFilter(b, func(item FilterItem) bool { walked = append(walked, item); return true }) {
		t.Errorf("% x was put into words and not walked over", b)
	}
	p, err := ber.DecodePacketErr(b)
	if err != nil {
		t.Fatal("was read once, and not twice")
	}
	if tree := leaves(p); !slices.EqualFunc(walked, tree, equalItems) {
		t.Errorf("walked over %+v, the tree has %+v", walked, tree)
	}
}

func TestBothReadersSeeTheSame(t *testing.T) {
	for _, b := range filters {
		compareReaders(t, b)
	}
	compareReaders(t, nested(250))
}

// TestNoPasswordReachesTheTree looks at what asn1-ber is given, which copies it.
func TestNoPasswordReachesTheTree(t *testing.T) {
	part := func(n byte) []byte { return in(n, password) }
	for name, filter := range map[string][]byte{
		"equality":   equality("userPassword", password),
		"substrings": elem(filterSubstrings, str("userPassword"), list(part(0), part(1), part(2))),
		"extensible": elem(filterExtensible, in(1, "2.5.13.5"), in(2, "userPassword"), part(3)),
		"order":      elem(filterGreater, str("unicodePwd;x"), str(password)),
	} {
		whole := elem(filterAnd, equality("cn", "a"), elem(filterNot, filter), equality("sn", "b"))
		before := bytes.Clone(whole)
		given, ok := blank(whole, isSecret)
		if !ok || bytes.Contains(given, []byte(password)) || len(given) != len(whole) {
			t.Errorf("%s: %v, gave %q", name, ok, given)
		}
		if !bytes.Equal(whole, before) {
			t.Errorf("%s: the message was changed", name)
		}
		if text, ok := FilterString(whole, isSecret); !ok || !strings.HasPrefix(text, "(&(cn=a)(!(") || !strings.HasSuffix(text, "))(sn=b))") || !strings.Contains(text, redacted) {
			t.Errorf("%s: %v, wrote %q", name, ok, text)
		}
	}
	harmless := equality("cn", "a")
	if given, ok := blank(harmless, isSecret); !ok || &given[0] != &harmless[0] {
		t.Error("a filter without a secret was copied")
	}
}

func TestWalkFilterTakesTheTagsThatServersTake(t *testing.T) {
	utf8 := func(s string) []byte { return elem(0x0c, []byte(s)) }
	for name, filter := range map[string][]byte{
		"equality":   elem(filterEqual, utf8("userPassword"), utf8("x")),
		"substrings": elem(filterSubstrings, utf8("userPassword"), elem(0x31, in(0, "x"))),
	} {
		found := false
		if !WalkFilter(filter, func(item FilterItem) bool { found = isSecret(item.Attribute); return true }) || !found {
			t.Errorf("%s: not seen", name)
		}
		if text, ok := FilterString(filter, isSecret); ok || text != noFilter {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// FuzzFilter wants both readers to agree, and text that is harmless and bounded.
func FuzzFilter(f *testing.F) {
	for _, b := range filters {
		f.Add(b)
	}
	f.Add(nested(300))
	f.Add(equality("cn", strings.Repeat("€", 2000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		text, ok := FilterString(b, nil)
		if len(text) > MaxFilterText+len("…") || !utf8.ValidString(text) || strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
			t.Errorf("wrote %q", text)
		}
		WalkFilter(b, func(item FilterItem) bool {
			if !within(b, item.Attribute) || !within(b, item.Rule) || !within(b, item.Value) {
				t.Errorf("%+v is not of what was given", item)
			}
			return true
		})
		if ok && len(text) < MaxFilterText {
			compareReaders(t, b)
			if _, ok := FilterString(b, func([]byte) bool { return true }); !ok {
				t.Errorf("%q is none without its values", text)
			}
		}
	})
}

func BenchmarkFilter(b *testing.B) {
	filter := filters["(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))"]
	b.Run("walk", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(filter)))
		for b.Loop() {
			WalkFilter(filter, func(FilterItem) bool { return true })
		}
	})
	b.Run("text", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(filter)))
		for b.Loop() {
			FilterString(filter, nil)
		}
	})
}
