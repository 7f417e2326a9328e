package detect

import (
	"net/netip"
	"time"
)

// Guessing and spraying are told by refused binds within a window of packet
// time that slides, for each client and server: those two meet in one shard.
const (
	guessWindow = 5 * time.Minute
	guessSlots  = 5       // of the window; it slides by one of them
	guessCount  = 10      // refused binds for one name
	sprayCount  = 10      // names with a refused bind
	maxNames    = 256     // names remembered of one client at one server
	maxRefused  = 1 << 10 // names remembered of one shard
)

// refusals remembers who was refused lately, of one shard.
type refusals struct {
	pairs map[hostPair]*guesser
	names int // of all pairs
}

type hostPair struct{ client, server netip.Addr }

// guesser is a client of a server whose binds are refused.
type guesser struct {
	names   map[string]*tally
	sprayed int64 // slot in which spraying was told last; 0: never
}

// tally counts refused binds for one name by slots of the window. Its zero
// value has none.
type tally struct {
	slot  int64 // the newest
	count [guessSlots]uint16
	told  int64 // slot in which guessing was told last; 0: never
}

// slotOf numbers the slots of packet time, from 1.
func slotOf(now int64) int64 { return max(now, 0)/int64(guessWindow/guessSlots) + 1 }

// add counts one at a slot, which is not before the newest by more than a
// capture's disorder.
func (t *tally) add(slot int64) {
	t.slide(slot)
	if n := &t.count[slot%guessSlots]; *n < 1<<16-1 {
		*n++
	}
}

// slide forgets the slots that have left the window.
func (t *tally) slide(slot int64) {
	if slot-t.slot >= guessSlots || t.slot == 0 {
		t.count = [guessSlots]uint16{}
	} else {
		for s := t.slot + 1; s <= slot; s++ {
			t.count[s%guessSlots] = 0
		}
	}
	t.slot = max(t.slot, slot)
}

// within gives how many there were in the window that ends with a slot.
func (t *tally) within(slot int64) (n int) {
	t.slide(slot)
	for _, c := range t.count {
		n += int(c)
	}
	return n
}

// recently says whether something was told in the window that ends with a slot.
func recently(told, slot int64) bool { return told != 0 && slot-told < guessSlots }

// find gives a name's tally; nil if it is one too many.
func (r *refusals) find(e *Engine, pair hostPair, name string, slot int64) (*guesser, *tally) {
	g := r.pairs[pair]
	if g != nil && g.names[name] != nil {
		return g, g.names[name]
	}
	if r.names >= maxRefused {
		r.forget(slot)
	}
	if r.names >= maxRefused || g != nil && len(g.names) >= maxNames {
		e.counts.Limits[LimitInventory]++
		return g, nil
	}
	if g = r.pairs[pair]; g == nil {
		if r.pairs == nil {
			r.pairs = make(map[hostPair]*guesser)
		}
		g = &guesser{names: make(map[string]*tally)}
		r.pairs[pair] = g
	}
	t := new(tally)
	g.names[name] = t
	r.names++
	return g, t
}

// forget drops the names whose window is over.
func (r *refusals) forget(slot int64) {
	for pair, g := range r.pairs {
		for name, t := range g.names {
			if slot-t.slot >= guessSlots {
				delete(g.names, name)
				r.names--
			}
		}
		if len(g.names) == 0 {
			delete(r.pairs, pair)
		}
	}
}

// within gives how many names were refused, and how often, in the window that
// ends with a slot.
func (g *guesser) within(slot int64) (names, refused int) {
	for _, t := range g.names {
		if n := t.within(slot); n > 0 {
			names++
			refused += n
		}
	}
	return names, refused
}

// refusedBind looks at a refused bind with a name. What it finds is told at the
// packet of the refusal, once in a window.
func (e *Engine) refusedBind(s *session, m *message, p *pending) {
	slot := slotOf(e.now)
	g, t := e.refusals[s.shard].find(e, s.hosts(), p.name, slot)
	if t == nil {
		return
	}
	t.add(slot)
	if n := t.within(slot); n >= guessCount && !recently(t.told, slot) {
		t.told = slot
		e.tellAttempts(s, m, p, PasswordGuessing, 1, n, Failure)
	}
	if names, refused := g.within(slot); names >= sprayCount && !recently(g.sprayed, slot) {
		g.sprayed = slot
		e.tellAttempts(s, m, p, PasswordSpraying, names, refused, Failure)
	}
}

// acceptedBind looks at a bind that succeeded, or would have but for another
// reason than its password: where guessing or spraying came before it, somebody
// has found what he was looking for.
func (e *Engine) acceptedBind(s *session, m *message, p *pending) {
	g := e.refusals[s.shard].pairs[s.hosts()]
	if g == nil {
		return
	}
	slot := slotOf(e.now)
	if t := g.names[p.name]; t != nil && recently(t.told, slot) {
		e.tellAttempts(s, m, p, PasswordGuessing, 1, t.within(slot), Success)
		t.told = 0
	} else if recently(g.sprayed, slot) {
		names, refused := g.within(slot)
		e.tellAttempts(s, m, p, PasswordSpraying, names, refused, Success)
	}
}

// hosts gives the two ends without their ports.
func (s *session) hosts() hostPair {
	client, server := s.ends()
	return hostPair{client.AddrPort().Addr(), server.AddrPort().Addr()}
}

func (e *Engine) tellAttempts(s *session, m *message, p *pending, r RuleID, names, refused int, o Outcome) {
	a := e.alert(s, r, m)
	a.Outcome, a.Protection = o, p.prot
	a.User, a.Refused, a.Names = p.name, refused, names
	if o == Success {
		a.Severity = min(a.Severity+1, Critical)
	} else if r == PasswordSpraying {
		a.User = "" // many
	}
	e.tellFor(a, p.event)
}
