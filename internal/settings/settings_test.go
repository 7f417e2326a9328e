package settings

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/detect"
)

var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestAWholeFile(t *testing.T) {
	have, err := Parse("x.yml", []byte(`
allow:
  - client: 10.0.0.0/24
    server: 10.0.0.5
    identity: "cn=app,*"
    rule: [cleartext-bind, cleartext-search]
    until: 2026-12-31
    owner: team directory
    reason: moves with the next release
  - rule: weak-tls
    until: 2026-02-28T12:00:00Z
    reason: old door locks
severities:
  legacy-ldapv2: info
  cleartext-search: high
secret_attributes: [doorCode, 1.2.3.4]
networks:
  only: 10.0.0.0/8
  ignore: [10.9.0.1, 2001:db8::/32]
`), now)
	if err != nil {
		t.Fatal(err)
	}
	want := &Settings{
		Allow: []detect.Allowance{
			{
				Client: netip.MustParsePrefix("10.0.0.0/24"), Server: netip.MustParsePrefix("10.0.0.5/32"), Identity: "cn=app,*",
				Rules: []detect.RuleID{detect.CleartextBind, detect.CleartextSearch}, Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
				Owner: "team directory", Reason: "moves with the next release",
			},
			{Rules: []detect.RuleID{detect.WeakTLS}, Until: time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC), Reason: "old door locks"},
		},
		SecretAttributes: []string{"doorCode", "1.2.3.4"},
		Nets:             []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		IgnoreNets:       []netip.Prefix{netip.MustParsePrefix("10.9.0.1/32"), netip.MustParsePrefix("2001:db8::/32")},
		Notes:            []string{"x.yml:10: this entry of allow has expired on 2026-02-28 and allows nothing any more"},
	}
	want.Severities[detect.LegacyLDAPv2], want.Severities[detect.CleartextSearch] = detect.Info, detect.High
	if !reflect.DeepEqual(have, want) {
		t.Errorf("\n%+v\nwant\n%+v", have, want)
	}
	cfg := detect.Config{Nets: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	have.Apply(&cfg)
	if len(cfg.Nets) != 2 || len(cfg.Allow) != 2 || cfg.Severities[detect.CleartextSearch] != detect.High {
		t.Errorf("applied %+v", cfg)
	}
}

