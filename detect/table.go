package detect

import (
	"slices"
	"time"

	"github.com/clearbind/clearbind/decode"
)

// flowTable holds the connections that are followed. They hang in a list by
// the time they were last heard of, so that the limit costs the longest silent
// one; two shorter lists hold those that wait for something.
type flowTable struct {
	index   flowIndex
	newest  *session
	eldest  *session
	open    int                    // TCP connections among them
	closing [numLingers][]*session // kept for a while only; each by closeAt
	waiting []*session             // with a hole in a stream
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

// overdue gives a session whose while is over, or nil.
func (t *flowTable) overdue(now int64) *session {
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
			case due:
				return s
			}
		}
	}
	return nil
}

// drop recycles a removed session, unless a list still holds it: that list
// drops it when it meets it.
func (t *flowTable) drop(s *session) {
	if s.gone && s.listed == 0 && !s.waits {
		t.recycle(s)
	}
}

// idle gives a session that was silent for too long, or nil.
func (t *flowTable) idle(now int64) *session {
	if s := t.eldest; s != nil && now-s.last >= int64(idleTCP) {
		return s
	}
	return nil
}

// waitFor notes that h has a hole.
func (t *flowTable) waitFor(s *session, h *half, now int64) {
	if at := h.stream.Position(); h.holeSince == 0 || h.holeAt != at {
		h.holeSince, h.holeAt = now, at
	}
	if !s.waits {
		s.waits = true
		t.waiting = append(t.waiting, s)
	}
}

// eachWaiting calls f for the sessions with a hole and keeps those for which
// it says true.
func (t *flowTable) eachWaiting(f func(*session) bool) {
	t.waiting = slices.DeleteFunc(t.waiting, func(s *session) bool {
		if !s.gone && f(s) {
			return false
		}
		s.waits = false
		t.drop(s)
		return true
	})
}
