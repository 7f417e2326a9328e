package report

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/clearbind/clearbind/detect"
)

// judged is a use with the verdicts that sort and count it.
type judged struct {
	use      Use
	verdicts [detect.NumPolicies]detect.Verdict
	gravest  detect.Severity
	findings uint64
}

// enforced is what would become of it if signing and TLS were required.
func (j *judged) enforced() detect.Verdict {
	return worse(j.verdicts[detect.RequireSigning], j.verdicts[detect.RequireTLS])
}

// judge gives every use of an inventory, the most urgent first.
func judge(n *detect.Inventory) []judged {
	list := make([]judged, 0, len(n.Uses))
	for key, u := range n.Uses {
		list = append(list, judgeUse(key, u))
	}
	slices.SortFunc(list, func(a, b judged) int {
		return cmp.Or(
			-cmp.Compare(urgency(a.enforced()), urgency(b.enforced())),
			-cmp.Compare(a.gravest, b.gravest),
			-cmp.Compare(urgency(a.verdicts[detect.RequireBinding]), urgency(b.verdicts[detect.RequireBinding])),
			a.use.Client.Compare(b.use.Client), a.use.Server.Compare(b.use.Server), cmp.Compare(a.use.Identity, b.use.Identity))
	})
	return list
}

func judgeUse(key detect.UseKey, u *detect.Use) judged {
	j := judged{use: Use{
		Client: key.Client, Server: key.Server, Identity: detect.Plain(key.Identity), Protection: weakest(u),
		Connections: byProtection(&u.Connections), Binds: make(map[string]ByProtection), Refused: u.Refused,
		Mechanisms: plainKeys(u.Mechanisms), Operations: byProtection(&u.Operations), Writes: u.Writes, Unsigned: u.Unsigned,
		Passwords: u.Passwords, WantsAuth: u.Demanded[0], WantsTLS: u.Demanded[1], NoBinding: u.NoBinding,
		TLSVersions: plainKeys(u.TLSVersions), First: u.First.UTC(), Last: u.Last.UTC(),
	}}
	for m := range detect.NumMethods {
		if n := byProtection(&u.Binds[m]); n.Sum() > 0 {
			j.use.Binds[m.String()] = n
		}
	}
	for p := range detect.NumPolicies {
		v, why := u.Readiness(p)
		j.verdicts[p] = v
		j.use.Readiness = append(j.use.Readiness, Judgement{p.String(), v.String(), why.Words().ID})
	}
	for r, n := range u.Findings {
		if n == 0 {
			continue
		}
		if j.use.Findings == nil {
			j.use.Findings = make(map[string]uint64)
		}
		rule := detect.RuleID(r).Rule()
		j.use.Findings[rule.ID] = n
		j.findings += n
		j.gravest = max(j.gravest, rule.Severity)
	}
	j.use.Severity = j.gravest.String()
	return j
}

// weakest gives the weakest protection of what a use carried; "": not seen. A
// bind alone does not tell: before a sealed connection it goes in the clear.
func weakest(u *detect.Use) string {
	for p := range detect.NumProtections {
		if u.Connections[p] > 0 || u.Operations[p] > 0 {
			return p.String()
		}
	}
	switch {
	case u.Passwords > 0:
		return detect.None.String()
	case len(u.TLSVersions) > 0:
		return detect.TLS.String()
	case u.Findings != [detect.NumRules]uint64{}:
		return detect.None.String()
	}
	return ""
}

// weaker gives the weaker of two protections by name; "" is none.
func weaker(a, b string) string {
	for p := range detect.NumProtections {
		if name := p.String(); name == a || name == b {
			return name
		}
	}
	return ""
}

func policies(all []judged) []Policy {
	list := make([]Policy, 0, detect.NumPolicies)
	for p := range detect.NumPolicies {
		worst := make(map[netip.Addr]detect.Verdict)
		for i := range all {
			client := all[i].use.Client
			worst[client] = worse(worst[client], all[i].verdicts[p])
		}
		policy := Policy{ID: p.String()}
		for _, v := range worst {
			policy.Clients.count(v)
		}
		list = append(list, policy)
	}
	return list
}

// gathering is a Host in the making.
type gathering struct {
	host    Host
	addr    netip.AddrPort
	verdict detect.Verdict
	gravest detect.Severity
	peers   map[netip.AddrPort]struct{}
	names   map[string]struct{}
}

// hosts adds the uses up by client and by server.
func hosts(all []judged) (clients, servers []Host) {
	byClient, byServer := make(map[netip.AddrPort]*gathering), make(map[netip.AddrPort]*gathering)
	for i := range all {
		client, server := netip.AddrPortFrom(all[i].use.Client, 0), all[i].use.Server
		gather(byClient, client, server, &all[i])
		gather(byServer, server, client, &all[i])
	}
	clients, servers = sorted(byClient), sorted(byServer)
	return clients, servers
}

func gather(into map[netip.AddrPort]*gathering, at, peer netip.AddrPort, j *judged) {
	g := into[at]
	if g == nil {
		g = &gathering{addr: at, peers: make(map[netip.AddrPort]struct{}), names: make(map[string]struct{})}
		into[at] = g
		g.host.Address = at.String()
		if at.Port() == 0 {
			g.host.Address = at.Addr().String()
		}
	}
	u, h := &j.use, &g.host
	g.verdict, g.gravest = worse(g.verdict, j.enforced()), max(g.gravest, j.gravest)
	g.peers[peer] = struct{}{}
	if u.Identity != "" {
		g.names[u.Identity] = struct{}{}
	}
	h.Protection = weaker(h.Protection, u.Protection)
	h.Connections.add(u.Connections)
	h.Operations.add(u.Operations)
	h.Passwords += u.Passwords
	h.Findings += j.findings
	h.First, h.Last = detect.Earlier(h.First, u.First), detect.Later(h.Last, u.Last)
}

func sorted(from map[netip.AddrPort]*gathering) []Host {
	all := make([]*gathering, 0, len(from))
	for _, g := range from {
		g.host.Verdict, g.host.Severity = g.verdict.String(), g.gravest.String()
		g.host.Peers, g.host.Identities = len(g.peers), len(g.names)
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *gathering) int {
		return cmp.Or(-cmp.Compare(urgency(a.verdict), urgency(b.verdict)), -cmp.Compare(a.gravest, b.gravest), a.addr.Compare(b.addr))
	})
	list := make([]Host, len(all))
	for i, g := range all {
		list[i] = g.host
	}
	return list
}
