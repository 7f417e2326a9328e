package detect

import (
	"net/netip"
	"time"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
)

// notes are an Inventory in the making, of one shard.
type notes struct {
	uses       map[UseKey]*Use
	identities map[pair]int // of uses
	accounts   map[string]*Account
	queries    map[uint64]*noted // by the shape's hash
}

// pair is a client and a server.
type pair struct {
	client netip.Addr
	server netip.AddrPort
}

// noted is a search with the words for it.
type noted struct {
	shape uint64
	key   QueryKey
	query Query
}

// Inventory gives a copy of what was noted so far, or since the last Turn.
func (e *Engine) Inventory() *Inventory {
	var sum Inventory
	for i := range e.notes {
		n := &e.notes[i]
		queries := make(map[QueryKey]*Query, len(n.queries))
		for _, q := range n.queries {
			queries[q.key] = &q.query
		}
		sum.Merge(e.pseudonyms.inventory(&Inventory{Uses: n.uses, Accounts: n.accounts, Queries: queries}))
	}
	sum.Merge(&Inventory{Hours: e.hours})
	return &sum
}

// Turn gives what was noted since the last Turn, or since New, and begins anew:
// connections go on, and what they do from now on is noted apart. What turns
// give is, merged, what one Inventory would have been, as long as no limit was
// reached: limits hold from turn to turn.
func (e *Engine) Turn() *Inventory {
	n := e.Inventory()
	e.notes = [decode.Shards]notes{}
	e.hours, e.thisHour = nil, nil
	e.turn++
	return n
}

// refresh forgets what a connection remembers of the notes before a Turn.
func (e *Engine) refresh(s *session) {
	if s.turn != e.turn {
		s.turn, s.use, s.query = e.turn, nil, nil
	}
}

// use gives the entry of the connection's client as name, seen at a time. It
// stays valid as long as the Engine, so the connection remembers it.
func (e *Engine) use(s *session, name string, at time.Time) *Use {
	e.refresh(s)
	if s.use == nil || s.useName != name {
		client, server := s.ends()
		s.use = e.notes[s.shard].use(e, UseKey{client.AddrPort().Addr(), server.AddrPort(), name})
		s.useName = name
	}
	s.use.First, s.use.Last = Earlier(s.use.First, at), Later(s.use.Last, at)
	return s.use
}

func (n *notes) use(e *Engine, key UseKey) *Use {
	if u := n.uses[key]; u != nil {
		return u
	}
	if n.uses == nil {
		n.uses, n.identities = make(map[UseKey]*Use), make(map[pair]int)
	}
	p := pair{key.Client, key.Server}
	if n.identities[p] >= maxIdentities && key.Identity != OtherIdentities {
		key.Identity = OtherIdentities
		return n.use(e, key)
	}
	u := new(Use)
	if len(n.uses) >= maxUses {
		e.counts.Limits[LimitInventory]++
		return u // which nobody will see
	}
	n.uses[key] = u
	n.identities[p]++
	return u
}

// hour gives the entry of a time.
func (e *Engine) hour(at time.Time) *Hour {
	if e.hours == nil {
		e.hours = make(map[int64]*Hour)
	}
	n := at.Unix() / 3600
	if e.thisHour != nil && e.thisHourAt == n {
		return e.thisHour
	}
	h := e.hours[n]
	if h == nil {
		h = new(Hour)
		e.hours[n] = h
		newest(e.hours)
	}
	e.thisHour, e.thisHourAt = h, n
	return h
}

// noteOperation counts a request that could be read.
func (e *Engine) noteOperation(s *session, m *message) {
	u := e.use(s, s.identity(), e.at.Time)
	u.Operations[m.prot]++
	e.hour(e.at.Time).Operations[m.prot]++
	switch m.op {
	case ldap.SearchRequest, ldap.CompareRequest:
	default:
		u.Writes++
	}
	if m.prot == None && s.saslOK {
		u.Unsigned++
	}
}

// notePassword counts a request of name with a password that could be read.
func (e *Engine) notePassword(s *session, name string) {
	e.use(s, name, e.at.Time).Passwords++
	e.hour(e.at.Time).Passwords++
}

// noteBind counts a bind when its last answer has come, or is given up.
func (e *Engine) noteBind(s *session, p *pending, o Outcome) {
	u := e.use(s, p.name, time.Time{})
	u.Binds[p.method][p.prot]++
	if o == Failure {
		u.Refused++
	}
	increase(&u.Mechanisms, p.mechanism, maxMechanisms)
}

// noteResult counts what a server demands of name.
func (e *Engine) noteResult(s *session, name string, res *ldap.Result) {
	switch {
	case res.Code == ldap.StrongerAuthRequired:
		e.use(s, name, e.at.Time).Demanded[0]++
	case res.Code == ldap.ConfidentialityRequired:
		e.use(s, name, e.at.Time).Demanded[1]++
	case res.Code == ldap.InvalidCredentials && ldap.ADBindingMissing(res.Diagnostic):
		e.use(s, name, e.at.Time).NoBinding++
	}
}

