package ldap

import (
	"reflect"
	"slices"
	"testing"
)

const password = "Quince-Anvil-88!"

func TestParseBindRequest(t *testing.T) {
	for name, c := range map[string]struct {
		body []byte
		want Bind
	}{
		"simple":              {body(integer(3), str("cn=a"), in(0, password)), Bind{Version: 3, Name: []byte("cn=a"), Choice: Simple, SecretLen: len(password)}},
		"anonymous":           {body(integer(3), str(""), in(0, "")), Bind{Version: 3, Name: []byte{}, Choice: Simple}},
		"version 2":           {body(integer(2), str("cn=a"), in(0, "")), Bind{Version: 2, Name: []byte("cn=a"), Choice: Simple}},
		"Kerberos 4":          {body(integer(2), str("cn=a"), in(1, "ticket")), Bind{Version: 2, Name: []byte("cn=a"), Choice: Kerberos42LDAP}},
		"SASL, no creds":      {body(integer(3), str(""), elem(0xa3, str("GSSAPI"))), Bind{Version: 3, Name: []byte{}, Choice: SASL, Mechanism: []byte("GSSAPI")}},
		"SASL, empty creds":   {body(integer(3), str(""), elem(0xa3, str("GSSAPI"), str(""))), Bind{Version: 3, Name: []byte{}, Choice: SASL, Mechanism: []byte("GSSAPI"), Credentials: []byte{}, HasCredentials: true}},
		"SASL":                {body(integer(3), str(""), elem(0xa3, str("X"), str("t"))), Bind{Version: 3, Name: []byte{}, Choice: SASL, Mechanism: []byte("X"), Credentials: []byte("t"), HasCredentials: true}},
		"Sicily, discovery":   {body(integer(3), str(""), in(9, "")), Bind{Version: 3, Name: []byte{}, Choice: SicilyDiscovery, Credentials: []byte{}, HasCredentials: true}},
		"Sicily, negotiate":   {body(integer(3), str("NTLM"), in(10, "NTLMSSP")), Bind{Version: 3, Name: []byte("NTLM"), Choice: SicilyNegotiate, Credentials: []byte("NTLMSSP"), HasCredentials: true}},
		"Sicily, response":    {body(integer(3), str(""), in(11, "NTLMSSP")), Bind{Version: 3, Name: []byte{}, Choice: SicilyResponse, Credentials: []byte("NTLMSSP"), HasCredentials: true}},
		"an unknown choice":   {body(integer(3), str("cn=a"), in(5, "x")), Bind{Version: 3, Name: []byte("cn=a")}},
		"cut in the password": {body(integer(3), str("cn=a"), in(0, password))[:14], Bind{Version: 3, Name: []byte("cn=a"), Choice: Simple, SecretLen: len(password)}},
		"cut before it":       {body(integer(3), str("cn=a")), Bind{Version: 3, Name: []byte("cn=a")}},
	} {
		got, ok := ParseBindRequest(c.body)
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %v, want %+v", name, got, ok, c.want)
		}
	}
	if _, ok := ParseBindRequest(str("cn=a")); ok {
		t.Error("a bind without a version was read")
	}
}