func TestEveryMistakeIsToldWithItsLine(t *testing.T) {
	_, err := Parse("x.yml", []byte(`allow:
  - client: 10.0.0.300
    rule: cleartext-bnd
    until: tomorrow
  - reason: everything
  - nonsense
  - {rule: weak-tls, reason: ok, ticket: 7}
severities: {weak-tls: awful, nothing: low}
networks: [10.0.0.0/8]
secret_attributes: {a: b}
allow: []
colour: red
`), now)
	if err == nil {
		t.Fatal("no mistake was found")
	}
	want := []string{
		`x.yml:2: "10.0.0.300" is neither an address nor a network`,
		`x.yml:3: there is no rule "cleartext-bnd"; there are anonymous-bind, `,
		`x.yml:4: "tomorrow" is no date`,
		`x.yml:2: an entry of allow needs a reason`,
		`x.yml:5: this entry of allow fits everything`,
		`x.yml:6: an entry of allow has fields (client, server, identity, rule, until, owner, reason), not a value "nonsense"`,
		`x.yml:7: an entry of allow has no field "ticket"`,
		`x.yml:8: "awful" is no severity`,
		`x.yml:8: there is no rule "nothing"`,
		`x.yml:9: networks has fields (only, ignore), not a list`,
		`x.yml:10: secret_attributes is a list, not a mapping`,
		`x.yml:11: "allow" stands in line 1 already`,
		`x.yml:12: the file has no field "colour"; there are allow, severities, secret_attributes, networks`,
	}
	lines := strings.Split(err.Error(), "\n")
	for i, w := range want {
		if i >= len(lines) || !strings.HasPrefix(lines[i], w) {
			t.Errorf("line %d: want %s\nin\n%s", i, w, err)
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d mistakes, want %d:\n%s", len(lines), len(want), err)
	}
}

func TestFilesThatAreNone(t *testing.T) {
	if s, err := Parse("x.yml", nil, now); err != nil || !reflect.DeepEqual(s, &Settings{}) {
		t.Errorf("an empty file is %+v, %v", s, err)
	}
	if s, err := Parse("x.yml", []byte("severities:\nallow:\nnetworks: {only: , ignore: }\n"), now); err != nil || !reflect.DeepEqual(s, &Settings{}) {
		t.Errorf("a file of empty sections is %+v, %v", s, err)
	}
	if _, err := Parse("x.yml", []byte("allow: []\nseverities: {\n"), now); err == nil || !strings.HasPrefix(err.Error(), "x.yml:2: ") {
		t.Errorf("broken YAML: %v", err)
	}
}

// TestMoreMistakes has those of which a reader of YAML makes something else
// than was meant, and says nothing.
func TestMoreMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"severities:\n  weak-tls: low\n  weak-tls: high\n":         `x.yml:3: "weak-tls" stands in line 2 already`,
		"severities: {weak-tls: }\n":                               `x.yml:1: weak-tls is missing its value`,
		"severities: {weak-tls: [low]}\n":                          `x.yml:1: weak-tls is one value, not a list`,
		"severities: low\n":                                        `x.yml:1: severities has fields (a line for each rule, such as cleartext-search: low), not a value "low"`,
		"networks: {only: 10.0.0.0/8}\n---\nallow: []\n":           `x.yml:2: a second document begins here, and only the first is read; put all into one`,
		"networks: {only: 10.0.0.0/8}\n---\nallow: [\n":            `x.yml:3: `,
		"networks: {only: '::ffff:10.0.0.0/90'}\n":                 `x.yml:1: "::ffff:10.0.0.0/90" is neither an address nor a network`,
		"networks: {only: 'fe80::1%eth0'}\n":                       `x.yml:1: "fe80::1%eth0" is neither an address nor a network`,
		"allow:\n- {rule: []}\n":                                   "x.yml:2: this entry of allow fits everything: name a client, server, identity or rule\nx.yml:2: an entry of allow needs a reason",
		"allow:\n- {client: 10.0.0.300, reason: x}\ncolour: red\n": "x.yml:2: \"10.0.0.300\" is neither an address nor a network; give 10.0.0.7, 10.0.0.0/24 or 2001:db8::/32\nx.yml:3: the file has no field",
	} {
		if _, err := Parse("x.yml", []byte(text), now); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func TestPrefix(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.7": "10.0.0.7/32", "10.0.0.7/8": "10.0.0.0/8", "2001:db8::7/32": "2001:db8::/32", "2001:db8::7": "2001:db8::7/128",
		"::ffff:10.0.0.7": "10.0.0.7/32", "::ffff:10.0.0.7/104": "10.0.0.0/8", "::ffff:0:0/96": "0.0.0.0/0", "::/0": "::/0",
	} {
		if have, err := Prefix(text); err != nil || have.String() != want {
			t.Errorf("%s is %s, want %s; %v", text, have, want, err)
		}
	}
	for _, text := range []string{"", "10.0.0", "10.0.0.0/33", "::ffff:10.0.0.0/95", "fe80::1%eth0", "fe80::%eth0/64"} {
		if have, err := Prefix(text); err == nil {
			t.Errorf("%q is %s", text, have)
		}
	}
}

func TestReadEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone.yml")
	if _, err := Read(path); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
	for size, good := range map[int]bool{0: true, maxFile: true, maxFile + 1: false} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := Read(path)
		if (err == nil) != good || good && len(text) != size || !good && !strings.Contains(err.Error(), "more than 4194304 octets") {
			t.Errorf("%d octets: %d, %v", size, len(text), err)
		}
	}
	if _, err := os.Stat("/dev/zero"); err != nil {
		return
	}
	if _, err := Read("/dev/zero"); err == nil {
		t.Error("a file without an end was read")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("allow:\n  - client: 10.0.0.1\n    reason: x\n"))
	f.Add([]byte("severities: {weak-tls: low}\nnetworks: {only: [::/0]}"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := Parse("x.yml", text, now); (s == nil) == (err == nil) {
			t.Fatalf("%+v and %v", s, err)
		}
	})
}
