package detect

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

func TestAllowances(t *testing.T) {
	here, there := netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24")
	for name, c := range map[string]struct {
		allow Allowance
		quiet bool
	}{
		"everything":                  {Allowance{}, true},
		"this client":                 {Allowance{Client: here}, true},
		"another client":              {Allowance{Client: there}, false},
		"this server":                 {Allowance{Server: netip.MustParsePrefix("10.0.0.5/32")}, true},
		"another server":              {Allowance{Server: there}, false},
		"this name in capitals":       {Allowance{Identity: "CN=APP,DC=example,dc=org"}, true},
		"names like this":             {Allowance{Identity: "cn=*,dc=example,*"}, true},
		"other names":                 {Allowance{Identity: "cn=*,dc=example,dc=com"}, false},
		"this rule":                   {Allowance{Rules: []RuleID{LegacyLDAPv2, CleartextBind}}, true},
		"other rules":                 {Allowance{Rules: []RuleID{LegacyLDAPv2}}, false},
		"until tomorrow":              {Allowance{Until: start.Add(24 * time.Hour)}, true},
		"until a moment before":       {Allowance{Until: start}, false},
		"one that does not fit whole": {Allowance{Client: here, Identity: "x"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{Allow: []Allowance{c.allow}}).open()
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 0))
			told, n := len(k.end()), k.e.Counts()
			want := [NumRules]uint64{}
			if c.quiet {
				want[CleartextBind] = 1
			}
			if n.Allowed != want || (told == 0) != c.quiet || (n.Alerts[CleartextBind][Critical] == 0) != c.quiet {
				t.Errorf("%d told, allowed %v, counted %d", told, n.Allowed, n.Alerts[CleartextBind][Critical])
			}
			if u := only(t, k.e.Inventory()); (u.Findings[CleartextBind] == 0) != c.quiet || u.Passwords != 1 {
				t.Errorf("noted %+v", *u)
			}
		})
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"a*", "abc", true}, {"*c", "abc", true},
		{"a*c", "ac", true}, {"a*c", "abcb", false}, {"a*a", "a", false}, {"a*b*c", "aXbYc", true}, {"a*b*b", "ab", false},
		{"**", "x", true}, {"*b*", "abc", true}, {"a*bc*c", "abcc", true},
	} {
		if glob(c.pattern, c.s) != c.want {
			t.Errorf("%q fits %q: %v", c.pattern, c.s, !c.want)
		}
	}
}

func TestSeveritiesAsConfigured(t *testing.T) {
	cfg := Config{}
	cfg.Severities[CleartextBind], cfg.Severities[LegacyLDAPv2], cfg.Severities[CleartextRefused] = Low, Info, Critical
	k := newTalk(t, cfg).open()
	k.asks(bindRequest(1, 2, who, ctx(0, secret)))
	k.answers(bound(1, 13))
	var have []Severity
	for _, a := range k.end() {
		have = append(have, a.Severity)
	}
	if want := []Severity{Info, Info, Critical}; !slices.Equal(have, want) { // refused: one lower, and not below info
		t.Errorf("%v, want %v", have, want)
	}
}

func TestSecretAttributesAsConfigured(t *testing.T) {
	k := newTalk(t, Config{SecretAttributes: []string{"doorCode"}}).open()
	k.asks(searchRequest(1, "dc=x", 2, "DOORCODE;x-a"))
	k.answers(entry(1, "cn=a,dc=x", "doorCode"), done(1, 0))
	if have, want := told(k.end()), []string{"cleartext-search", "secret-requested", "secret-returned"}; !slices.Equal(have, want) {
		t.Errorf("told %q, want %q", have, want)
	}
}

func TestConfigureWhileRunning(t *testing.T) {
	k := newTalk(t, Config{}).open()
	k.asks(simple(1, who, secret))
	k.answers(bound(1, 0))
	cfg := Config{Allow: []Allowance{{Rules: []RuleID{CleartextBind}}}, SecretAttributes: []string{"doorCode"}}
	cfg.Severities[CleartextSearch] = High
	k.e.Configure(cfg)
	k.asks(simple(2, who, secret))
	k.answers(bound(2, 0))
	k.asks(searchRequest(3, "dc=x", 2, "doorCode"))
	k.answers(done(3, 0))
	alerts := k.end()
	if have, want := told(alerts), []string{"cleartext-bind", "cleartext-search", "secret-requested"}; !slices.Equal(have, want) || alerts[1].Severity != High {
		t.Errorf("told %q, want %q", have, want)
	}
}
