package detect

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/clearbind/clearbind/decode"
)

// Inventory says who speaks LDAP with whom, as whom and in what protection, and
// whose passwords were exposed: what has to be known before signing or LDAPS is
// enforced. Those of several workers can be merged, and the sum does not depend
// on their number. It is values: whoever holds it may keep it.
type Inventory struct {
	Uses     map[UseKey]*Use
	Accounts map[string]*Account // by the name whose password it is
	Queries  map[QueryKey]*Query
	Hours    map[int64]*Hour // by hours since 1970, UTC
}

// UseKey names what one client does at one server as one identity.
type UseKey struct {
	Client   netip.Addr // by role; the true one where a PROXY header names it
	Server   netip.AddrPort
	Identity string // as bound; "": nobody, or not seen (inside TLS, say)
}

// OtherIdentities is the Identity of a client at a server beyond the first
// maxIdentities: somebody who tries names must not fill the table.
const OtherIdentities = "(others)"

// Use is what a UseKey did. Times are packet times.
type Use struct {
	First, Last time.Time

	Connections [NumProtections]uint64 // ended, by the weakest protection of what they carried; they count for their last identity
	Binds       [NumMethods][NumProtections]uint64
	Refused     uint64                 // of the binds
	Mechanisms  map[string]uint64      // binds by SASL mechanism, upper case; at most maxMechanisms
	Operations  [NumProtections]uint64 // searches, compares and writes that could be read, but for the rootDSE
	Writes      uint64                 // of the operations
	Unsigned    uint64                 // of the operations: in the clear after a SASL bind, so without signing
	Passwords   uint64                 // requests with a password that could be read
	Demanded    [2]uint64              // answers with result 8 and with 13: the server refuses already
	NoBinding   uint64                 // binds refused for want of a channel binding token
	TLSVersions map[string]uint64      // connections by the version that the server chose
	Findings    [NumRules]uint64       // told or held back
	LastFinding time.Time              // zero: none
}

// Account is an account whose password went where it could be read: by a bind,
// or because it was set or compared.
type Account struct {
	Clients  map[netip.Addr]struct{} // at most maxPeers
	Servers  map[netip.Addr]struct{} // at most maxPeers
	Count    int
	Accepted bool // at least once it was the right password
	// Fingerprints of its passwords, where a key was given, and how often each
	// was seen; at most maxFingerprints. One at many accounts is one password in
	// many places.
	Fingerprints map[string]uint64
	First, Last  time.Time
}

// QueryKey is a search with its values left out.
type QueryKey struct {
	Scope  string
	Filter string // RFC 4515 with every value as "?"
}

// Query is a search that could be read, in all its variants. The pages of one
// (RFC 2696) count once.
type Query struct {
	Count       uint64
	Clients     map[netip.Addr]struct{} // at most maxPeers
	Base        string                  // of the first one
	First, Last time.Time
}

// Hour is what happened within an hour of packet time.
type Hour struct {
	Passwords   uint64                 // requests with a password that could be read
	Operations  [NumProtections]uint64 // as in Use
	Connections [NumProtections]uint64 // as in Use, in the hour of their last packet
}

// Limits of the inventory. Pairs of hosts belong to shards, and each shard has
// limits of its own, so that what is left out does not depend on the number of
// workers. LimitInventory counts what is.
const (
	maxUses       = maxInventory / decode.Shards // of one shard
	maxAccounts   = maxInventory / decode.Shards // of one shard
	maxQueries    = 8192 / decode.Shards         // of one shard
	maxIdentities = 256                          // of one client at one server
	maxMechanisms = 16
	maxPeers      = 1024
	maxHours      = 31 * 24 // the newest ones
)

// Merge adds what another worker saw, without keeping anything of o.
func (n *Inventory) Merge(o *Inventory) {
	n.Uses = mergeMap(n.Uses, o.Uses, (*Use).merge)
	n.Accounts = mergeMap(n.Accounts, o.Accounts, (*Account).merge)
	n.Queries = mergeMap(n.Queries, o.Queries, (*Query).merge)
	n.Hours = mergeMap(n.Hours, o.Hours, (*Hour).merge)
	newest(n.Hours)
}

// mergeMap adds the values of more to those of sum, which it makes if need be.
func mergeMap[K comparable, V any](sum, more map[K]*V, merge func(*V, *V)) map[K]*V {
	if sum == nil {
		sum = make(map[K]*V, len(more))
	}
	for key, v := range more {
		mergeInto(sum, key, v, merge)
	}
	return sum
}

// mergeInto adds v to the value of a key.
func mergeInto[K comparable, V any](sum map[K]*V, key K, v *V, merge func(*V, *V)) {
	mine := sum[key]
	if mine == nil {
		mine = new(V)
		sum[key] = mine
	}
	merge(mine, v)
}

