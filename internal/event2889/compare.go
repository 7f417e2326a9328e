package event2889

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// Where says who knows of somebody: the events, the wire, or both.
type Where string

// Where somebody is known, what to look at first coming first.
const (
	OnlyEvents Where = "only-events"      // the wire never showed the client: the sensor does not see that path
	SeenSafe   Where = "only-events-seen" // the wire showed it, and no such bind
	OnlyWire   Where = "only-wire"        // no event: another server, or one that does not log
	Both       Where = "both"
)

// places is their order.
var places = [...]Where{OnlyEvents, SeenSafe, OnlyWire, Both}

// ByWhere counts.
type ByWhere struct {
	OnlyEvents int `json:"only_events"`
	SeenSafe   int `json:"only_events_seen"`
	OnlyWire   int `json:"only_wire"`
	Both       int `json:"both"`
}

func (b *ByWhere) count(w Where) {
	*map[Where]*int{OnlyEvents: &b.OnlyEvents, SeenSafe: &b.SeenSafe, OnlyWire: &b.OnlyWire, Both: &b.Both}[w]++
}

// Comparison holds a list against the wire. Its strings are printable.
type Comparison struct {
	Files        []string  `json:"files"`
	Events       uint64    `json:"events"`
	Others       uint64    `json:"events_of_other_numbers"`
	Unread       uint64    `json:"events_not_understood"`
	FirstAt      string    `json:"first_not_understood,omitempty"`
	Left         uint64    `json:"events_beyond_limit"`
	From         time.Time `json:"from,omitzero"`
	To           time.Time `json:"to,omitzero"`
	Apart        bool      `json:"apart"` // events and packets are more than a day apart: nothing can be in both
	Loggers      []Logger  `json:"logged_by"`
	ClientCount  ByWhere   `json:"clients_by_place"`
	AccountCount ByWhere   `json:"accounts_by_place"`
	Clients      []Client  `json:"clients"`
	Accounts     []Account `json:"accounts"`
}

// Logger is a server whose events are in the list.
type Logger struct {
	Name    string `json:"name"`
	Events  uint64 `json:"events"`
	Clients int    `json:"clients"`
}

// Client is a client that binds without signing or sends passwords in the clear.
type Client struct {
	Address    netip.Addr       `json:"client"`
	Where      Where            `json:"where"`
	Simple     uint64           `json:"events_simple"`
	Unsigned   uint64           `json:"events_unsigned"`
	LoggedBy   []string         `json:"logged_by"`
	Identities []string         `json:"identities"` // maxListed at most
	Servers    []netip.AddrPort `json:"servers"`    // of the wire: those it does so with; if there are none, those it was seen with; maxListed at most
	First      time.Time        `json:"first_event,omitzero"`
	Last       time.Time        `json:"last_event,omitzero"`
}

// Account is one that does so.
type Account struct {
	Name     string       `json:"name"`
	Where    Where        `json:"where"`
	Simple   uint64       `json:"events_simple"`
	Unsigned uint64       `json:"events_unsigned"`
	Clients  []netip.Addr `json:"clients"` // maxListed at most
}

// maxListed bounds what one row lists.
const maxListed = 64

// wire is what was seen of a client or an account.
type wire struct {
	name     string
	weak     bool // it binds as event 2889 tells of
	servers  map[netip.AddrPort]bool
	safeWith map[netip.AddrPort]bool
	clients  map[netip.Addr]bool
	names    map[string]bool
}

// Compare holds the list against what was seen between from and to.
func (l *List) Compare(n *detect.Inventory, from, to time.Time) *Comparison {
	c := &Comparison{Events: l.Total, Others: l.Others, Unread: l.Unread, FirstAt: clean(l.FirstAt), Left: l.Left}
	for _, f := range l.Files {
		c.Files = append(c.Files, clean(f))
	}
	clients, accounts := seenOnWire(n)
	c.compareClients(l, clients)
	c.compareAccounts(l, accounts)
	c.loggers(l)
	const day = 24 * time.Hour
	c.Apart = !from.IsZero() && !c.From.IsZero() && (c.To.Add(day).Before(from) || to.Add(day).Before(c.From))
	return c
}

// seenOnWire sorts the inventory by client and by account.
func seenOnWire(n *detect.Inventory) (clients map[netip.Addr]*wire, accounts map[string]*wire) {
	clients, accounts = make(map[netip.Addr]*wire), make(map[string]*wire)
	for key, u := range n.Uses {
		verdict, _ := u.Readiness(detect.RequireSigning)
		weak := verdict == detect.Refused || verdict == detect.Already
		take(clients, key.Client.Unmap(), &key, weak)
		if key.Identity != "" && key.Identity != detect.OtherIdentities {
			take(accounts, short(key.Identity), &key, weak)
		}
	}
	return clients, accounts
}

func take[K comparable](all map[K]*wire, k K, key *detect.UseKey, weak bool) {
	w := all[k]
	if w == nil {
		w = &wire{servers: make(map[netip.AddrPort]bool), safeWith: make(map[netip.AddrPort]bool), clients: make(map[netip.Addr]bool), names: make(map[string]bool)}
		all[k] = w
	}
	name := clean(key.Identity)
	if w.name == "" || name < w.name { // one of them, always the same
		w.name = name
	}
	if !weak {
		w.safeWith[key.Server] = true
		return
	}
	w.weak = true
	w.servers[key.Server] = true
	w.clients[key.Client.Unmap()] = true
	if name != "" {
		w.names[name] = true
	}
}

