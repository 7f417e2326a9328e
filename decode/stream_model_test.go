package decode

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// model is what a Stream does, octet by octet: slow, and easy to believe.
type model struct {
	next    uint32
	started bool
	fin     bool
	finAt   uint32
	have    map[int]int // by distance from next: an octet, or missing
	out     []int
}

const (
	missing = -1 // an octet that was given up
	lost    = -2 // octets nobody can count

	widest = 99 // octets of a gap that are told
)

func (m *model) push(seg *Segment) {
	seq, size := seg.Seq, len(seg.Payload)+seg.Cut
	if seg.Flags&SYN != 0 {
		seq++
	}
	if !m.started {
		if seg.Flags&SYN == 0 && (size == 0 || size == 1 && seg.Flags&FIN == 0) {
			return
		}
		m.started, m.next, m.have = true, seq, map[int]int{}
	}
	at := int(int32(seq - m.next))
	if size > 0 && (at < -maxRetreat || at+size > 1<<31-1) {
		m.have, m.fin, m.next, at = map[int]int{}, false, seq, 0
		m.out = append(m.out, lost)
	}
	if seg.Flags&FIN != 0 && !m.fin && int32(seq+uint32(size)-m.next) >= 0 {
		m.fin, m.finAt = true, seq+uint32(size)
	}
	for i := range size {
		if _, ok := m.have[at+i]; ok || at+i < 0 {
			continue
		}
		m.have[at+i] = missing
		if i < len(seg.Payload) {
			m.have[at+i] = int(seg.Payload[i])
		}
	}
	m.tell()
}

// tell gives what is next and there, and moves on.
func (m *model) tell() {
	n := 0
	for ; ; n++ {
		octet, ok := m.have[n]
		if !ok {
			break
		}
		m.out = append(m.out, octet)
	}
	m.move(n)
}

func (m *model) move(n int) {
	rest := map[int]int{}
	for at, octet := range m.have {
		if at >= n {
			rest[at-n] = octet
		}
	}
	m.have, m.next = rest, m.next+uint32(n)
}

func (m *model) giveUp() {
	if len(m.have) == 0 {
		return
	}
	hole := slices.Min(slices.Collect(maps.Keys(m.have)))
	m.out = append(m.out, slices.Repeat([]int{missing}, min(hole, widest))...)
	m.move(hole)
	m.tell()
}

// toldOctets gives what a Stream tells the way the model does. Of a wide gap,
// both tell the front.
func toldOctets(s *Stream[int]) (out []int) {
	for c, ok := s.Next(); ok; c, ok = s.Next() {
		switch {
		case c.Data != nil:
			for _, octet := range c.Data {
				out = append(out, int(octet))
			}
		case c.Gap == unknownGap:
			out = append(out, lost)
		default:
			out = append(out, slices.Repeat([]int{missing}, min(c.Gap, widest))...)
		}
	}
	return out
}

// FuzzStreamModel pushes segments in any order, with any overlap, of other
// octets where they overlap, near and far, over the wrap of sequence numbers,
// into a Stream and into its model.
func FuzzStreamModel(f *testing.F) {
	f.Add(uint64(1), uint8(30))
	f.Add(uint64(2), uint8(100))
	f.Fuzz(func(t *testing.T, seed uint64, count uint8) {
		r := rand.New(rand.NewPCG(seed, 2))
		s, m := Stream[int]{}, model{}
		base := -uint32(r.IntN(200))
		for range count {
			seg := Segment{Seq: base + uint32(r.IntN(300)), Payload: make([]byte, r.IntN(20))}
			for i := range seg.Payload {
				seg.Payload[i] = byte('a' + r.IntN(26))
			}
			switch r.IntN(20) {
			case 0:
				seg.Cut = r.IntN(20)
			case 1:
				seg.Flags = FIN
			case 2:
				seg.Flags = SYN
			case 3:
				seg.Seq = m.next + 1<<31 - uint32(r.IntN(40))
			case 4:
				seg.Seq = m.next + 3<<uint(r.IntN(32)) // no gap of unknownGap
			}
			what := fmt.Sprintf("%d octets and %d cut at %d, flags %d", len(seg.Payload), seg.Cut, int32(seg.Seq-m.next), seg.Flags)
			m.push(&seg)
			s.Push(&seg, new(int))
			got := toldOctets(&s)
			clear(seg.Payload) // it was borrowed
			if r.IntN(15) == 0 {
				what += ", and a hole given up"
				s.GiveUp()
				m.giveUp()
				got = append(got, toldOctets(&s)...)
			}
			if !slices.Equal(got, m.out) || s.Started() != m.started || s.started && s.Position() != m.next {
				t.Fatalf("%s: told %d, position %d; the model %d, %d", what, got, s.Position(), m.out, m.next)
			}
			held := 0
			for _, octet := range m.have {
				if octet != missing {
					held++
				}
			}
			if s.Held() != held || s.Waiting() != (len(m.have) > 0) {
				t.Fatalf("%s: holds %d octets, waits %v; the model %d of %d", what, s.Held(), s.Waiting(), held, len(m.have))
			}
			if ended := m.fin && int32(m.next-m.finAt) >= 0 && len(m.have) == 0; s.Ended() != ended {
				t.Fatalf("%s: ended %v, the model %v", what, s.Ended(), ended)
			}
			m.out = nil
		}
	})
}

func TestStreamIsNotEndedByAFINBehindIt(t *testing.T) {
	var s Stream[int]
	push(&s, 0, "abcd", 0)
	s.Push(&Segment{Flags: FIN, Seq: 1<<32 - 3}, new(int)) // push counts from 2^32-5
	if s.Ended() {
		t.Error("ended by a FIN that no receiver takes")
	}
	s.Push(&Segment{Flags: FIN, Seq: 1<<32 - 1}, new(int))
	if !s.Ended() {
		t.Error("not ended by its own")
	}
}

func TestStreamEndsWithTheFINItStartsAnewWith(t *testing.T) {
	var s Stream[int]
	push(&s, 0, "abcd", 0)
	s.Push(&Segment{Flags: FIN, Seq: 1<<32 - maxRetreat - 100, Payload: []byte("x")}, new(int))
	if got := string(told(&s)); got != "…x" || !s.Ended() {
		t.Errorf("told %q, ended %v", got, s.Ended())
	}
}

func TestStreamKeepsWhatWaitsBesideASegmentFarAhead(t *testing.T) {
	var s Stream[int]
	push(&s, 0, "ab", 0)
	push(&s, 2+1<<31-10, "as much behind as ahead", 0) // none that a receiver takes
	push(&s, place(&s)+3, "fg", 0)
	if got := push(&s, place(&s), "cde", 0); got != "cdefg" {
		t.Errorf("told %q", got)
	}
}

// place gives where s is, as push counts.
func place(s *Stream[int]) int { return int(int32(s.Position() + 5)) }