func (u *Use) merge(o *Use) {
	u.First, u.Last = Earlier(u.First, o.First), Later(u.Last, o.Last)
	u.LastFinding = Later(u.LastFinding, o.LastFinding)
	add(u.Connections[:], o.Connections[:])
	for m := range u.Binds {
		add(u.Binds[m][:], o.Binds[m][:])
	}
	add(u.Operations[:], o.Operations[:])
	add(u.Demanded[:], o.Demanded[:])
	add(u.Findings[:], o.Findings[:])
	u.Refused += o.Refused
	u.Writes += o.Writes
	u.Unsigned += o.Unsigned
	u.Passwords += o.Passwords
	u.NoBinding += o.NoBinding
	u.Mechanisms = addCounts(u.Mechanisms, o.Mechanisms)
	u.TLSVersions = addCounts(u.TLSVersions, o.TLSVersions)
}

func (a *Account) merge(o *Account) {
	a.Clients, a.Servers = union(a.Clients, o.Clients), union(a.Servers, o.Servers)
	a.Count += o.Count
	a.Accepted = a.Accepted || o.Accepted
	a.Fingerprints = addCounts(a.Fingerprints, o.Fingerprints)
	a.First, a.Last = Earlier(a.First, o.First), Later(a.Last, o.Last)
}

func (q *Query) merge(o *Query) {
	// The base of the earliest; of two at once, either, but always the same one.
	if q.Base == "" || o.First.Before(q.First) || o.First.Equal(q.First) && o.Base < q.Base {
		q.Base = o.Base
	}
	q.Count += o.Count
	q.Clients = union(q.Clients, o.Clients)
	q.First, q.Last = Earlier(q.First, o.First), Later(q.Last, o.Last)
}

func (h *Hour) merge(o *Hour) {
	h.Passwords += o.Passwords
	add(h.Operations[:], o.Operations[:])
	add(h.Connections[:], o.Connections[:])
}

// Trim forgets those not seen for longest while there are more than an Engine
// remembers, and says how many it forgot: sums of many inventories need a bound
// of their own.
func (n *Inventory) Trim() (forgotten int) {
	forgotten += trim(n.Uses, maxInventory, func(u *Use) time.Time { return u.Last })
	forgotten += trim(n.Accounts, maxInventory, func(a *Account) time.Time { return a.Last })
	forgotten += trim(n.Queries, maxQueries*decode.Shards, func(q *Query) time.Time { return q.Last })
	return forgotten
}

func trim[K comparable, V any](m map[K]*V, most int, last func(*V) time.Time) int {
	n := len(m) - most
	if n <= 0 {
		return 0
	}
	keys := slices.SortedFunc(maps.Keys(m), func(a, b K) int { return last(m[a]).Compare(last(m[b])) })
	for _, key := range keys[:n] {
		delete(m, key)
	}
	return n
}

// Len counts the entries: what an inventory takes of memory grows with them.
func (n *Inventory) Len() int { return len(n.Uses) + len(n.Accounts) + len(n.Queries) + len(n.Hours) }

// Recent counts who was exposed within 24 h before now: accounts whose password
// could be read, clients and servers of any finding.
func (n *Inventory) Recent(now time.Time) (accounts, clients, servers int) {
	since := now.Add(-exposedFor)
	for _, a := range n.Accounts {
		if !a.Last.Before(since) {
			accounts++
		}
	}
	c, s := n.exposed(since)
	return accounts, len(c), len(s)
}

// Exposed gives the clients and servers of any finding.
func (n *Inventory) Exposed() (clients, servers map[netip.Addr]struct{}) {
	return n.exposed(time.Time{})
}

func (n *Inventory) exposed(since time.Time) (clients, servers map[netip.Addr]struct{}) {
	clients, servers = make(map[netip.Addr]struct{}), make(map[netip.Addr]struct{})
	for key, u := range n.Uses {
		if u.Findings != ([NumRules]uint64{}) && !u.LastFinding.Before(since) {
			clients[key.Client] = struct{}{}
			servers[key.Server.Addr()] = struct{}{}
		}
	}
	return clients, servers
}

// newest forgets the oldest hours while there are too many.
func newest(hours map[int64]*Hour) {
	for len(hours) > maxHours {
		oldest := int64(1<<63 - 1)
		for at := range hours {
			oldest = min(oldest, at)
		}
		delete(hours, oldest)
	}
}

// Later gives the later of two times.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Earlier gives the earlier of two times. The zero Time is none.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func union(a, b map[netip.Addr]struct{}) map[netip.Addr]struct{} {
	if a == nil {
		a = make(map[netip.Addr]struct{}, len(b))
	}
	for addr := range b {
		a[addr] = struct{}{}
	}
	return a
}

func addCounts(a, b map[string]uint64) map[string]uint64 {
	if a == nil && len(b) > 0 {
		a = make(map[string]uint64, len(b))
	}
	for key, n := range b {
		a[key] += n
	}
	return a
}
