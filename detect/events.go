package detect

// event holds the alerts of one packet until what they wait for has come. The
// evidence is the packet of the request; the response only completes it.
type event struct {
	order    uint64
	deadline int64 // ns; packet time
	finished bool
	held     bool   // a mark: repeats are told here (tellExpired)
	entries  uint64 // search results so far
	bytes    uint64 // octets of those
	alerts   []Alert
	evidence *Evidence // nil: none is asked for
	proofs   int       // octets of memory of it
}

// done lets the event be told. Later responses change nothing any more.
func (ev *event) done() { ev.finished = true }

// eventQueue holds events in the order of their packets. Only a finished head
// leaves: that is what makes the order of alerts the order of packets.
type eventQueue struct {
	queue  []*event // oldest first
	out    []Alert  // told, to be taken
	weight int      // octets of memory of their evidence
}

func (q *eventQueue) head() *event {
	if len(q.queue) == 0 {
		return nil
	}
	return q.queue[0]
}

// put lets an alert be taken.
func (q *eventQueue) put(a *Alert) {
	q.out = append(q.out, *a)
	q.weight += a.Evidence.Weight()
}

// expire finishes the events that have waited long enough.
func (q *eventQueue) expire(now int64) {
	for _, ev := range q.queue {
		if ev.deadline > now {
			return
		}
		ev.done()
	}
}

// raise makes an event of the packet at hand with one alert, that waits for a
// response.
func (e *Engine) raise(a Alert) *event {
	if len(e.events.queue) >= maxEvents {
		e.counts.Limits[LimitEvents]++
		e.events.head().done()
		e.release()
	}
	ev := &event{order: e.at.Order, deadline: e.now + int64(waitResponse), alerts: []Alert{a}}
	e.prove(ev)
	e.events.queue = append(e.events.queue, ev)
	return ev
}

// tell makes an event that waits for nothing.
func (e *Engine) tell(a Alert) {
	e.raise(a).done()
	e.release()
}

// release lets finished events out, as far as the oldest that still waits.
func (e *Engine) release() {
	q := &e.events
	n := 0
	for ; n < len(q.queue) && q.queue[n].finished; n++ {
		ev := q.queue[n]
		if ev.held {
			e.tellExpired(ev)
		}
		evidence := e.proven(ev)
		for i := range ev.alerts {
			a := &ev.alerts[i]
			a.Evidence = evidence
			if a.Search != nil {
				a.Search.Entries, a.Search.Bytes = ev.entries, ev.bytes
			}
			if e.allowed(a) {
				continue
			}
			e.countAlert(a, nil)
			e.quiet[a.shard].pass(e, a)
		}
		q.queue[n] = nil
	}
	q.queue = q.queue[n:]
}

// countAlert adds a finding to the totals and the inventory, told or not.
func (e *Engine) countAlert(a *Alert, u *Use) {
	e.counts.Alerts[a.Rule][a.Severity]++
	e.noteFinding(a, u)
}
