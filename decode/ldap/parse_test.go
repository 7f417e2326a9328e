package ldap

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
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

func TestParseResult(t *testing.T) {
	for name, c := range map[string]struct {
		op   Op
		body []byte
		want Result
	}{
		"success":             {SearchResultDone, body(enum(0), str(""), str("")), Result{MatchedDN: []byte{}, Diagnostic: []byte{}}},
		"with a diagnostic":   {BindResponse, body(enum(49), str("dc=x"), str("no")), Result{Code: 49, MatchedDN: []byte("dc=x"), Diagnostic: []byte("no")}},
		"with credentials":    {BindResponse, body(enum(14), str(""), str(""), in(7, "c")), Result{Code: 14, MatchedDN: []byte{}, Diagnostic: []byte{}, SASLCredentials: []byte("c")}},
		"a referral":          {SearchResultDone, body(enum(10), str(""), str(""), elem(0xa3, str("ldap://b"))), Result{Code: 10, MatchedDN: []byte{}, Diagnostic: []byte{}, HasReferral: true}},
		"extended":            {ExtendedResponse, body(enum(0), str(""), str(""), in(10, "1.2"), in(11, "v")), Result{MatchedDN: []byte{}, Diagnostic: []byte{}, OID: []byte("1.2"), Value: []byte("v")}},
		"cut behind the code": {SearchResultDone, enum(4), Result{Code: 4}},
	} {
		got, ok := ParseResult(c.op, c.body)
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %v, want %+v", name, got, ok, c.want)
		}
	}
}

func TestADReason(t *testing.T) {
	diagnostic := func(data string) []byte {
		return []byte("80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data " + data + ", v3839\x00")
	}
	for data, want := range map[string]struct {
		words string
		right bool
	}{
		"525": {"no such user", false}, "52e": {"wrong password", false}, "532": {"password expired", true}, "533": {"account disabled", true},
		"701": {"account expired", true}, "773": {"password must be changed", true}, "775": {"account locked out", false}, "999": {"", false},
	} {
		if words, right := ADReason(diagnostic(data)), ADPasswordWasRight(diagnostic(data)); words != want.words || right != want.right {
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
	entry, ok := ParseEntry(body(str("cn=a"), list(list(str("cn"), values("a", "b")), list(str("userPassword"), values("")), list(str("sn"), values()))))
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
	if !GeneratesPassword(list(in(0, password))) || GeneratesPassword(list()) || GeneratesPassword(nil) {
		t.Error("a password the server made was not told from none")
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

func TestSecretSet(t *testing.T) {
	s := NewSecretSet("x-Company-Token")
	for _, yes := range []string{"userPassword", "USERPASSWORD", "userPassword;binary", "unicodePwd", "ms-Mcs-AdmPwd", "msLAPS-Password;range=0-*", "x-company-token", "2.5.4.35"} {
		if !s.Contains([]byte(yes)) {
			t.Errorf("%s is no secret", yes)
		}
	}
	for _, no := range []string{"", "cn", "userPasswordHint", ";binary", strings.Repeat("a", 1000)} {
		if s.Contains([]byte(no)) {
			t.Errorf("%s is a secret", no)
		}
	}
	attr := []byte("sAMAccountName;range=0-*")
	if n := testing.AllocsPerRun(100, func() { s.Contains(attr) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	for name, m := range samples {
		if n := testing.AllocsPerRun(100, func() { parseAll(m) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// parseAll reads a message by every reader there is, and gives what they lend.
func parseAll(m []byte) (lent [8][]byte) {
	h, v := Scan(m)
	b := m
	if v == OK {
		b = m[h.Body:min(h.Body+h.BodyLen, len(m))]
		for oid := range Controls(m[min(h.Body+h.BodyLen, len(m)):]) {
			lent[0] = oid
		}
	}
	bind, _ := ParseBindRequest(b)
	lent[1] = bind.Credentials
	res, _ := ParseResult(h.Op, b)
	lent[2] = res.Diagnostic
	search, _ := ParseSearchRequest(b)
	for a := range search.Attributes() {
		lent[3] = a
	}
	WalkFilter(search.Filter, func(item FilterItem) bool { lent[4] = item.Value; return true })
	entry, _ := ParseEntry(b)
	for a := range entry.Attributes() {
		lent[5] = a
	}
	modify, _ := ParseModifyRequest(b)
	for c := range modify.Changes() {
		lent[6] = c.Attribute
	}
	compare, _ := ParseCompareRequest(b)
	lent[7] = compare.Attribute
	_, _ = ParseModifyDNRequest(b)
	_, _ = ParseDelRequest(b)
	_, _ = ParseAbandonRequest(b)
	ext, _ := ParseExtendedRequest(b)
	_, _ = ParsePasswordModify(ext.Value)
	GeneratesPassword(ext.Value)
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
		for i, lent := range parseAll(m) {
			if len(lent) > 0 && !bytes.Contains(m, lent) {
				t.Errorf("reader %d lends what is not there", i)
			}
		}
	})
}