func TestParseWhatActiveDirectorySends(t *testing.T) {
	m := octets(`
		30 84 0000003c              # LDAPMessage, its length in four octets
		   02 01 05                 # messageID
		   64 84 00000033           # SearchResultEntry
		      04 04 64633d78        # dc=x
		      30 84 00000027
		         30 84 0000000f
		            04 02 636e      # cn
		            31 84 00000005
		               04 03 616263
		         30 84 0000000c
		            04 02 736e      # sn
		            31 84 00000002
		               04 00        # a value of no octets`)
	h, v := Scan(m)
	if want := (Header{ID: 5, Op: SearchResultEntry, Len: 66, Body: 15, BodyLen: 51}); v != OK || h != want {
		t.Fatalf("%+v, verdict %d, want %+v", h, v, want)
	}
	entry, ok := ParseEntry(m[h.Body:])
	seen := map[string]bool{}
	for desc, has := range entry.Attributes() {
		seen[string(desc)] = has
	}
	if !ok || string(entry.DN) != "dc=x" || !reflect.DeepEqual(seen, map[string]bool{"cn": true, "sn": false}) {
		t.Errorf("%s %v", entry.DN, seen)
	}
	bind := octets(`
		02 01 03                    # version
		04 84 00000004 636e3d61     # cn=a
		a3 84 00000010              # sasl
		   04 0a 4753532d53504e45474f # GSS-SPNEGO
		   04 02 6000               # credentials`)
	want := Bind{Version: 3, Name: []byte("cn=a"), Choice: SASL, Mechanism: []byte("GSS-SPNEGO"), Credentials: []byte{0x60, 0}, HasCredentials: true}
	if got, ok := ParseBindRequest(bind); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestParseResult(t *testing.T) {
	for name, c := range map[string]struct {
		op   Op
		body []byte
		want Result
	}{
		"success":             {SearchResultDone, body(enum(0), str(""), str("")), Result{MatchedDN: []byte{}, Diagnostic: []byte{}}},
		"with a diagnostic":   {BindResponse, body(enum(49), str("dc=x"), str("no")), Result{Code: 49, MatchedDN: []byte("dc=x"), Diagnostic: []byte("no")}},
		"with credentials":    {BindResponse, body(enum(14), str(""), str(""), in(7, "c")), Result{Code: 14, MatchedDN: []byte{}, Diagnostic: []byte{}, SASLCredentials: []byte("c")}},
		"with empty ones":     {BindResponse, body(enum(14), str(""), str(""), in(7, "")), Result{Code: 14, MatchedDN: []byte{}, Diagnostic: []byte{}, SASLCredentials: []byte{}}},
		"no diagnostic":       {BindResponse, body(enum(49), str("")), Result{Code: 49, MatchedDN: []byte{}}},
		"a referral":          {SearchResultDone, body(enum(10), str(""), str(""), elem(0xa3, str("ldap://b"))), Result{Code: 10, MatchedDN: []byte{}, Diagnostic: []byte{}}},
		"extended":            {ExtendedResponse, body(enum(0), str(""), str(""), in(10, "1.2"), in(11, "v")), Result{MatchedDN: []byte{}, Diagnostic: []byte{}, OID: []byte("1.2"), Value: []byte("v")}},
		"cut behind the code": {SearchResultDone, enum(4), Result{Code: 4}},
	} {
		got, ok := ParseResult(c.op, c.body)
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %v, want %+v", name, got, ok, c.want)
		}
	}
}

func TestCodeName(t *testing.T) {
	for code, want := range map[int]string{0: "success", 8: "strongerAuthRequired", 49: "invalidCredentials", 118: "canceled", 4096: "e-syncRefreshRequired", 9: "", -1: ""} {
		if got := CodeName(code); got != want {
			t.Errorf("%d is %q", code, got)
		}
	}
}

func TestADReason(t *testing.T) {
	for data, want := range map[string]struct {
		words string
		right bool
	}{
		"525": {"no such user", false}, "52e": {"wrong password", false}, "530": {"not permitted at this time", true},
		"531": {"not permitted from this workstation", true}, "80090346": {"channel binding missing or wrong", false}, "532": {"password expired", true}, "533": {"account disabled", true},
		"701": {"account expired", true}, "773": {"password must be changed", true}, "775": {"account locked out", false}, "999": {"", false},
	} {
		res := Result{Code: InvalidCredentials, Diagnostic: ad(data)}
		if words, right := ADReason(res.Diagnostic), res.Password() == PasswordRight; words != want.words || right != want.right {
			t.Errorf("data %s: %q %v", data, words, right)
		}
	}
	if ADReason([]byte("data 52e")) != "" || ADReason(nil) != "" {
		t.Error("a reason was found where none is")
	}
}

