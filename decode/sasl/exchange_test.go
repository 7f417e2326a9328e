package sasl

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const password = "Opal-Heron-93!"

// steps plays the client's steps of an exchange and gives the last one.
func steps(x *Exchange, all ...string) (c Client) {
	for _, creds := range all {
		c = x.Client([]byte(creds), true)
	}
	return c
}

func TestClientSteps(t *testing.T) {
	secret := Client{Exposure: Password, HasSecret: true}
	mira := Client{Exposure: Password, HasSecret: true, Identity: "mira"}
	for name, c := range map[string]struct {
		mechanism string
		steps     []string
		want      Client
		layer     Layer
	}{
		"PLAIN": {"PLAIN", []string{"\x00mira\x00" + password}, Client{Exposure: Password, HasSecret: true, Identity: "mira"}, 0},
		"PLAIN on behalf of another (RFC 4616 4)": {"plain", []string{"Ursel\x00Kurt\x00" + password},
			Client{Exposure: Password, HasSecret: true, Identity: "Kurt"}, 0},
		"PLAIN with an empty password":                  {"PLAIN", []string{"\x00mira\x00"}, Client{Identity: "mira"}, 0},
		"PLAIN with one part too few":                   {"PLAIN", []string{"mira\x00" + password}, Client{Exposure: Password, HasSecret: true}, 0},
		"PLAIN without any NUL":                         {"PLAIN", []string{"mira " + password}, secret, 0},
		"PLAIN, name, password and a NUL":               {"PLAIN", []string{"mira\x00" + password + "\x00"}, secret, 0},
		"PLAIN with a NUL of C behind":                  {"PLAIN", []string{"\x00mira\x00" + password + "\x00"}, mira, 0},
		"PLAIN with the name in front only":             {"PLAIN", []string{"mira\x00\x00" + password}, mira, 0},
		"PLAIN, as base64":                              {"PLAIN", []string{"AG1pcmEAT3BhbC1IZXJvbi05MyE="}, secret, 0},
		"PLAIN with nothing in it":                      {"PLAIN", []string{"\x00\x00"}, Client{}, 0},
		"LOGIN, the name":                               {"LOGIN", []string{"mira"}, Client{Identity: "mira"}, 0},
		"LOGIN, name and password":                      {"LOGIN", []string{"mira", password}, Client{Exposure: Password, HasSecret: true, Identity: "mira"}, 0},
		"LOGIN, an empty first answer":                  {"LOGIN", []string{"", "mira", password}, Client{Exposure: Password, HasSecret: true, Identity: "mira"}, 0},
		"LOGIN, but PLAIN's message":                    {"LOGIN", []string{"\x00mira\x00" + password}, secret, 0},
		"CRAM-MD5, no digest":                           {"CRAM-MD5", []string{"mira " + password}, Client{Exposure: Guessable}, 0},
		"CRAM-MD5, nothing yet":                         {"CRAM-MD5", []string{""}, Client{Exposure: Guessable}, 0},
		"CRAM-MD5 (RFC 2195 2)":                         {"CRAM-MD5", []string{"tim b913a602c7eda7a495b4e6e7334d3890"}, Client{Exposure: Guessable, Identity: "tim"}, 0},
		"CRAM-MD5, a name with a space":                 {"CRAM-MD5", []string{"tim tom b913a602c7eda7a495b4e6e7334d3890"}, Client{Exposure: Guessable, Identity: "tim tom"}, 0},
		"DIGEST-MD5 (RFC 2831 4)":                       {"DIGEST-MD5", []string{`charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth`}, Client{Exposure: Guessable, Identity: "chris", Realm: "elwood.innosoft.com"}, LayerNone},
		"DIGEST-MD5 without a qop is auth":              {"DIGEST-MD5", []string{`username="chris",response=d388`}, Client{Exposure: Guessable, Identity: "chris"}, LayerNone},
		"DIGEST-MD5, signed, qop quoted":                {"DIGEST-MD5", []string{`username = "chris" , qop="auth-int", response=d388`}, Client{Exposure: Guessable, Identity: "chris"}, LayerSigned},
		"DIGEST-MD5, sealed":                            {"DIGEST-MD5", []string{`username="chris",qop=auth-conf,cipher=rc4,response=d388`}, Client{Exposure: Guessable, Identity: "chris"}, LayerSealed},
		"DIGEST-MD5, quotes in the name":                {"DIGEST-MD5", []string{`username="ch\"r,is=\\",realm="a,b=c",qop=auth-int,response=1`}, Client{Exposure: Guessable, Identity: `ch"r,is=\`, Realm: "a,b=c"}, LayerSigned},
		"DIGEST-MD5, a subsequent login (RFC 2831 2.2)": {"DIGEST-MD5", []string{`username="chris",realm="elwood",nonce="OA6M",nc=00000002,cnonce="OA6M",digest-uri="ldap/elwood",response=b0b5d72a400655b8306e434566b10efb`}, Client{Exposure: Guessable, Identity: "chris", Realm: "elwood"}, LayerNone},
		"DIGEST-MD5 of Windows": {"DIGEST-MD5", []string{`username="mira",realm="LAB",nonce="+Upgraded+v1f6",digest-uri="ldap/dc1.lab.example",cnonce="a1",nc=00000001,algorithm=md5-sess,response="d388dad90d4bbd760a152321f2143af7",qop="auth-conf",cipher="rc4",charset=utf-8`},
			Client{Exposure: Guessable, Identity: "mira", Realm: "LAB"}, LayerSealed},
		"DIGEST-MD5, a name in UTF-8":              {"DIGEST-MD5", []string{"charset=utf-8,username=\"j\xc3\xb6rg\",response=1"}, Client{Exposure: Guessable, Identity: "jörg"}, LayerNone},
		"DIGEST-MD5, a name in ISO 8859-1":         {"DIGEST-MD5", []string{"username=\"j\xf6rg\",realm=\"b\xfcro\",response=1"}, Client{Exposure: Guessable, Identity: "jörg", Realm: "büro"}, LayerNone},
		"DIGEST-MD5, cut in the middle":            {"DIGEST-MD5", []string{`username="chris",realm="elwood",nonce="OA6MG9tE`}, Client{Exposure: Guessable, Identity: "chris", Realm: "elwood"}, LayerUnknown},
		"DIGEST-MD5, qop in capitals":              {"DIGEST-MD5", []string{`USERNAME="chris",QOP=AUTH-INT,response=1`}, Client{Exposure: Guessable, Identity: "chris"}, LayerSigned},
		"DIGEST-MD5, the client's last word":       {"DIGEST-MD5", []string{`username="chris",qop=auth-int,response=1`, ""}, Client{Exposure: Guessable, Identity: "chris"}, LayerSigned},
		"SCRAM, a client that would bind channels": {"SCRAM-SHA-256", []string{"y,,n=user,r=1"}, Client{Exposure: Salted, Identity: "user"}, 0},
		"DIGEST-MD5, what is no directive":         {"DIGEST-MD5", []string{"username"}, Client{Exposure: Guessable}, LayerUnknown},
		"DIGEST-MD5, a quote without an end":       {"DIGEST-MD5", []string{`username="chris,response=1`}, Client{Exposure: Guessable, Identity: "chris,response=1"}, LayerUnknown},
		"SCRAM, no name":                           {"SCRAM-SHA-1", []string{"n,,r=1"}, Client{}, 0},
		"SCRAM without a header":                   {"SCRAM-SHA-1", []string{"n=user,r=1"}, Client{Exposure: Salted, Identity: "user"}, 0},
		"SCRAM, an extension before the name":      {"SCRAM-SHA-1", []string{"n,,m=x,n=user,r=n=1"}, Client{Exposure: Salted, Identity: "user"}, 0},
		"SCRAM (RFC 5802 5)":                       {"SCRAM-SHA-1", []string{"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"}, Client{Exposure: Salted, Identity: "user"}, 0},
		"SCRAM-PLUS for another, escaped":          {"SCRAM-SHA-256-PLUS", []string{"p=tls-unique,a=jonas,n=mi=2Cra=3D,r=1"}, Client{Exposure: Salted, Identity: "mi,ra="}, 0},
		"SCRAM, the last step":                     {"SCRAM-SHA-256", []string{"n,,n=user,r=1", "c=biws,r=12,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="}, Client{Exposure: Salted, Identity: "user"}, 0},
		"EXTERNAL":                                 {"EXTERNAL", []string{"dn:cn=mira"}, Client{Identity: "dn:cn=mira"}, 0},
		"EXTERNAL, ended as in C":                  {"EXTERNAL", []string{"u:mira\x00"}, Client{Identity: "u:mira"}, 0},
		"EXTERNAL, but PLAIN's message":            {"EXTERNAL", []string{"\x00mira\x00" + password}, Client{}, 0},
		"ANONYMOUS tells a trace, no name":         {"ANONYMOUS", []string{"sirhc"}, Client{}, 0},
		"OAUTHBEARER (RFC 7628 4.1)":               {"OAUTHBEARER", []string{"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer " + password + "\x01\x01"}, Client{Exposure: Password, HasSecret: true, Identity: "user@example.com"}, 0},
		"XOAUTH2":                                  {"XOAUTH2", []string{"user=someuser@example.com\x01auth=Bearer " + password + "\x01\x01"}, Client{Exposure: Password, HasSecret: true, Identity: "someuser@example.com"}, 0},
		"OAUTHBEARER, a name with a comma":         {"OAUTHBEARER", []string{"p=tls-exporter,a=u=2Cser,\x01auth=bearer " + password + "\x01\x01"}, Client{Exposure: Password, HasSecret: true, Identity: "u,ser"}, 0},
		"XOAUTH2, wrongly set apart":               {"XOAUTH2", []string{"user=mira^Aauth=Bearer " + password + "^A^A"}, secret, 0},
		"OAUTHBEARER, the answer to an error":      {"OAUTHBEARER", []string{"\x01"}, Client{}, 0},
		"PLAIN, ended as in C":                     {"plain\x00 and more", []string{"\x00mira\x00" + password}, Client{Exposure: Password, HasSecret: true, Identity: "mira"}, 0},
		"a mechanism nobody knows":                 {"X-OWN", []string{password}, Client{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			x := NewExchange([]byte(c.mechanism), true)
			if have := steps(x, c.steps...); have != c.want {
				t.Errorf("%+v, want %+v", have, c.want)
			}
			if x.Layer() != c.layer {
				t.Errorf("layer %d, want %d", x.Layer(), c.layer)
			}
			if last := []byte(c.steps[len(c.steps)-1]); strings.Contains(told(x, x.Client(last, true)), password) {
				t.Error("the password is told")
			}
		})
	}
}

// TestSecretIsWhatThePasswordIs holds the octets a keyed hash is made of to the
// password, so that one account has one hash however its clients frame it.
func TestSecretIsWhatThePasswordIs(t *testing.T) {
	for form, creds := range sent([]byte("mira")) {
		x := NewExchange([]byte(form.mechanism), true)
		switch have := x.Secret(creds); {
		case form.how == "without any NUL", form.how == "PLAIN's message in LOGIN", form.how == "the answer with a name in it":
			if string(have) != string(creds) {
				t.Errorf("%s: %d octets of %d", form.how, len(have), len(creds))
			}
		case form.how == "a token, wrongly set apart":
			if have != nil {
				t.Errorf("%s: %d octets", form.how, len(have))
			}
		case string(have) != password:
			t.Errorf("%s: %d octets, not the password", form.how, len(have))
		}
	}
}

// TestLoginNeverTakesThePasswordForTheName plays LOGIN as a reader meets it who
// came late, or missed a step.
func TestLoginNeverTakesThePasswordForTheName(t *testing.T) {
	secret := Client{Exposure: Password, HasSecret: true}
	named := Client{Exposure: Password, HasSecret: true, Identity: "mira"}
	for name, c := range map[string]struct {
		play func() Client
		want Client
	}{
		"the reader came before the password": {func() Client { return steps(NewExchange([]byte("LOGIN"), false), password) }, secret},
		"the step with the name was lost": {func() Client {
			x := NewExchange([]byte("LOGIN"), true)
			x.Client(nil, false)
			x.Missed()
			return steps(x, password)
		}, secret},
		"the server asks for the password": {func() Client {
			x := NewExchange([]byte("LOGIN"), true)
			x.Client(nil, false)
			x.Server([]byte("Password:"))
			return steps(x, password)
		}, secret},
		"the reader came late, but the server asks for the name": {func() Client {
			x := NewExchange([]byte("LOGIN"), false)
			x.Server([]byte("User Name\x00"))
			steps(x, "mira")
			x.Server([]byte("Password\x00"))
			return steps(x, password)
		}, named},
		"the prompts come before the answers": {func() Client {
			x := NewExchange([]byte("LOGIN"), true)
			x.Client(nil, false)
			x.Server([]byte("Username:"))
			x.Server([]byte("Password:"))
			steps(x, "mira")
			return steps(x, password)
		}, secret},
		"the prompt for the name comes behind it": {func() Client {
			x := NewExchange([]byte("LOGIN"), true)
			x.Client(nil, false)
			steps(x, "mira")
			x.Server([]byte("Username:"))
			return steps(x, password)
		}, named},
		"the step with the name was lost, and its prompt comes late": {func() Client {
			x := NewExchange([]byte("LOGIN"), true)
			x.Client(nil, false)
			x.Missed()
			x.Server([]byte("Username:"))
			return steps(x, password)
		}, secret},
		"prompts in a language nobody knows": {func() Client {
			x := NewExchange([]byte("LOGIN"), true)
			x.Client(nil, false)
			x.Server([]byte("Kennung"))
			steps(x, "mira")
			x.Server([]byte("Kennwort"))
			return steps(x, password)
		}, named},
	} {
		t.Run(name, func(t *testing.T) {
			if have := c.play(); have != c.want {
				t.Errorf("%+v, want %+v", have, c.want)
			}
		})
	}
}

func TestNameIsWrittenAsItsMechanismWritesIt(t *testing.T) {
	for want, c := range map[string]Client{
		`LAB\mira`:         {Domain: "LAB", Identity: "mira"},
		"mira@lab.example": {Identity: "mira@lab.example"}, // NTLM with a UPN has no domain
		"mira":             {Identity: "mira", Realm: "example.org"},
		"":                 {Domain: "LAB"},
	} {
		if have := c.Name(); have != want {
			t.Errorf("%q, want %q", have, want)
		}
	}
}

// TestALaterStepKeepsWhatWasLearnt holds the names of one exchange together, and
// those of two apart.
func TestALaterStepKeepsWhatWasLearnt(t *testing.T) {
	x := NewExchange([]byte("GSSAPI"), true)
	steps(x, string(request(oidKerberos)))
	want := Client{Realm: "LAB.EXAMPLE", Service: "ldap/dc1.lab.example"}
	if have := x.Client(nil, false); have != want {
		t.Errorf("%+v, want %+v", have, want)
	}
	if have := NewExchange([]byte("GSSAPI"), true).Client(nil, false); have != (Client{}) {
		t.Errorf("%+v of an exchange that has not begun", have)
	}
}

func TestExchangeEnds(t *testing.T) {
	x := NewExchange([]byte("gssapi"), true)
	if !x.Continues([]byte("GSSAPI")) || x.Continues([]byte("PLAIN")) || x.Mechanism() != "GSSAPI" || !x.Authenticates() {
		t.Errorf("%+v", x)
	}
	if !x.Continues([]byte("GSSAPI\x00")) || x.Continues([]byte("GSSAPI\x01")) {
		t.Error("a mechanism ends at its NUL")
	}
	x.End()
	if x.Continues([]byte("GSSAPI")) {
		t.Error("an exchange that ended goes on")
	}
	for _, m := range []string{"ANONYMOUS", "EXTERNAL"} {
		if NewExchange([]byte(m), true).Authenticates() {
			t.Errorf("%s makes the client somebody who could sign", m)
		}
	}
}

// octets reads annotated hexadecimal: what stands behind a # is for people.
func octets(t testing.TB, s string) []byte {
	t.Helper()
	var text strings.Builder
	for line := range strings.Lines(s) {
		line, _, _ = strings.Cut(line, "#")
		text.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(text.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzExchange plays any steps of any mechanism. Nothing borrowed is kept, what
// follows in memory does not matter, and no name holds a password that stands
// where a password stands, however its client wrote it.
func FuzzExchange(f *testing.F) {
	for _, steps := range recordedSteps(f) {
		for i, b := range steps {
			f.Add(string(b.Mechanism), b.Credentials, steps[min(i+1, len(steps)-1)].Credentials, true)
		}
	}
	f.Add("LOGIN", []byte("mira"), []byte("jonas"), false)
	f.Add("OAUTHBEARER", []byte("n,a=u,\x01auth=Bearer x\x01\x01"), []byte("\x01"), true)
	f.Add("XOAUTH2", []byte("user=mira"), []byte("y,a=u,"), true)
	f.Add("PLAIN", []byte("mira\x00"), []byte("\x00mira\x00"), true)
	f.Add("GS2-KRB5", slices.Concat([]byte("n,,"), request(oidKerberos)[13:]), []byte("p=tls-unique,a=u,"), true)
	f.Add("DIGEST-MD5", []byte("username=\"m\\\"\xe4\",qop=\"auth-int\""), []byte("username=a,response=b"), true)
	f.Fuzz(func(t *testing.T, mechanism string, first, second []byte, whole bool) {
		x, y := NewExchange([]byte(mechanism), whole), NewExchange([]byte(mechanism), whole)
		for _, step := range [][]byte{first, second} {
			lent := bytes.Clone(step)
			c := x.Client(lent, true)
			before := told(x, c)
			for i := range lent {
				lent[i] ^= 0x55
			}
			if told(x, c) != before {
				t.Fatal("borrowed octets are kept")
			}
			roomy := append(bytes.Clone(step), "\x00\x01what lies behind, n=else"...)
			if other := y.Client(roomy[:len(step)], true); other != c || y.Layer() != x.Layer() {
				t.Fatalf("%+v, with something behind it %+v", c, other)
			}
			for _, s := range []string{c.Identity, c.Domain, c.Workstation, c.Realm, c.Service} {
				if len(s) > 4*maxName {
					t.Fatalf("a name of %d octets", len(s))
				}
			}
			if c.HasSecret != (c.Exposure == Password) || c.HasSecret && !bytes.Contains(step, x.Secret(step)) {
				t.Fatalf("%+v, and a secret of %d octets", c, len(x.Secret(step)))
			}
			if m := x.Mechanism(); m == "LOGIN" && !whole && c.Identity != "" {
				t.Fatal("an answer whose prompt was not seen became a name")
			}
		}
		if bytes.Contains(bytes.Map(letters, first), []byte(password)) {
			return // a name that holds it
		}
		for form, creds := range sent(first) {
			x := NewExchange([]byte(form.mechanism), true)
			if form.prompted {
				x.Client([]byte("mira"), true)
			}
			c := x.Client(creds, true)
			if strings.Contains(told(x, c), password) {
				t.Fatalf("%s: the password became a name", form.how)
			}
			if !c.HasSecret {
				t.Fatalf("%s: no secret", form.how)
			}
		}
	})
}

// letters drops what sent drops of a name.
func letters(r rune) rune {
	if r < 2 {
		return -1
	}
	return r
}

// told is all that a step leaves behind.
func told(x *Exchange, c Client) string { return fmt.Sprintf("%+v %+v", *x, c) }

type form struct {
	how, mechanism string
	prompted       bool
}

// sent gives the ways in which clients send their password, right ones and
// wrong ones, behind some name.
func sent(name []byte) map[form][]byte {
	bare := bytes.ReplaceAll(name, []byte{0}, nil)
	bearerName := bytes.ReplaceAll(bare, []byte{1}, nil)
	join := func(parts ...string) []byte { return []byte(strings.Join(parts, "\x00")) }
	all := map[form][]byte{
		{"as RFC 4616 has it", "PLAIN", false}:           join("", string(bare), password),
		{"on behalf of another", "PLAIN", false}:         join(string(bare), "mira", password),
		{"with a NUL of C behind", "PLAIN", false}:       join("", string(bare), password, ""),
		{"one part too few", "PLAIN", false}:             join(string(bare), password),
		{"without any NUL", "PLAIN", false}:              []byte(string(bare) + password),
		{"nothing else", "PLAIN", false}:                 []byte(password),
		{"as the answer to a prompt", "LOGIN", true}:     []byte(password),
		{"PLAIN's message in LOGIN", "LOGIN", false}:     join("", string(bare), password),
		{"the answer with a name in it", "LOGIN", true}:  []byte(string(bare) + password),
		{"a token", "XOAUTH2", false}:                    []byte("user=" + string(bearerName) + "\x01auth=Bearer " + password + "\x01\x01"),
		{"a token, wrongly set apart", "XOAUTH2", false}: []byte("user=" + string(bearerName) + "^Aauth=bearer " + password + "^A^A"),
		{"a token and a name", "OAUTHBEARER", false}:     []byte("y,a=" + string(bearerName) + ",\x01auth=BEARER " + password + "\x01\x01"),
	}
	if len(bare) > 0 {
		all[form{"name, password and a NUL", "PLAIN", false}] = join(string(bare), password, "")
	}
	return all
}
