package decode

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// told is what a reader of a Stream gets: octets, and '·' for each one missing.
func told(s *Stream[int]) (out []byte) {
	for {
		c, ok := s.Next()
		if !ok {
			return out
		}
		if c.Data != nil {
			out = append(out, c.Data...)
			continue
		}
		if c.Gap == unknownGap {
			out = append(out, "…"...)
			continue
		}
		out = append(out, bytes.Repeat([]byte("."), c.Gap)...)
	}
}

// push hands s a segment whose sequence number counts from the wrap of 2^32,
// so that every test crosses it.
func push(s *Stream[int], off int, data string, cut int) string {
	seg := Segment{Flags: PSH, Seq: uint32(off - 5), Payload: []byte(data), Cut: cut}
	s.Push(&seg, new(int))
	out := told(s)
	clear(seg.Payload) // it was borrowed
	return string(out)
}

func TestStream(t *testing.T) {
	type in struct {
		off  int
		data string
		cut  int
		want string
	}
	for name, segments := range map[string][]in{
		"in order":                             {{0, "abcd", 0, "abcd"}, {4, "efgh", 0, "efgh"}},
		"joined in the middle":                 {{700, "abcd", 0, "abcd"}, {704, "e", 0, "e"}},
		"two swapped":                          {{0, "ab", 0, "ab"}, {4, "ef", 0, ""}, {2, "cd", 0, "cdef"}},
		"three backwards":                      {{0, "a", 0, "a"}, {3, "d", 0, ""}, {2, "c", 0, ""}, {1, "b", 0, "bcd"}},
		"a retransmission":                     {{0, "abcd", 0, "abcd"}, {0, "abcd", 0, ""}, {4, "e", 0, "e"}},
		"a retransmission with more":           {{0, "abcd", 0, "abcd"}, {2, "cdef", 0, "ef"}},
		"a keep-alive":                         {{0, "abcd", 0, "abcd"}, {3, "\x00", 0, ""}, {4, "e", 0, "e"}},
		"overlap, first wins":                  {{0, "a", 0, "a"}, {3, "def", 0, ""}, {1, "bcXX", 0, "bcdef"}},
		"an island swallowed":                  {{0, "a", 0, "a"}, {3, "d", 0, ""}, {1, "bcXefg", 0, "bcdefg"}},
		"two islands and their hole":           {{0, "a", 0, "a"}, {2, "c", 0, ""}, {5, "f", 0, ""}, {1, "bXdeXg", 0, "bcdefg"}},
		"islands that touch":                   {{0, "a", 0, "a"}, {2, "c", 0, ""}, {3, "d", 0, ""}, {4, "e", 0, ""}, {1, "b", 0, "bcde"}},
		"cut by the snap length":               {{0, "abc", 3, "abc..."}, {6, "g", 0, "g"}},
		"cut to nothing":                       {{0, "", 3, "..."}, {3, "d", 0, "d"}},
		"cut behind a hole":                    {{0, "a", 0, "a"}, {2, "c", 2, ""}, {5, "f", 0, ""}, {1, "b", 0, "bc..f"}},
		"the rest of a cut one, again":         {{0, "abc", 3, "abc..."}, {0, "abcdef", 0, ""}, {4, "efg", 0, "g"}},
		"far behind: another connection":       {{1 << 30, "abc", 0, "abc"}, {0, "xyz", 0, "…xyz"}},
		"octet by octet":                       {{0, "a", 0, "a"}, {1, "b", 0, "b"}, {2, "c", 0, "c"}},
		"every second octet, then all of them": {{0, "a", 0, "a"}, {2, "c", 0, ""}, {4, "e", 0, ""}, {6, "g", 0, ""}, {0, "aXXXXXXh", 0, "XcXeXgh"}},
	} {
		t.Run(name, func(t *testing.T) {
			var s Stream[int]
			for i, seg := range segments {
				if got := push(&s, seg.off, seg.data, seg.cut); got != seg.want {
					t.Fatalf("segment %d: told %q, want %q", i, got, seg.want)
				}
			}
			if s.Waiting() || s.Held() != 0 {
				t.Errorf("still holds %d octets", s.Held())
			}
		})
	}
}

func TestStreamDoesNotStartAtAKeepAlive(t *testing.T) {
	for name, c := range map[string]struct {
		first Segment
		want  string
	}{
		"a keep-alive":              {Segment{Flags: ACK, Seq: 9, Payload: []byte{0}}, "data"},
		"a keep-alive without any":  {Segment{Flags: ACK, Seq: 9}, "data"},
		"an octet that is pushed":   {Segment{Flags: ACK | PSH, Seq: 9, Payload: []byte("x")}, "xdata"},
		"an octet and the end":      {Segment{Flags: ACK | FIN, Seq: 9, Payload: []byte("x")}, "xdata"},
		"two octets":                {Segment{Flags: ACK, Seq: 8, Payload: []byte("xy")}, "xydata"},
		"an octet and a cut":        {Segment{Flags: ACK, Seq: 8, Payload: []byte("x"), Cut: 1}, "x.data"},
		"an octet that rides a SYN": {Segment{Flags: SYN, Seq: 8, Payload: []byte("x")}, "xdata"},
	} {
		var s Stream[int]
		s.Push(&c.first, new(int))
		got := string(told(&s))
		s.Push(&Segment{Flags: ACK, Seq: 10, Payload: []byte("data")}, new(int))
		if got += string(told(&s)); got != c.want {
			t.Errorf("%s: told %q, want %q", name, got, c.want)
		}
	}
}

