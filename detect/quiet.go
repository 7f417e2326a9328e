package detect

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"time"
)

// quietKey names a finding. An accepted and a refused password are not the
// same finding: a success after failures must not be held back.
type quietKey struct {
	rule             RuleID
	outcome          Outcome // bind rules, guessing and spraying only
	client, balancer netip.Addr
	server           netip.AddrPort
	user             string
	pattern          string
}

// remembered is a finding that was told, and what was held back since.
type remembered struct {
	alert  Alert // as told last
	held   int
	since  time.Time // first one held back; valid iff held > 0
	packet Packet    // last one held back
	next   *remembered
	gone   bool // no longer in the table
}

// quietTable tells a finding once and counts it from then on, for an interval
// of packet time.
type quietTable struct {
	known  map[quietKey]*remembered
	oldest *remembered // list in the order of telling, with some that are no longer known
	newest *remembered
}

func keyOf(a *Alert) quietKey {
	k := quietKey{rule: a.Rule, client: a.Client.Addr(), balancer: a.Balancer.Addr(), server: a.Server, user: a.User, pattern: a.Pattern}
	if a.Bind != nil || a.Refused > 0 {
		k.outcome = a.Outcome
	}
	return k
}

// recent gives the finding if it was told within the interval.
func (q *quietTable) recent(e *Engine, k quietKey, at time.Time) *remembered {
	if r := q.known[k]; r != nil && !r.over(e, at) {
		return r
	}
	return nil
}

// over says whether the finding is to be told again.
func (r *remembered) over(e *Engine, at time.Time) bool {
	return e.cfg.RepeatInterval == 0 || e.cfg.RepeatInterval > 0 && at.Sub(r.alert.Time) >= e.cfg.RepeatInterval
}

// holdBack counts a finding that is not to be told, before it is put into words,
// and gives the one that was told; nil: it is to be told.
func (e *Engine) holdBack(s *session, a *Alert) *remembered {
	if len(e.cfg.Allow) > 0 || e.cfg.RepeatInterval == 0 {
		return nil
	}
	r := e.quiet[s.shard].recent(e, keyOf(a), e.at.Time)
	if r != nil {
		r.hold(&e.at)
		e.countAlert(a, e.use(s, a.User, e.at.Time))
	}
	return r
}

func (r *remembered) hold(p *Packet) {
	// Some are held back as they come, others when they leave the queue: the
	// earliest is not always the first.
	if r.held == 0 || p.Time.Before(r.since) {
		r.since = p.Time
	}
	r.held++
	if p.Order >= r.packet.Order {
		r.packet = *p
	}
}

// pass tells an alert, or holds it back.
func (q *quietTable) pass(e *Engine, a *Alert) {
	if e.cfg.RepeatInterval == 0 {
		e.events.put(a)
		return
	}
	k := keyOf(a)
	if r := q.recent(e, k, a.Time); r != nil {
		r.hold(&Packet{Time: a.Time, Order: a.Order, Number: a.Packet, Origin: a.Origin})
		return
	}
	if r := q.known[k]; r != nil { // its interval is over; in the list it stays, for nobody
		q.tellHeld(e, r, a.Order)
		r.gone = true
		delete(q.known, k)
	}
	q.remember(e, k, a)
	e.events.put(a)
}

func (q *quietTable) remember(e *Engine, k quietKey, a *Alert) {
	if q.known == nil {
		q.known = make(map[quietKey]*remembered)
	}
	if len(q.known) >= maxRemembered {
		e.counts.Limits[LimitQuiet]++
		for len(q.known) >= maxRemembered {
			q.forget(e, a.Order)
		}
	}
	r := &remembered{alert: *a}
	r.alert.Evidence = nil // which is told once
	q.known[k] = r
	if q.newest == nil || q.oldest == nil {
		q.oldest = r
	} else {
		q.newest.next = r
	}
	q.newest = r
}

// forget drops the oldest finding, and tells what was held back of it.
func (q *quietTable) forget(e *Engine, order uint64) {
	r := q.oldest
	q.oldest, r.gone = r.next, true
	if k := keyOf(&r.alert); q.known[k] == r {
		delete(q.known, k)
	}
	q.tellHeld(e, r, order)
}

// tellHeld tells how often a finding came again since it was told.
func (q *quietTable) tellHeld(e *Engine, r *remembered, order uint64) {
	if r.held == 0 {
		return
	}
	a := r.alert
	a.Held, a.Count = true, r.held
	a.Order, a.Tie = order, tieHeld|r.packet.Order
	a.Time, a.Packet, a.Origin = r.packet.Time, r.packet.Number, r.packet.Origin
	a.Start, a.End, a.Until = r.since, r.packet.Time, r.packet.Time
	r.held = 0
	e.events.out = append(e.events.out, a)
}

// expireQuiet marks, once a second of packet time, the place among the alerts at
// which what was held back for as long as the interval is told: who reads the
// alerts of a sensor need not wait until the finding comes again.
func (e *Engine) expireQuiet() {
	if e.cfg.RepeatInterval <= 0 || e.now < e.nextQuiet {
		return
	}
	e.nextQuiet = e.now + int64(time.Second)
	e.events.queue = append(e.events.queue, &event{order: e.at.Order, deadline: e.now, finished: true, held: true})
}

// tellExpired tells it, when every alert before the mark has been told. Alerts
// wait for each other, and how long depends on the number of workers; their order
// does not.
func (e *Engine) tellExpired(mark *event) {
	told := len(e.events.out)
	for i := range e.quiet {
		q := &e.quiet[i]
		for r := q.oldest; r != nil && mark.deadline-r.alert.Time.UnixNano() >= int64(e.cfg.RepeatInterval); r = q.oldest {
			q.forget(e, mark.order)
		}
	}
	slices.SortStableFunc(e.events.out[told:], func(a, b Alert) int { return cmp.Compare(a.Tie, b.Tie) })
}

// finishQuiet tells what is held back at the end of a run.
func (e *Engine) finishQuiet() {
	told := len(e.events.out)
	for i := range e.quiet {
		q := &e.quiet[i]
		for r := q.oldest; r != nil; r = r.next {
			q.tellHeld(e, r, math.MaxUint64)
		}
	}
	slices.SortStableFunc(e.events.out[told:], func(a, b Alert) int { return cmp.Compare(a.Tie, b.Tie) })
}