// noteEnd counts a connection that ended, for the identity it had last.
func (e *Engine) noteEnd(s *session, p Protection) {
	if s.client == dirUnknown {
		return
	}
	last := time.Unix(0, s.seen).UTC()
	e.use(s, s.useName, last).Connections[p]++
	e.hour(last).Connections[p]++
}

// noteFinding counts an alert, told or held back, for whoever it is about; u is
// the entry of that, nil: it has to be found.
func (e *Engine) noteFinding(a *Alert, u *Use) {
	n := &e.notes[a.shard]
	if u == nil {
		u = n.use(e, UseKey{a.Client.Addr(), a.Server, a.User})
	}
	u.First, u.Last = Earlier(u.First, a.Time), Later(u.Last, a.Time)
	u.found(a.Rule, a.Time)
	name := a.User
	if a.Entry != nil && a.Entry.DN != "" {
		name = a.Entry.DN // whose password is set or compared, not who does it
	}
	if passwordRules[a.Rule] && name != "" {
		n.account(e, name, a)
	}
}

func (u *Use) found(r RuleID, at time.Time) {
	u.Findings[r]++
	u.LastFinding = Later(u.LastFinding, at)
}

// passwordRules are those that mean that a password could be read.
var passwordRules = [NumRules]bool{
	CleartextBind: true, CleartextSASL: true, CleartextPasswordChange: true, CleartextCompare: true,
}

func (n *notes) account(e *Engine, name string, a *Alert) {
	acc := n.accounts[name]
	if acc == nil {
		if n.accounts == nil {
			n.accounts = make(map[string]*Account)
		}
		if len(n.accounts) >= maxAccounts {
			e.counts.Limits[LimitInventory]++
			return
		}
		acc = new(Account)
		n.accounts[name] = acc
	}
	acc.Clients, acc.Servers = peer(acc.Clients, a.Client.Addr()), peer(acc.Servers, a.Server.Addr())
	acc.Count++
	acc.Accepted = acc.Accepted || a.Right
	increase(&acc.Fingerprints, a.Fingerprint, maxFingerprints)
	acc.First, acc.Last = Earlier(acc.First, a.Time), Later(acc.Last, a.Time)
}

// noteRight notes that the password of name, which was told, was the right one.
func (e *Engine) noteRight(s *session, name string) {
	n := &e.notes[s.shard]
	if n.accounts[name] == nil && e.turn > 0 && len(n.accounts) < maxAccounts { // it was noted before the Turn
		if n.accounts == nil {
			n.accounts = make(map[string]*Account)
		}
		client, server := s.ends()
		n.accounts[name] = &Account{Clients: peer(nil, client.AddrPort().Addr()), Servers: peer(nil, server.AddrPort().Addr())}
	}
	if acc := n.accounts[name]; acc != nil {
		acc.Accepted = true
	}
}

// noteQuery counts a search that could be read. A connection mostly asks what it
// asked before: then the query is known, and its client among the query's.
func (e *Engine) noteQuery(s *session, req *ldap.Search) {
	shape := ldap.FilterShape(req.Filter)<<2 | uint64(req.Scope&3)
	e.refresh(s)
	if s.query == nil || s.query.shape != shape {
		if s.query = e.query(s, req, shape); s.query == nil {
			return
		}
	}
	q := &s.query.query
	q.Count++
	q.First, q.Last = Earlier(q.First, e.at.Time), Later(q.Last, e.at.Time)
}

// query gives the entry of a search, with the connection's client among its
// clients; nil: there are too many.
func (e *Engine) query(s *session, req *ldap.Search, shape uint64) *noted {
	n := &e.notes[s.shard]
	q := n.queries[shape]
	if q == nil {
		if n.queries == nil {
			n.queries = make(map[uint64]*noted)
		}
		if len(n.queries) >= maxQueries {
			e.counts.Limits[LimitInventory]++
			return nil
		}
		q = &noted{shape: shape, key: QueryKey{req.Scope.String(), clean([]byte(ldap.FilterPattern(req.Filter)))}}
		q.query.Base = e.names.name(req.Base)
		n.queries[shape] = q
	}
	client, _ := s.ends()
	q.query.Clients = peer(q.query.Clients, client.AddrPort().Addr())
	return q
}

// peer adds an address to a bounded set.
func peer(set map[netip.Addr]struct{}, addr netip.Addr) map[netip.Addr]struct{} {
	if _, known := set[addr]; known || len(set) >= maxPeers {
		return set
	}
	if set == nil {
		set = make(map[netip.Addr]struct{})
	}
	set[addr] = struct{}{}
	return set
}

// increase adds one to a key of a bounded map; "" is none.
func increase(m *map[string]uint64, key string, most int) {
	if _, known := (*m)[key]; key == "" || !known && len(*m) >= most {
		return
	}
	if *m == nil {
		*m = make(map[string]uint64)
	}
	(*m)[key]++
}
