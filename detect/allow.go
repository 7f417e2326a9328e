package detect

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Allowance is an entry of the allow list: findings it fits are counted, and not
// told. Fields at zero fit everything.
type Allowance struct {
	Client, Server netip.Prefix
	Identity       string    // "*" stands for any octets; case does not matter, as in DNs
	Rules          []RuleID  // nil: all
	Until          time.Time // packet time from which on it fits no longer
	Owner, Reason  string    // for people
}

// fits says whether a finding is one of those allowed.
func (w *Allowance) fits(a *Alert) bool {
	switch {
	case !w.Until.IsZero() && !a.Time.Before(w.Until),
		w.Client.IsValid() && !w.Client.Contains(a.Client.Addr()),
		w.Server.IsValid() && !w.Server.Contains(a.Server.Addr()),
		w.Identity != "" && !glob(strings.ToLower(w.Identity), strings.ToLower(a.User)):
		return false
	}
	return len(w.Rules) == 0 || slices.Contains(w.Rules, a.Rule)
}

// glob matches a pattern in which "*" stands for any octets, in time linear in
// either for each star.
func glob(pattern, s string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], more
	}
}

// allowed says whether the allow list has an entry for a, and counts it if so.
func (e *Engine) allowed(a *Alert) bool {
	for i := range e.cfg.Allow {
		if e.cfg.Allow[i].fits(a) {
			e.counts.Allowed[a.Rule]++
			return true
		}
	}
	return false
}

// severity gives a rule's severity, as configured. Under SASL integrity it is one
// lower: readable, but not open to alteration.
func (e *Engine) severity(r RuleID, prot Protection) Severity {
	s := e.cfg.Severities[r]
	if s == 0 {
		s = rules[r].Severity
	}
	if prot == SASLSigned && r != SignedNotSealed {
		s = s.lower()
	}
	return s
}

// lower gives the next lower severity, as for what is less grave than a rule's
// usual finding.
func (s Severity) lower() Severity { return max(s-1, Info) }
