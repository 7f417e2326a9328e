package inventory

import (
	"net/netip"
	"reflect"
	"slices"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// part is a day of one run: what is written as a whole.
type part struct {
	day         Day
	inventory   *detect.Inventory
	counters    Counters
	first, last time.Time // packets; zero: none
}

// rows are those of one part, by table. The first two columns are the same for
// all and not in them.
type rows [numTables][][]any

// changed gives the rows of p that differ from those of before, which is an
// earlier moment of the same part; nil: all of them.
func (p *part) changed(before *part) *rows {
	r, old := new(rows), before
	if old == nil {
		old = &part{inventory: new(detect.Inventory)}
	}
	if before == nil || p.first != old.first || p.last != old.last {
		r.add(tableDays, stamp(p.first), stamp(p.last))
	}
	for key, u := range p.inventory.Uses {
		r.use(key, u, old.inventory.Uses[key])
	}
	for key, a := range p.inventory.Accounts {
		r.account(name(key), a, old.inventory.Accounts[key])
	}
	for key, q := range p.inventory.Queries {
		r.query(key, q, old.inventory.Queries[key])
	}
	for at, h := range p.inventory.Hours {
		if o := old.inventory.Hours[at]; o == nil || *h != *o {
			row := append([]any{clamp(time.Unix(at*3600, 0)).Format(timeLayout), number(h.Passwords)}, protections(&h.Connections)...)
			r.add(tableHours, append(row, protections(&h.Operations)...)...)
		}
	}
	r.totals(&p.counters, &old.counters)
	return r
}

func (r *rows) add(table int, values ...any) { r[table] = append(r[table], values) }

func protections(n *[detect.NumProtections]uint64) []any {
	return []any{number(n[detect.None]), number(n[detect.SASLSigned]), number(n[detect.SASLSealed]), number(n[detect.TLS])}
}

func (r *rows) use(key detect.UseKey, u, old *detect.Use) {
	if old != nil && reflect.DeepEqual(u, old) {
		return
	}
	if old == nil {
		old = new(detect.Use)
	}
	at := []any{key.Client.String(), key.Server.Addr().String(), int64(key.Server.Port()), name(key.Identity)}
	row := append(slices.Clip(at), stamp(u.First), stamp(u.Last), stamp(u.LastFinding))
	row = append(append(row, protections(&u.Connections)...), protections(&u.Operations)...)
	r.add(tableUses, append(row, number(u.Unsigned), number(u.Writes), number(u.Passwords), number(u.Refused),
		number(u.Demanded[0]), number(u.Demanded[1]), number(u.NoBinding))...)
	each := func(kind, name string, n, before uint64) {
		if n != before {
			r.add(tableUseCounts, append(slices.Clip(at), kind, name, number(n))...)
		}
	}
	for m := range detect.NumMethods {
		for p := range detect.NumProtections {
			each(kindBind, bindName(m, p), u.Binds[m][p], old.Binds[m][p])
		}
	}
	for mechanism, n := range u.Mechanisms {
		each(kindMechanism, name(mechanism), n, old.Mechanisms[mechanism])
	}
	for version, n := range u.TLSVersions {
		each(kindTLS, name(version), n, old.TLSVersions[version])
	}
	for rule := range detect.NumRules {
		each(kindFinding, rule.String(), u.Findings[rule], old.Findings[rule])
	}
}

// Kinds of the table use_counts.
const (
	kindBind      = "bind"
	kindMechanism = "mechanism"
	kindTLS       = "tls"
	kindFinding   = "finding"
)

func bindName(m detect.Method, p detect.Protection) string { return m.String() + "/" + p.String() }

func (r *rows) account(account string, a, old *detect.Account) {
	if old == nil {
		old = new(detect.Account)
	}
	if a.Count != old.Count || a.Accepted != old.Accepted || a.First != old.First || a.Last != old.Last {
		accepted := int64(0)
		if a.Accepted {
			accepted = 1
		}
		r.add(tableAccounts, account, int64(a.Count), accepted, stamp(a.First), stamp(a.Last))
	}
	for peer := range without(a.Clients, old.Clients) {
		r.add(tablePeers, account, roleClient, peer.String())
	}
	for peer := range without(a.Servers, old.Servers) {
		r.add(tablePeers, account, roleServer, peer.String())
	}
	for print, n := range a.Fingerprints {
		if n != old.Fingerprints[print] {
			r.add(tableFingerprints, account, print, number(n))
		}
	}
}

// Roles of the table account_peers.
const (
	roleClient = "client"
	roleServer = "server"
)

func (r *rows) query(key detect.QueryKey, q, old *detect.Query) {
	if old == nil {
		old = new(detect.Query)
	}
	id := queryID(key)
	if q.Count != old.Count || q.First != old.First || q.Last != old.Last || q.Base != old.Base {
		r.add(tableQueries, id, name(key.Scope), text(key.Filter), text(q.Base), number(q.Count), stamp(q.First), stamp(q.Last))
	}
	for client := range without(q.Clients, old.Clients) {
		r.add(tableQueryClients, id, client.String())
	}
}

// without gives what set has and other has not.
func without(set, other map[netip.Addr]struct{}) func(func(netip.Addr) bool) {
	return func(yield func(netip.Addr) bool) {
		for a := range set {
			if _, known := other[a]; !known && !yield(a) {
				return
			}
		}
	}
}

func (r *rows) totals(c, old *Counters) {
	for rule := range detect.NumRules {
		for sev := detect.Info; sev <= detect.Critical; sev++ {
			if n := c.Detect.Alerts[rule][sev]; n != old.Detect.Alerts[rule][sev] {
				r.add(tableFindings, rule.String(), sev.String(), number(n))
			}
		}
	}
	before := old.named()
	for i, each := range c.named() {
		if *each.n != *before[i].n {
			r.add(tableCounters, each.name, number(*each.n))
		}
	}
}
