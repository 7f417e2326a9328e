package detect

import (
	"net/netip"
	"time"
)

// Exposed says who was exposed: the accounts whose password went where it
// could be read, and the clients and servers of any finding. The sets of
// several workers can be merged, so that each is counted once.
type Exposed struct {
	Accounts map[string]*Account
	Clients  map[netip.Addr]time.Time // last seen
	Servers  map[netip.Addr]time.Time
}

// Account is an account whose password was exposed.
type Account struct {
	Clients  map[netip.Addr]struct{}
	Servers  map[netip.Addr]struct{}
	Count    int
	Accepted bool // at least once the server took the password
	Last     time.Time
}

// Merge adds what another worker saw.
func (x *Exposed) Merge(o *Exposed) {
	x.init()
	for name, a := range o.Accounts {
		mine := x.account(name)
		for c := range a.Clients {
			mine.Clients[c] = struct{}{}
		}
		for s := range a.Servers {
			mine.Servers[s] = struct{}{}
		}
		mine.Count += a.Count
		mine.Accepted = mine.Accepted || a.Accepted
		mine.Last = later(mine.Last, a.Last)
	}
	for c, at := range o.Clients {
		x.Clients[c] = later(x.Clients[c], at)
	}
	for s, at := range o.Servers {
		x.Servers[s] = later(x.Servers[s], at)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (x *Exposed) init() {
	if x.Accounts == nil {
		x.Accounts = make(map[string]*Account)
		x.Clients = make(map[netip.Addr]time.Time)
		x.Servers = make(map[netip.Addr]time.Time)
	}
}

func (x *Exposed) account(name string) *Account {
	a := x.Accounts[name]
	if a == nil {
		a = &Account{Clients: make(map[netip.Addr]struct{}), Servers: make(map[netip.Addr]struct{})}
		x.Accounts[name] = a
	}
	return a
}

// passwordRules are those that mean that a password could be read.
var passwordRules = [NumRules]bool{
	CleartextBind: true, CleartextSASL: true, CleartextPasswordChange: true, CleartextCompare: true,
}

func (x *Exposed) add(e *Engine, a *Alert) {
	x.init()
	x.host(e, x.Clients, a.Client.Addr(), a.Time)
	x.host(e, x.Servers, a.Server.Addr(), a.Time)
	name := a.User
	if a.Entry != nil && a.Entry.DN != "" {
		name = a.Entry.DN // whose password is set or compared, not who does it
	}
	if !passwordRules[a.Rule] || name == "" {
		return
	}
	acc := x.Accounts[name]
	if acc == nil {
		if len(x.Accounts) >= maxInventory {
			e.counts.Limits[LimitInventory]++
			return
		}
		acc = x.account(name)
	}
	if len(acc.Clients) < maxInventory {
		acc.Clients[a.Client.Addr()] = struct{}{}
	}
	if len(acc.Servers) < maxInventory {
		acc.Servers[a.Server.Addr()] = struct{}{}
	}
	acc.Count++
	acc.Accepted = acc.Accepted || a.Outcome == Success
	acc.Last = later(acc.Last, a.Time)
}

func (x *Exposed) host(e *Engine, set map[netip.Addr]time.Time, addr netip.Addr, at time.Time) {
	if _, known := set[addr]; !known && len(set) >= maxInventory {
		e.counts.Limits[LimitInventory]++
		return
	}
	set[addr] = later(set[addr], at)
}

// Recent counts who was exposed within 24 h before now.
func (x *Exposed) Recent(now time.Time) (accounts, clients, servers int) {
	since := now.Add(-exposedFor)
	for _, a := range x.Accounts {
		if !a.Last.Before(since) {
			accounts++
		}
	}
	return accounts, recent(x.Clients, since), recent(x.Servers, since)
}

func recent(set map[netip.Addr]time.Time, since time.Time) (n int) {
	for _, at := range set {
		if !at.Before(since) {
			n++
		}
	}
	return n
}
