package detect

import (
	"net/netip"
	"time"
)

// Guessing and spraying are told by refused binds within a window of packet
// time, for each client and server: those two meet in one worker.
const (
	guessWindow = 5 * time.Minute
	guessCount  = 10      // refused binds for one name
	sprayCount  = 10      // names with a refused bind
	maxNames    = 256     // names remembered of one client
	maxGuessers = 1 << 14 // pairs of client and server remembered
)

// refusals remembers who was refused lately.
type refusals struct {
	pairs map[hostPair]*guesser
}

type hostPair struct{ client, server netip.Addr }

// guesser is a client of a server whose binds are refused.
type guesser struct {
	since   int64 // ns; when the window began
	names   map[string]int
	total   int
	sprayed bool // told within this window
}

// refused counts a refused bind and gives the rules it makes fire.
func (r *refusals) refused(e *Engine, pair hostPair, name string) (fire []RuleID, g *guesser) {
	if r.pairs == nil {
		r.pairs = make(map[hostPair]*guesser)
	}
	g = r.pairs[pair]
	if g == nil {
		if len(r.pairs) >= maxGuessers {
			e.counts.Limits[LimitInventory]++
			r.forget(e.now)
		}
		g = &guesser{since: e.now}
		r.pairs[pair] = g
	}
	if e.now-g.since > int64(guessWindow) {
		*g = guesser{since: e.now}
	}
	if g.names == nil {
		g.names = make(map[string]int)
	}
	g.total++
	if _, known := g.names[name]; known || len(g.names) < maxNames {
		g.names[name]++
	}
	if g.names[name] == guessCount {
		fire = append(fire, PasswordGuessing)
	}
	if len(g.names) >= sprayCount && !g.sprayed {
		g.sprayed = true
		fire = append(fire, PasswordSpraying)
	}
	return fire, g
}

// forget drops the pairs whose window is over, or all of them.
func (r *refusals) forget(now int64) {
	for pair, g := range r.pairs {
		if now-g.since > int64(guessWindow) {
			delete(r.pairs, pair)
		}
	}
	if len(r.pairs) >= maxGuessers {
		clear(r.pairs)
	}
}

// refusedBind looks at a refused bind with a name. What it finds is told at the
// packet of the refusal.
func (e *Engine) refusedBind(s *session, m *message, p *pending) {
	client, server := s.ends()
	fire, g := e.refusals.refused(e, hostPair{client.AddrPort().Addr(), server.AddrPort().Addr()}, p.name)
	for _, r := range fire {
		a := e.alert(s, r, m)
		a.Outcome, a.Protection = Failure, p.prot
		a.User, a.Refused, a.Names = p.name, g.names[p.name], 1
		if r == PasswordSpraying {
			a.User, a.Refused, a.Names = "", g.total, len(g.names)
		}
		e.tell(a)
	}
}
