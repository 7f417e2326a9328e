package detect

import (
	"container/heap"
	"iter"
	"time"

	"github.com/clearbind/clearbind/decode"
)

// flowTable holds the connections that are followed. They hang in a list by
// the time they were last heard of, so that the limit costs the longest silent
// one; shorter lists hold those that wait for something.
type flowTable struct {
	index   flowIndex
	newest  *session
	eldest  *session
	open    int                    // TCP connections among them
	closing [numLingers][]*session // kept for a while only; each by closeAt
	waiting holeQueue              // with a hole in a stream
	spare   *session               // removed sessions, for use again: opening costs no allocation
}

// lingering is why a session is kept for a while only, and how long.
type lingering uint8

const (
	lingerEnded    lingering = iota // its second copies in the mirror may still come
	lingerDatagram                  // its response may still come
	lingerSilent                    // opened, and not a word: a port scan, or a flood
	numLingers
)

var lingers = [numLingers]time.Duration{lingerEnded: time.Second, lingerDatagram: 10 * time.Second, lingerSilent: time.Minute}

func (t *flowTable) len() int { return t.index.used }

func (t *flowTable) find(key *decode.FlowKey) *session { return t.index.find(key) }

func (t *flowTable) oldest() *session { return t.eldest }

// add starts a session for key.
func (t *flowTable) add(key decode.FlowKey) *session {
	s := t.spare
	if s == nil {
		s = new(session)
	} else {
		t.spare = s.older
	}
	pending := s.pending[:0]
	*s = session{key: key, proto: key.Proto, pending: pending, client: dirUnknown}
	t.index.add(s)
	t.link(s)
	if s.proto == decode.TCP {
		t.open++
	}
	return s
}

// remove forgets s; it may be used again for another connection.
func (t *flowTable) remove(s *session) {
	t.index.remove(s)
	t.unlink(s)
	if s.proto == decode.TCP {
		t.open--
	}
	if s.waits > 0 {
		heap.Remove(&t.waiting, s.waits-1)
	}
	s.gone = true
	t.drop(s)
}

func (t *flowTable) recycle(s *session) {
	pending := s.pending[:0]
	if cap(pending) > keptPending {
		pending = nil
	}
	*s = session{pending: pending, older: t.spare}
	t.spare = s
}

// touch makes s the newest, once a second: that is as exact as the order of
// silent connections has to be.
func (t *flowTable) touch(s *session, now int64) {
	s.last = now
	if t.newest != s && now-s.touched >= int64(time.Second) {
		s.touched = now
		t.unlink(s)
		t.link(s)
	}
}

func (t *flowTable) link(s *session) {
	s.older, s.newer = t.newest, nil
	if t.newest != nil {
		t.newest.newer = s
	}
	t.newest = s
	if t.eldest == nil {
		t.eldest = s
	}
}

func (t *flowTable) unlink(s *session) {
	if s.newer != nil {
		s.newer.older = s.older
	} else {
		t.newest = s.older
	}
	if s.older != nil {
		s.older.newer = s.newer
	} else {
		t.eldest = s.newer
	}
	s.older, s.newer = nil, nil
}

// close lets s go after a while, unless stay is called before.
func (t *flowTable) close(s *session, why lingering, now int64) {
	if s.closing && s.closeWhy <= why {
		return
	}
	s.closing, s.closeWhy, s.closeAt = true, why, now+int64(lingers[why])
	if s.listed&(1<<why) == 0 {
		s.listed |= 1 << why
		t.closing[why] = append(t.closing[why], s)
	}
}

// overdue gives the sessions whose while is over.
func (t *flowTable) overdue(now int64) iter.Seq[*session] {
	return func(yield func(*session) bool) {
		for why := range t.closing {
			for list := &t.closing[why]; len(*list) > 0; {
				s := (*list)[0]
				due := s.closing && int(s.closeWhy) == why
				if !s.gone && due && s.closeAt > now {
					break
				}
				(*list)[0] = nil
				*list = (*list)[1:]
				s.listed &^= 1 << why
				switch {
				case s.gone:
					t.drop(s)
				case due && !yield(s):
					return
				}
			}
		}
	}
}

// drop recycles a removed session, unless a list still holds it: that list
// drops it when it meets it.
func (t *flowTable) drop(s *session) {
	if s.gone && s.listed == 0 {
		t.recycle(s)
	}
}

// idle gives the sessions that were silent for too long.
func (t *flowTable) idle(now int64) iter.Seq[*session] {
	return func(yield func(*session) bool) {
		for s := t.eldest; s != nil && now-s.last >= int64(idleTCP) && yield(s); s = s.newer {
		}
	}
}

// all gives every session, the longest silent first.
func (t *flowTable) all() iter.Seq[*session] {
	return func(yield func(*session) bool) {
		for s := t.eldest; s != nil && yield(s); s = s.newer {
		}
	}
}

// holed gives the sessions whose holes are to be looked at.
func (t *flowTable) holed(now int64) iter.Seq[*session] {
	return func(yield func(*session) bool) {
		for len(t.waiting) > 0 && t.waiting[0].lookAt <= now && yield(heap.Pop(&t.waiting).(*session)) {
		}
	}
}

// waitFor notes whether h has a hole, and when it is to be looked at next: each
// time that one of the waits for it may be over.
func (t *flowTable) waitFor(s *session, h *half, now int64) {
	if !h.stream.Waiting() {
		h.holeSince = 0
		return
	}
	if at := h.stream.Position(); h.holeSince == 0 || h.holeAt != at {
		h.holeSince, h.holeAt = now, at
	}
	for _, wait := range [...]time.Duration{waitAckedHole, waitHole, waitUnackedAll} {
		if at := h.holeSince + int64(wait); at > now {
			t.lookAt(s, at)
			return
		}
	}
}

func (t *flowTable) lookAt(s *session, at int64) {
	switch {
	case s.waits == 0:
		s.lookAt = at
		heap.Push(&t.waiting, s)
	case at < s.lookAt:
		s.lookAt = at
		heap.Fix(&t.waiting, s.waits-1)
	}
}

// holeQueue is a heap by session.lookAt: a flood of holes must not make those
// that are not due cost anything. It implements heap.Interface.
type holeQueue []*session

func (q holeQueue) Len() int           { return len(q) }
func (q holeQueue) Less(i, j int) bool { return q[i].lookAt < q[j].lookAt }

func (q holeQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].waits, q[j].waits = i+1, j+1
}

// Push implements heap.Interface.
func (q *holeQueue) Push(s any) {
	*q = append(*q, s.(*session))
	(*q)[len(*q)-1].waits = len(*q)
}

// Pop implements heap.Interface.
func (q *holeQueue) Pop() any {
	s := (*q)[len(*q)-1]
	(*q)[len(*q)-1] = nil
	*q = (*q)[:len(*q)-1]
	s.waits = 0
	return s
}
