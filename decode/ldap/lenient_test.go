package ldap

import (
	"bytes"
	"slices"
	"testing"
)

// What OpenLDAP 2.5 answers, though RFC 4511 forbids it: its decoder looks
// neither at the tag of what can be but one thing nor at the length of an
// operation. A client must not hide in there.

func TestScanTakesTheIDsThatServersTake(t *testing.T) {
	for name, c := range map[string]struct {
		id   []byte
		want int32
	}{
		"empty":                              {integer(), 0},
		"255 without the sign's octet":       {integer(0xff), 255},
		"255":                                {integer(0, 0xff), 255},
		"-1 in four octets, answered in one": {integer(0xff, 0xff, 0xff, 0xff), 255},
		"-129 in four octets":                {integer(0xff, 0xff, 0xff, 0x7f), 0xff7f},
		"-129, as it is answered":            {integer(0xff, 0x7f), 0xff7f},
		"-2 in two octets":                   {integer(0xff, 0xfe), 254},
		"the least there is":                 {integer(0x80, 0, 0, 0), -1 << 31},
		"the greatest there is":              {integer(0x7f, 0xff, 0xff, 0xff), 1<<31 - 1},
		"the greatest in five octets":        {integer(0, 0x7f, 0xff, 0xff, 0xff), 1<<31 - 1},
	} {
		m := list(c.id, []byte{0x42, 0})
		if h, v := Scan(m); v != OK || h.ID != c.want || h.Op != UnbindRequest {
			t.Errorf("%s: %+v, verdict %d, want %d", name, h, v, c.want)
		}
		if id, ok := ParseAbandonRequest(c.id[2:]); !ok || id != c.want {
			t.Errorf("%s: an abandon of %d, want %d", name, id, c.want)
		}
	}
	for name, id := range map[string][]byte{"2^31": integer(0, 0x80, 0, 0, 0), "six octets": integer(0, 0, 0, 0, 0, 1)} {
		if _, ok := ParseAbandonRequest(id[2:]); ok {
			t.Errorf("%s: an abandon", name)
		}
	}
	if Plausible(list(integer(0x80, 0, 0, 0), elem(0x60, integer(3), str("cn=a"), in(0, "")))) {
		t.Error("a negative ID is plausible")
	}
}

// tagged writes an element under a tag of two octets.
func tagged(tag byte, value string) []byte {
	return append([]byte{0x1f, tag, byte(len(value))}, value...)
}

func TestBindsThatHide(t *testing.T) {
	three, name, secret := integer(3), str("cn=a"), in(0, password)
	flat := func(op byte, parts ...[]byte) []byte {
		return list(slices.Insert(parts, 0, integer(1), []byte{op, 0})...)
	}
	for what, c := range map[string]struct {
		m     []byte
		named bool
	}{
		"as it should be":                  {message(1, elem(0x60, three, name, secret)), true},
		"an enumerated version":            {message(1, elem(0x60, enum(3), name, secret)), true},
		"a version in text":                {message(1, elem(0x60, str("\x03"), name, secret)), true},
		"no version in its place":          {message(1, elem(0x60, integer(), name, secret)), true},
		"a version under a tag of two":     {message(1, elem(0x60, tagged(2, "\x03"), name, secret)), true},
		"a name in UTF-8":                  {message(1, elem(0x60, three, elem(0x0c, []byte("cn=a")), secret)), true},
		"a constructed name":               {message(1, elem(0x60, three, elem(0x24, []byte("cn=a")), secret)), true},
		"a name under a tag of two":        {message(1, elem(0x60, three, tagged(4, "cn=a"), secret)), true},
		"a name under a password's tag":    {message(1, elem(0x60, three, in(0, "cn=a"), secret)), false},
		"a name under a list's tag":        {message(1, elem(0x60, three, list([]byte("cn=a")), secret)), false},
		"a password behind the bind's end": {message(1, elem(0x60, three, name), secret), true},
		"all behind the bind's end":        {flat(0x60, three, name, secret), true},
		"something behind the bind's end":  {message(1, elem(0x60, three, name, secret), str("x")), true},
		"something behind the password":    {message(1, elem(0x60, three, name, secret, str("x"))), true},
		"controls behind the bind's end":   {message(1, elem(0x60, three, name, secret), elem(0xa0, list(str("1.2")))), true},
	} {
		h, v := Scan(c.m)
		bind, ok := ParseBindRequest(h.Contents(c.m))
		if v != OK || !ok || bind.Choice != Simple || bind.SecretLen != len(password) {
			t.Errorf("%s: verdict %d, %v, choice %d, %d octets of password", what, v, ok, bind.Choice, bind.SecretLen)
		}
		if string(bind.Name) != map[bool]string{true: "cn=a"}[c.named] {
			t.Errorf("%s: named %q", what, bind.Name)
		}
		if string(SimplePassword(h.Contents(c.m))) != password {
			t.Errorf("%s: another password", what)
		}
		if bytes.Contains(bind.Name, []byte(password)) {
			t.Errorf("%s: the password is the name", what)
		}
	}
	for what, m := range map[string][]byte{
		"a mechanism in UTF-8":    message(1, elem(0x60, three, str(""), elem(0xa3, elem(0x0c, []byte("PLAIN")), str("creds")))),
		"a sasl without a length": message(1, elem(0x60, three, str(""), []byte{0xa3, 0}, str("PLAIN"), str("creds"))),
		"all behind the end":      flat(0x60, three, str(""), []byte{0xa3, 0}, str("PLAIN"), str("creds")),
	} {
		h, _ := Scan(m)
		bind, ok := ParseBindRequest(h.Contents(m))
		if !ok || bind.Choice != SASL || string(bind.Mechanism) != "PLAIN" || string(bind.Credentials) != "creds" {
			t.Errorf("%s: %v, %q, %d octets of credentials", what, ok, bind.Mechanism, len(bind.Credentials))
		}
	}
	missing := body(three, secret)
	if bind, _ := ParseBindRequest(missing); len(bind.Name) > 0 {
		t.Error("a password is the name, where the name is missing")
	}
}