// where says who knows of somebody that is in the events, or not.
func where(logged bool, w *wire) Where {
	switch {
	case logged && w == nil:
		return OnlyEvents
	case logged && !w.weak:
		return SeenSafe
	case logged:
		return Both
	}
	return OnlyWire
}

// logged is what the events tell of a client or an account.
type logged struct {
	kinds    [numKinds]uint64
	by       map[string]bool
	names    map[string]bool
	clients  map[netip.Addr]bool
	seen     seen
	smallest string // name
}

// sortEvents sorts the events by what of gives.
func sortEvents[K comparable](l *List, of func(*key) (K, bool)) map[K]*logged {
	all := make(map[K]*logged)
	for k, s := range l.events {
		at, ok := of(&k)
		if !ok {
			continue
		}
		e := all[at]
		if e == nil {
			e = &logged{by: make(map[string]bool), names: make(map[string]bool), clients: make(map[netip.Addr]bool), smallest: k.identity}
			all[at] = e
		}
		e.kinds[k.kind] += s.count
		e.seen.add(s)
		e.clients[k.client] = true
		e.smallest = min(e.smallest, k.identity)
		if k.computer != "" {
			e.by[k.computer] = true
		}
		if k.identity != "" {
			e.names[k.identity] = true
		}
	}
	return all
}

func (c *Comparison) compareClients(l *List, onWire map[netip.Addr]*wire) {
	inEvents := sortEvents(l, func(k *key) (netip.Addr, bool) { return k.client, true })
	c.Clients = []Client{}
	for addr, e := range inEvents {
		w := onWire[addr]
		row := Client{
			Address: addr, Where: where(true, w), Simple: e.kinds[Simple], Unsigned: e.kinds[Unsigned], LoggedBy: listed(e.by, strings.Compare),
			Identities: listed(e.names, strings.Compare), First: e.seen.first, Last: e.seen.last,
		}
		row.Servers = serversOf(w)
		c.Clients = append(c.Clients, row)
	}
	for addr, w := range onWire {
		if w.weak && inEvents[addr] == nil {
			c.Clients = append(c.Clients, Client{Address: addr, Where: OnlyWire, LoggedBy: []string{}, Identities: listed(w.names, strings.Compare), Servers: serversOf(w)})
		}
	}
	slices.SortFunc(c.Clients, func(a, b Client) int {
		return cmp.Or(cmp.Compare(a.Where.place(), b.Where.place()), -cmp.Compare(a.Simple+a.Unsigned, b.Simple+b.Unsigned), a.Address.Compare(b.Address))
	})
	for i := range c.Clients {
		c.ClientCount.count(c.Clients[i].Where)
	}
}

func serversOf(w *wire) []netip.AddrPort {
	switch {
	case w == nil:
		return []netip.AddrPort{}
	case w.weak:
		return listed(w.servers, netip.AddrPort.Compare)
	}
	return listed(w.safeWith, netip.AddrPort.Compare)
}

func (c *Comparison) compareAccounts(l *List, onWire map[string]*wire) {
	inEvents := sortEvents(l, func(k *key) (string, bool) { return short(k.identity), k.identity != "" })
	c.Accounts = []Account{}
	for name, e := range inEvents {
		c.Accounts = append(c.Accounts, Account{
			Name: e.smallest, Where: where(true, onWire[name]), Simple: e.kinds[Simple], Unsigned: e.kinds[Unsigned], Clients: listed(e.clients, netip.Addr.Compare),
		})
	}
	for name, w := range onWire {
		if w.weak && inEvents[name] == nil {
			c.Accounts = append(c.Accounts, Account{Name: w.name, Where: OnlyWire, Clients: listed(w.clients, netip.Addr.Compare)})
		}
	}
	slices.SortFunc(c.Accounts, func(a, b Account) int {
		return cmp.Or(cmp.Compare(a.Where.place(), b.Where.place()), -cmp.Compare(a.Simple+a.Unsigned, b.Simple+b.Unsigned), cmp.Compare(a.Name, b.Name))
	})
	for i := range c.Accounts {
		c.AccountCount.count(c.Accounts[i].Where)
	}
}

// loggers notes the servers whose events these are, and when they are from.
func (c *Comparison) loggers(l *List) {
	all := sortEvents(l, func(k *key) (string, bool) { return k.computer, true })
	c.Loggers = []Logger{}
	span := seen{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		e := all[name]
		if name != "" { // some exports do not tell
			c.Loggers = append(c.Loggers, Logger{name, e.seen.count, len(e.clients)})
		}
		span.add(&e.seen)
	}
	c.From, c.To = span.first, span.last
}

func (w Where) place() int { return slices.Index(places[:], w) }

func listed[T comparable](set map[T]bool, compare func(a, b T) int) []T {
	list := slices.AppendSeq(make([]T, 0, len(set)), maps.Keys(set))
	slices.SortFunc(list, compare)
	return list[:min(len(list), maxListed)]
}

// short gives what an account is called in whichever form it was written:
// EXAMPLE\mira, mira@example.org and cn=mira,ou=people are one.
func short(name string) string {
	name = strings.ToLower(name)
	if first, _, dn := strings.Cut(name, ","); dn || strings.Contains(name, "=") {
		if _, value, ok := strings.Cut(first, "="); ok {
			return strings.TrimSpace(value)
		}
	}
	name = name[strings.LastIndexByte(name, '\\')+1:]
	before, _, _ := strings.Cut(name, "@")
	return before
}