func TestParseSearchRequest(t *testing.T) {
	b := body(str("dc=x"), enum(2), enum(3), integer(100), integer(30), []byte{1, 1, 0xff}, equality("cn", "a"), list(str("cn"), str("sn")))
	got, ok := ParseSearchRequest(b)
	attrs := slices.Collect(got.Attributes())
	got.attributes = nil
	want := Search{Base: []byte("dc=x"), Scope: ScopeSubtree, Deref: 3, SizeLimit: 100, TimeLimit: 30, TypesOnly: true, Filter: equality("cn", "a")}
	if !ok || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(attrs, [][]byte{[]byte("cn"), []byte("sn")}) || got.RootDSE() {
		t.Errorf("%+v %s %v, want %+v", got, attrs, ok, want)
	}
	root, _ := ParseSearchRequest(body(str(""), enum(0)))
	if !root.RootDSE() || root.Filter != nil {
		t.Errorf("%+v is no rootDSE read", root)
	}
	if whole, _ := ParseSearchRequest(body(str(""), enum(2))); whole.RootDSE() {
		t.Error("a search of everything was taken for a rootDSE read")
	}
}

func TestParseWrites(t *testing.T) {
	entry, ok := ParseEntry(body(str("cn=a"), list(list(str("cn"), values("", "b")), list(str("userPassword"), values("", "")), list(str("sn"), values()))))
	var seen []string
	for desc, has := range entry.Attributes() {
		seen = append(seen, string(desc)+map[bool]string{true: "=", false: ""}[has])
	}
	if !ok || string(entry.DN) != "cn=a" || !slices.Equal(seen, []string{"cn=", "userPassword", "sn"}) {
		t.Errorf("an entry: %s %v", entry.DN, seen)
	}
	modify, ok := ParseModifyRequest(body(str("cn=a"), list(list(enum(2), list(str("userPassword"), values("x"))), list(enum(1), list(str("sn"), values())))))
	changes := slices.Collect(modify.Changes())
	if !ok || !reflect.DeepEqual(changes, []Change{{2, []byte("userPassword"), true}, {1, []byte("sn"), false}}) {
		t.Errorf("a modify: %+v", changes)
	}
	rename, ok := ParseModifyDNRequest(body(str("cn=a"), str("cn=b"), []byte{1, 1, 0xff}, in(0, "dc=y")))
	if !ok || !reflect.DeepEqual(rename, ModifyDN{[]byte("cn=a"), []byte("cn=b"), []byte("dc=y"), true}) {
		t.Errorf("a rename: %+v", rename)
	}
	compare, ok := ParseCompareRequest(body(str("cn=a"), list(str("userPassword"), str(password))))
	if !ok || !reflect.DeepEqual(compare, Compare{[]byte("cn=a"), []byte("userPassword")}) {
		t.Errorf("a compare: %+v", compare)
	}
	for name, b := range map[string][]byte{"a delete": []byte("cn=a"), "a constructed delete": str("cn=a")} {
		if dn, ok := ParseDelRequest(b); !ok || string(dn) != "cn=a" {
			t.Errorf("%s: %q", name, dn)
		}
	}
	if id, ok := ParseAbandonRequest([]byte{1, 2}); !ok || id != 258 {
		t.Errorf("an abandon of %d", id)
	}
}

func TestParseExtended(t *testing.T) {
	req, ok := ParseExtendedRequest(body(in(0, OIDPasswordModify), in(1, "v")))
	if !ok || !reflect.DeepEqual(req, Extended{[]byte(OIDPasswordModify), []byte("v")}) {
		t.Errorf("%+v", req)
	}
	modify, ok := ParsePasswordModify(list(in(0, "cn=a"), in(1, password), in(2, password)))
	if !ok || !reflect.DeepEqual(modify, PasswordModify{[]byte("cn=a"), true, true}) {
		t.Errorf("%+v", modify)
	}
}

func TestControls(t *testing.T) {
	m := samples["a search with controls"]
	h, _ := Scan(m)
	got := slices.Collect(Controls(m[h.Body+h.BodyLen:]))
	if len(got) != 1 || string(got[0]) != "1.2.840.113556.1.4.319" {
		t.Errorf("%s", got)
	}
}