func TestStreamGivesUpAHole(t *testing.T) {
	var s Stream[int]
	push(&s, 0, "ab", 0)
	push(&s, 5, "fg", 0)
	push(&s, 9, "jk", 0)
	if s.Acked(1<<32-1) || !s.Acked(0) {
		t.Error("a hole is acknowledged by what lies behind it, and by nothing before")
	}
	s.GiveUp()
	if got := string(told(&s)); got != "...fg" {
		t.Errorf("after the first hole: %q", got)
	}
	s.GiveUp()
	if got := string(told(&s)); got != "..jk" || s.Waiting() {
		t.Errorf("after the second hole: %q", got)
	}
}

func TestStreamHoldsNoMoreThanItsLimit(t *testing.T) {
	var s Stream[int]
	push(&s, 0, "a", 0)
	block := string(bytes.Repeat([]byte("b"), 1000))
	var out int
	for i := range 1000 {
		out += len(push(&s, 10+i*1000, block, 0))
		if s.Held() > MaxStreamHeld+len(block) {
			t.Fatalf("holds %d octets", s.Held())
		}
	}
	if out == 0 {
		t.Error("the hole was never given up")
	}
	var many Stream[int]
	push(&many, 0, "a", 0)
	for i := range 3 * maxPieces {
		push(&many, 10+2*i, "x", 0)
		if len(many.pieces) > maxPieces+1 {
			t.Fatalf("holds %d islands", len(many.pieces))
		}
	}
}

func TestStreamCountsOverlapsThatDiffer(t *testing.T) {
	var s Stream[int]
	push(&s, 0, "a", 0)
	push(&s, 2, "cd", 0)
	push(&s, 2, "cd", 0)
	push(&s, 3, "X", 0)
	if s.Overlaps != 1 {
		t.Errorf("%d overlaps differ, want 1", s.Overlaps)
	}
}

func TestStreamEndsWithItsFIN(t *testing.T) {
	var s Stream[int]
	s.Push(&Segment{Flags: SYN, Seq: 99}, new(int))
	s.Push(&Segment{Flags: FIN, Seq: 102, Payload: []byte("cd")}, new(int))
	if s.Ended() {
		t.Error("ended before its first octets")
	}
	s.Push(&Segment{Seq: 100, Payload: []byte("ab")}, new(int))
	if got := string(told(&s)); got != "abcd" || !s.Ended() {
		t.Errorf("told %q, ended %v", got, s.Ended())
	}
}

func TestStreamInOrderAllocatesNothing(t *testing.T) {
	var s Stream[int]
	seg := Segment{Payload: make([]byte, 1000)}
	if n := testing.AllocsPerRun(1000, func() {
		s.Push(&seg, new(int))
		for _, ok := s.Next(); ok; _, ok = s.Next() {
		}
		seg.Seq += 1000
	}); n != 0 {
		t.Errorf("%v allocations a segment", n)
	}
}

// FuzzStream cuts a text into segments, repeats, swaps and drops some, and
// wants the text back with nothing but the dropped octets missing.
func FuzzStream(f *testing.F) {
	f.Add(uint64(1), uint8(3))
	f.Add(uint64(77), uint8(40))
	f.Fuzz(func(t *testing.T, seed uint64, size uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		text := make([]byte, 1+int(size)*7)
		for i := range text {
			text[i] = byte('a' + i%26)
		}
		type part struct{ off, end int }
		parts := []part{}
		for off := 0; off < len(text); {
			end := min(len(text), off+1+r.IntN(9))
			parts = append(parts, part{off, end})
			if r.IntN(4) == 0 { // a retransmission cut elsewhere
				parts = append(parts, part{max(0, off-r.IntN(9)), min(len(text), end+r.IntN(5))})
			}
			off = end
		}
		rest := parts[1:]
		r.Shuffle(len(rest), func(i, j int) {
			if i-j < 12 && j-i < 12 {
				rest[i], rest[j] = rest[j], rest[i]
			}
		})
		var s Stream[int]
		var got []byte
		base := r.Uint32()
		s.Push(&Segment{Flags: SYN, Seq: base - 1}, new(int))
		for _, p := range parts {
			seg := Segment{Seq: base + uint32(p.off), Payload: bytes.Clone(text[p.off:p.end])}
			s.Push(&seg, new(int))
			got = append(got, told(&s)...)
			clear(seg.Payload)
		}
		if !bytes.Equal(got, text) || s.Waiting() {
			t.Errorf("told %q, want %q", got, text)
		}
	})
}
