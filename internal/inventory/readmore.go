package inventory

import (
	"net/netip"
	"time"

	"github.com/clearbind/clearbind/detect"
)

func (r *reader) accounts() error {
	return r.each("t.account, t.count, t.accepted, t.first_seen, t.last_seen", "accounts t", func(scan func(...any) error) error {
		var (
			account, first, last string
			n, accepted          int64
		)
		if err := scan(&account, &n, &accepted, &first, &last); err != nil {
			return err
		}
		a := entry(&r.part.Accounts, account)
		a.Count, a.Accepted, a.First, a.Last = int(n), accepted != 0, unstamp(first), unstamp(last)
		return nil
	})
}

func (r *reader) peers() error {
	return r.each("t.account, t.role, t.address", "account_peers t", func(scan func(...any) error) error {
		var account, role, peer string
		if err := scan(&account, &role, &peer); err != nil {
			return err
		}
		a := entry(&r.part.Accounts, account)
		if role == roleClient {
			a.Clients = include(a.Clients, peer)
		} else {
			a.Servers = include(a.Servers, peer)
		}
		return nil
	})
}

func include(set map[netip.Addr]struct{}, s string) map[netip.Addr]struct{} {
	if set == nil {
		set = make(map[netip.Addr]struct{})
	}
	set[address(s)] = struct{}{}
	return set
}

func (r *reader) fingerprints() error {
	return r.each("t.account, t.fingerprint, t.count", "account_fingerprints t", func(scan func(...any) error) error {
		var (
			account, print string
			n              uint64
		)
		if err := scan(&account, &print, into(&n)); err != nil {
			return err
		}
		set(&entry(&r.part.Accounts, account).Fingerprints, print, n)
		return nil
	})
}

func (r *reader) queries() error {
	keys := make(map[string]detect.QueryKey)
	err := r.each("t.query, t.scope, t.filter, t.base, t.count, t.first_seen, t.last_seen", "queries t", func(scan func(...any) error) error {
		var (
			id, base, first, last string
			key                   detect.QueryKey
			n                     uint64
		)
		if err := scan(&id, &key.Scope, &key.Filter, &base, into(&n), &first, &last); err != nil {
			return err
		}
		keys[id] = key
		q := entry(&r.part.Queries, key)
		q.Base, q.Count, q.First, q.Last = base, n, unstamp(first), unstamp(last)
		return nil
	})
	if err != nil {
		return err
	}
	return r.each("t.query, t.client", "query_clients t", func(scan func(...any) error) error {
		var id, client string
		if err := scan(&id, &client); err != nil {
			return err
		}
		if q := r.sum.Queries[keys[id]]; q != nil { // which has all but its clients
			q.Clients = include(q.Clients, client)
		}
		return nil
	})
}

func (r *reader) hours() error {
	return r.each("t.hour, t.passwords, "+protectionColumns, "hours t", func(scan func(...any) error) error {
		var (
			at string
			h  detect.Hour
		)
		if err := scan(append(append([]any{&at, into(&h.Passwords)}, intoAll(&h.Connections)...), intoAll(&h.Operations)...)...); err != nil {
			return err
		}
		if start, err := time.Parse(timeLayout, at); err == nil {
			*entry(&r.part.Hours, start.Unix()/int64(time.Hour/time.Second)) = h
		}
		return nil
	})
}

func (r *reader) findings() error {
	rules := make(map[string]detect.RuleID)
	for rule := range detect.NumRules {
		rules[rule.String()] = rule
	}
	return r.each("r.sensor, t.rule, t.severity, t.count", "findings t", func(scan func(...any) error) error {
		var (
			sensor, rule, severity string
			n                      uint64
		)
		if err := scan(&sensor, &rule, &severity, into(&n)); err != nil {
			return err
		}
		id, known := rules[rule]
		sev, ok := detect.ParseSeverity(severity)
		if s := r.sensors[sensor]; known && ok && s != nil {
			s.Counters.Detect.Alerts[id][sev] += n
		}
		return nil
	})
}

func (r *reader) counters() error {
	return r.each("r.sensor, t.name, t.value", "counters t", func(scan func(...any) error) error {
		var (
			sensor, what string
			n            uint64
		)
		if err := scan(&sensor, &what, into(&n)); err != nil {
			return err
		}
		if s := r.sensors[sensor]; s != nil {
			for _, c := range s.Counters.named() {
				if c.name == what {
					*c.n += n
				}
			}
		}
		return nil
	})
}
