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
	if _, err := Parse("x.yml", []byte("allow: [\n"), now); err == nil || !strings.HasPrefix(err.Error(), "x.yml: line ") {
		t.Errorf("broken YAML: %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "gone.yml"), now); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
	large := filepath.Join(t.TempDir(), "large.yml")
	if err := os.WriteFile(large, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(large, now); err == nil || !strings.Contains(err.Error(), "more than any configuration has") {
		t.Errorf("a large file: %v", err)
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