func TestRequestsThatHide(t *testing.T) {
	behind := func(op byte, parts ...[]byte) []byte {
		m := list(slices.Insert(parts, 0, integer(1), []byte{op, 0})...)
		h, v := Scan(m)
		if v != OK {
			t.Fatalf("verdict %d", v)
		}
		return h.Contents(m)
	}
	utf8 := func(s string) []byte { return elem(0x0c, []byte(s)) }
	set := func(parts ...[]byte) []byte { return elem(0x31, parts...) }

	search, ok := ParseSearchRequest(behind(0x63, utf8("dc=x"), integer(2), integer(0), enum(0), enum(0), integer(0), equality("cn", "a"), set(utf8("userPassword"))))
	if attrs := slices.Collect(search.Attributes()); !ok || string(search.Base) != "dc=x" || search.Scope != ScopeSubtree || !bytes.Equal(search.Filter, equality("cn", "a")) || len(attrs) != 1 || string(attrs[0]) != "userPassword" {
		t.Errorf("a search: %+v %q", search, attrs)
	}
	for name, b := range map[string][]byte{
		"no scope in its place":        body(str(""), enum(0)[:1], []byte{0}, enum(0)),
		"a base under another's tag":   body(in(0, ""), enum(0), enum(0)),
		"a filter in the base's place": body(equality("userPassword", password), enum(0), enum(0)),
	} {
		if got, ok := ParseSearchRequest(b); !ok || got.RootDSE() || len(got.Base) > 0 {
			t.Errorf("%s: %+v %v", name, got, ok)
		}
	}

	modify, ok := ParseModifyRequest(behind(0x66, utf8("cn=a"), set(set(integer(2), set(utf8("userPassword"), list(utf8("x")))))))
	if changes := slices.Collect(modify.Changes()); !ok || string(modify.DN) != "cn=a" || len(changes) != 1 || changes[0].Operation != 2 || string(changes[0].Attribute) != "userPassword" || !changes[0].HasValue {
		t.Errorf("a modify: %s %+v", modify.DN, changes)
	}
	if list, _ := ParseEntry(list(list(str("userPassword"), values(password)))); list.DN != nil {
		t.Error("a list is the DN, where the DN is missing")
	}
	add, ok := ParseEntry(behind(0x68, utf8("cn=a"), set(set(utf8("userPassword"), list(utf8("x"))))))
	if got := add.Secret(NewSecretSet()); !ok || string(add.DN) != "cn=a" || string(got) != "userPassword" {
		t.Errorf("an add: %s %s", add.DN, got)
	}
	compare, ok := ParseCompareRequest(behind(0x6e, utf8("cn=a"), set(utf8("userPassword"), utf8("x"))))
	if !ok || string(compare.DN) != "cn=a" || string(compare.Attribute) != "userPassword" {
		t.Errorf("a compare: %+v", compare)
	}
	rename, ok := ParseModifyDNRequest(behind(0x6c, utf8("cn=a"), utf8("cn=b"), integer(1), in(0, "dc=y")))
	if !ok || string(rename.DN) != "cn=a" || string(rename.NewRDN) != "cn=b" || !rename.DeleteOldRDN || string(rename.NewSuperior) != "dc=y" {
		t.Errorf("a rename: %+v", rename)
	}
	ext, ok := ParseExtendedRequest(behind(0x77, str(OIDPasswordModify), elem(0x81, set(in(2, "x")))))
	if passwd, _ := ParsePasswordModify(ext.Value); !ok || string(ext.OID) != OIDPasswordModify || !passwd.HasNew {
		t.Errorf("a password modify: %s %+v", ext.OID, passwd)
	}
	if ext, ok := ParseExtendedRequest(in(1, password)); ok || ext.OID != nil {
		t.Error("a value is the OID, where the OID is missing")
	}
	for op, want := range map[byte]string{0x4a: "cn=a", 0x50: "\x02"} { // whose contents are the value itself
		m := message(1, elem(op, []byte(want)), elem(0xa0, list(str("1.2"))))
		if h, _ := Scan(m); string(h.Contents(m)) != want {
			t.Errorf("%02x: %q", op, h.Contents(m))
		}
	}
}
