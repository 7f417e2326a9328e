package report

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// Build makes the model of a report.
func Build(in *Input) *Model {
	n := in.Inventory
	if n == nil {
		n = new(detect.Inventory)
	}
	m := &Model{
		Schema: Schema, Program: "clearbind", Version: detect.Plain(in.Version), Live: in.Live,
		Sources: plainAll(in.Sources), From: in.From.UTC(), To: in.To.UTC(), Blind: plainAll(in.Blind),
		Findings: findings(&in.Snapshot.Detect),
		Accounts: accounts(n), Hours: hours(n), Queries: queries(n),
	}
	judged := judge(n)
	m.Uses = make([]Use, len(judged))
	for i := range judged {
		m.Uses[i] = judged[i].use
	}
	m.Reasons = reasons(m.Uses)
	m.Clients, m.Servers = hosts(judged)
	m.Edges = edges(m.Uses)
	m.Policies = policies(judged)
	m.Totals = totals(in, n, m)
	m.compareEvents(in, n)
	return m
}

// reasons gives every reason, seen or not, in detect's order.
func reasons(uses []Use) []Reason {
	clients := make(map[string]map[netip.Addr]struct{})
	for i := range uses {
		for _, j := range uses[i].Readiness {
			if clients[j.Reason] == nil {
				clients[j.Reason] = make(map[netip.Addr]struct{})
			}
			clients[j.Reason][uses[i].Client] = struct{}{}
		}
	}
	list := make([]Reason, 0, detect.NumReasons)
	for r := detect.ReasonNone + 1; r < detect.NumReasons; r++ {
		w := r.Words()
		list = append(list, Reason{w.ID, w.Seen, w.Change, len(clients[w.ID])})
	}
	return list
}

func findings(c *detect.Counts) []Finding {
	list := []Finding{}
	for sev := detect.Critical; sev >= detect.Info; sev-- {
		for r := range detect.NumRules {
			n, gravest := uint64(0), detect.Severity(0)
			for s := detect.Info; s <= detect.Critical; s++ {
				if c.Alerts[r][s] > 0 {
					n, gravest = n+c.Alerts[r][s], s
				}
			}
			if gravest == sev {
				rule := r.Rule()
				list = append(list, Finding{rule.ID, rule.Name, sev.String(), rule.Category, n, rule.Remediation})
			}
		}
	}
	return list
}

func accounts(n *detect.Inventory) []Account {
	list := make([]Account, 0, len(n.Accounts))
	for name, a := range n.Accounts {
		list = append(list, Account{detect.Plain(name), a.Count, a.Accepted, addresses(a.Clients), addresses(a.Servers), a.First.UTC(), a.Last.UTC()})
	}
	slices.SortFunc(list, func(a, b Account) int {
		return cmp.Or(-compareBool(a.Accepted, b.Accepted), -cmp.Compare(a.Count, b.Count), cmp.Compare(a.Name, b.Name))
	})
	return list
}

func queries(n *detect.Inventory) []Query {
	list := make([]Query, 0, len(n.Queries))
	for key, q := range n.Queries {
		list = append(list, Query{key.Scope, detect.Plain(key.Filter), detect.Plain(q.Base), q.Count, addresses(q.Clients), q.First.UTC(), q.Last.UTC()})
	}
	slices.SortFunc(list, func(a, b Query) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Filter, b.Filter), cmp.Compare(a.Scope, b.Scope))
	})
	return list
}

func hours(n *detect.Inventory) []Hour {
	list := make([]Hour, 0, len(n.Hours))
	for _, at := range slices.Sorted(maps.Keys(n.Hours)) {
		h := n.Hours[at]
		list = append(list, Hour{time.Unix(at*3600, 0).UTC(), byProtection(&h.Connections), byProtection(&h.Operations), h.Passwords})
	}
	return list
}

// edges adds up what each client does at each server, whoever it is there.
func edges(uses []Use) []Edge {
	type pair struct {
		client netip.Addr
		server netip.AddrPort
	}
	at := make(map[pair]int)
	list := []Edge{}
	for i := range uses {
		u := &uses[i]
		p := pair{u.Client, u.Server}
		j, known := at[p]
		if !known {
			j = len(list)
			at[p] = j
			list = append(list, Edge{Client: u.Client, Server: u.Server})
		}
		e := &list[j]
		e.Protection = weaker(e.Protection, u.Protection)
		e.Connections.add(u.Connections)
		e.Operations.add(u.Operations)
		e.Passwords += u.Passwords
	}
	slices.SortFunc(list, func(a, b Edge) int {
		return cmp.Or(-cmp.Compare(a.weight(), b.weight()), a.Client.Compare(b.Client), a.Server.Compare(b.Server))
	})
	return list
}

// weight is how much goes over an edge: connections, or what was read where
// none has ended yet.
func (e *Edge) weight() uint64 { return max(e.Connections.Sum(), e.Operations.Sum(), 1) }

func totals(in *Input, n *detect.Inventory, m *Model) Totals {
	c := &in.Snapshot.Detect
	t := Totals{
		Connections: byProtection(&c.Connections), OpenConnections: c.OpenConnections, OtherConnections: c.OtherConns,
		OneSided: c.OneSided, Accounts: len(m.Accounts), Clients: len(m.Clients), Findings: bySeverity(c),
	}
	for _, s := range in.Snapshot.Sources {
		t.Packets += s.Frames
		t.Bytes += s.Bytes
		t.Dropped += s.Dropped
	}
	servers := make(map[netip.Addr]struct{})
	for i := range m.Uses {
		u := &m.Uses[i]
		t.Operations.add(u.Operations)
		t.Passwords += u.Passwords
		servers[u.Server.Addr()] = struct{}{}
	}
	t.Servers = len(servers)
	exposedClients, exposedServers := n.Exposed()
	t.ClientsExposed, t.ServersExposed = len(exposedClients), len(exposedServers)
	for i := range m.Accounts {
		if m.Accounts[i].Accepted {
			t.Accepted++
		}
	}
	for i := range m.Clients {
		for v := range detect.NumVerdicts {
			if v.String() == m.Clients[i].Verdict {
				t.Enforced.count(v)
			}
		}
	}
	return t
}

func addresses(set map[netip.Addr]struct{}) []netip.Addr {
	list := make([]netip.Addr, 0, len(set))
	for a := range set {
		list = append(list, a)
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return list
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
