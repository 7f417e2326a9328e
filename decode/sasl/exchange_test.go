package sasl

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/decode/ldap"
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
	for name, c := range map[string]struct {
		mechanism string
		steps     []string
		want      Client
		layer     Layer
	}{
		"PLAIN": {"PLAIN", []string{"\x00mira\x00" + password}, Client{Exposure: Password, HasSecret: true, Identity: "mira"}, 0},
		"PLAIN on behalf of another (RFC 4616 4)": {"plain", []string{"Ursel\x00Kurt\x00" + password},
			Client{Exposure: Password, HasSecret: true, Identity: "Kurt"}, 0},
		"PLAIN with an empty password":        {"PLAIN", []string{"\x00mira\x00"}, Client{Identity: "mira"}, 0},
		"PLAIN with one part too few":         {"PLAIN", []string{"mira\x00" + password}, Client{Exposure: Password, HasSecret: true}, 0},
		"PLAIN without any NUL":               {"PLAIN", []string{"mira " + password}, Client{}, 0},
		"LOGIN, the name":                     {"LOGIN", []string{"mira"}, Client{Identity: "mira"}, 0},
		"LOGIN, name and password":            {"LOGIN", []string{"mira", password}, Client{Exposure: Password, HasSecret: true, Identity: "mira"}, 0},
		"LOGIN, an empty first answer":        {"LOGIN", []string{"", "mira", password}, Client{Exposure: Password, HasSecret: true, Identity: "mira"}, 0},
		"CRAM-MD5, nothing yet":               {"CRAM-MD5", []string{""}, Client{Exposure: Guessable}, 0},
		"CRAM-MD5 (RFC 2195 2)":               {"CRAM-MD5", []string{"tim b913a602c7eda7a495b4e6e7334d3890"}, Client{Exposure: Guessable, Identity: "tim"}, 0},
		"CRAM-MD5, a name with a space":       {"CRAM-MD5", []string{"tim tom b913a602c7eda7a495b4e6e7334d3890"}, Client{Exposure: Guessable, Identity: "tim tom"}, 0},
		"DIGEST-MD5 (RFC 2831 4)":             {"DIGEST-MD5", []string{`charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth`}, Client{Exposure: Guessable, Identity: "chris", Realm: "elwood.innosoft.com"}, LayerNone},
		"DIGEST-MD5 without a qop is auth":    {"DIGEST-MD5", []string{`username="chris",response=d388`}, Client{Exposure: Guessable, Identity: "chris"}, LayerNone},
		"DIGEST-MD5, signed, qop quoted":      {"DIGEST-MD5", []string{`username = "chris" , qop="auth-int", response=d388`}, Client{Exposure: Guessable, Identity: "chris"}, LayerSigned},
		"DIGEST-MD5, sealed":                  {"DIGEST-MD5", []string{`username="chris",qop=auth-conf,cipher=rc4,response=d388`}, Client{Exposure: Guessable, Identity: "chris"}, LayerSealed},
		"DIGEST-MD5, quotes in the name":      {"DIGEST-MD5", []string{`username="ch\"r,is=\\",realm="a,b=c",qop=auth-int,response=1`}, Client{Exposure: Guessable, Identity: `ch"r,is=\`, Realm: "a,b=c"}, LayerSigned},
		"SCRAM (RFC 5802 5)":                  {"SCRAM-SHA-1", []string{"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"}, Client{Exposure: Salted, Identity: "user"}, 0},
		"SCRAM-PLUS for another, escaped":     {"SCRAM-SHA-256-PLUS", []string{"p=tls-unique,a=jonas,n=mi=2Cra=3D,r=1"}, Client{Exposure: Salted, Identity: "mi,ra="}, 0},
		"SCRAM, the last step":                {"SCRAM-SHA-256", []string{"n,,n=user,r=1", "c=biws,r=12,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="}, Client{Exposure: Salted, Identity: "user"}, 0},
		"EXTERNAL":                            {"EXTERNAL", []string{"dn:cn=mira"}, Client{Identity: "dn:cn=mira"}, 0},
		"ANONYMOUS tells a trace, no name":    {"ANONYMOUS", []string{"sirhc"}, Client{}, 0},
		"OAUTHBEARER (RFC 7628 4.1)":          {"OAUTHBEARER", []string{"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer " + password + "\x01\x01"}, Client{Exposure: Password, HasSecret: true, Identity: "user@example.com"}, 0},
		"XOAUTH2":                             {"XOAUTH2", []string{"user=someuser@example.com\x01auth=Bearer " + password + "\x01\x01"}, Client{Exposure: Password, HasSecret: true, Identity: "someuser@example.com"}, 0},
		"OAUTHBEARER, the answer to an error": {"OAUTHBEARER", []string{"\x01"}, Client{}, 0},
		"a mechanism nobody knows":            {"X-OWN", []string{password}, Client{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			x := NewExchange([]byte(c.mechanism), true)
			if have := steps(x, c.steps...); have != c.want {
				t.Errorf("%+v, want %+v", have, c.want)
			}
			if x.Layer() != c.layer {
				t.Errorf("layer %d, want %d", x.Layer(), c.layer)
			}
		})
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

func TestExchangeEnds(t *testing.T) {
	x := NewExchange([]byte("gssapi"), true)
	if !x.Continues([]byte("GSSAPI")) || x.Continues([]byte("PLAIN")) || x.Mechanism() != "GSSAPI" || !x.Authenticates() {
		t.Errorf("%+v", x)
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

// recorded gives the mechanism and credentials of every SASL bind that lies
// whole in a frame of the captures.
func recorded(t testing.TB) (binds []ldap.Bind) {
	t.Helper()
	names, err := filepath.Glob("../../pcaps/*.pcap")
	if err != nil || len(names) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			h, v := ldap.Scan(b[i:])
			if v != ldap.OK || h.Op != ldap.BindRequest || i+h.Len > len(b) || !ldap.Plausible(b[i:]) {
				continue
			}
			if bind, ok := ldap.ParseBindRequest(b[i+h.Body : i+h.Body+h.BodyLen]); ok && bind.HasCredentials {
				binds = append(binds, bind)
			}
		}
	}
	return binds
}

func TestRecordedBindsHaveNames(t *testing.T) {
	names := map[string]int{}
	for _, b := range recorded(t) {
		x := NewExchange(b.Mechanism, true)
		c := x.Client(b.Credentials, true)
		names[fmt.Sprintf("%s %s %s %s", b.Mechanism, c.Name(), c.Realm, c.Service)]++
	}
	for _, want := range []string{
		"PLAIN mira  ", "CRAM-MD5 mira  ", "SCRAM-SHA-1 mira  ", "GSS-SPNEGO LAB\\mira  ", "GSSAPI  EXAMPLE.ORG ldap/ldap.example.org",
		"GSSAPI  AD.EXAMPLE.ORG ldap/dc1.ad.example.org", "GSS-SPNEGO  EXAMPLE.ORG ldap/ldap.example.org",
	} {
		if names[want] == 0 {
			t.Errorf("no bind as %q among %v", want, names)
		}
	}
}

// FuzzExchange plays any steps of any mechanism. Nothing borrowed is kept, and
// no name holds a password that stands where a password stands.
func FuzzExchange(f *testing.F) {
	for _, b := range recorded(f) {
		f.Add(string(b.Mechanism), b.Credentials, []byte("second"), true)
	}
	f.Add("LOGIN", []byte("mira"), []byte(password), false)
	f.Add("OAUTHBEARER", []byte("n,a=u,\x01auth=Bearer x\x01\x01"), []byte("\x01"), true)
	f.Fuzz(func(t *testing.T, mechanism string, first, second []byte, whole bool) {
		x, lent := NewExchange([]byte(mechanism), whole), bytes.Clone(first)
		a := x.Client(lent, true)
		told := fmt.Sprintf("%+v", a)
		for i := range lent {
			lent[i] ^= 0x55
		}
		if fmt.Sprintf("%+v", a) != told {
			t.Fatal("borrowed octets are kept")
		}
		b := x.Client(second, true)
		for _, s := range []string{a.Identity, a.Domain, a.Workstation, a.Realm, a.Service, b.Identity, b.Domain, b.Workstation, b.Realm, b.Service} {
			if len(s) > 4*maxName {
				t.Fatalf("a name of %d octets", len(s))
			}
		}
		if x.Mechanism() == "PLAIN" && !a.HasSecret {
			plain := NewExchange([]byte("PLAIN"), whole).Client(append(bytes.Clone(first), password...), true)
			if strings.Contains(plain.Identity, password) && bytes.IndexByte(first, 0) >= 0 {
				t.Fatal("the password became a name")
			}
		}
		if x.Mechanism() == "LOGIN" && !whole && (a.Identity != "" || b.Identity != "") {
			t.Fatal("an answer whose prompt was not seen became a name")
		}
	})
}