func TestReadEntries(t *testing.T) {
	m := samples["a write's answer, read back"]
	h, _ := Scan(m)
	var known SecretSet
	for entry := range ReadEntries(m[h.Body+h.BodyLen:]) {
		if string(entry.DN) != "cn=a" || string(entry.Secret(&known)) != "userPassword" {
			t.Errorf("%q has %q", entry.DN, entry.Secret(&known))
		}
		return
	}
	t.Error("no entry")
}

func TestParsingAllocatesNothing(t *testing.T) {
	lent := make([][]byte, 0, 256)
	for name, m := range samples {
		if n := testing.AllocsPerRun(100, func() { parseAll(m, lent) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// parseAll reads a message by every reader there is, and gives what they lend.
func parseAll(m []byte, lent [][]byte) [][]byte {
	h, v := Scan(m)
	b := m
	if v == OK {
		b = m[h.Body:min(h.Body+h.BodyLen, len(m))]
		rest := m[min(h.Body+h.BodyLen, len(m)):]
		for oid := range Controls(rest) {
			lent = append(lent, oid)
		}
		for entry := range ReadEntries(rest) {
			lent = append(lent, entry.DN)
		}
	}
	bind, _ := ParseBindRequest(b)
	res, _ := ParseResult(h.Op, b)
	dn, _ := ParseDelRequest(b)
	rename, _ := ParseModifyDNRequest(b)
	compare, _ := ParseCompareRequest(b)
	ext, _ := ParseExtendedRequest(b)
	passwd, _ := ParsePasswordModify(ext.Value)
	lent = append(lent, bind.Name, bind.Mechanism, bind.Credentials, res.MatchedDN, res.Diagnostic, res.SASLCredentials, res.OID, res.Value,
		dn, rename.DN, rename.NewRDN, rename.NewSuperior, compare.DN, compare.Attribute, ext.OID, ext.Value, passwd.User)
	ReturnsPassword(ext.Value)
	_, _ = ParseAbandonRequest(b)
	return parseLists(b, lent)
}

// parseLists does the same with what is walked over.
func parseLists(b []byte, lent [][]byte) [][]byte {
	search, _ := ParseSearchRequest(b)
	lent = append(lent, search.Base, search.Filter)
	for a := range search.Attributes() {
		lent = append(lent, a)
	}
	WalkFilter(search.Filter, func(item FilterItem) bool {
		lent = append(lent, item.Attribute, item.Rule, item.Value)
		return true
	})
	entry, _ := ParseEntry(b)
	lent = append(lent, entry.DN)
	for a := range entry.Attributes() {
		lent = append(lent, a)
	}
	modify, _ := ParseModifyRequest(b)
	for c := range modify.Changes() {
		lent = append(lent, c.Attribute)
	}
	return lent
}

// FuzzParse wants what is lent to lie within what was given, wherever it is cut.
func FuzzParse(f *testing.F) {
	for _, m := range samples {
		f.Add(m, len(m))
		f.Add(m, len(m)/2)
	}
	f.Fuzz(func(t *testing.T, m []byte, n int) {
		m = m[:max(0, min(n, len(m))):max(0, min(n, len(m)))]
		for i, lent := range parseAll(m, nil) {
			if !within(m, lent) {
				t.Errorf("%q, the %dth, is not of what was given", lent, i)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	bodyOf := func(name string) []byte {
		m := samples[name]
		h, _ := Scan(m)
		return m[h.Body : h.Body+h.BodyLen]
	}
	for name, run := range map[string]func(body []byte){
		"a bind":              func(body []byte) { ParseBindRequest(body) },
		"a search":            func(body []byte) { ParseSearchRequest(body) },
		"the end of a search": func(body []byte) { ParseResult(SearchResultDone, body) },
		"an entry": func(body []byte) {
			entry, _ := ParseEntry(body)
			for range entry.Attributes() {
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			body := bodyOf(name)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				run(body)
			}
		})
	}
}
