package decode

import "bytes"

// Limits of one Stream. What goes beyond them is given up as a gap.
const (
	// MaxStreamHeld bounds the octets held while an earlier one is missing: the
	// widest receive window seen in practice between directory servers.
	MaxStreamHeld = 256 << 10
	// maxPieces bounds the islands between holes, so that a sender of one-octet
	// segments cannot make every insertion slow.
	maxPieces = 256
	// maxRetreat is how far behind the stream a segment may lie and still be a
	// retransmission; further away, another connection took over the ports.
	maxRetreat = 16 << 20
	// unknownGap is told where the length of a gap has no meaning: more than
	// any message has.
	unknownGap = 1 << 30
)

// Stream puts one direction of a TCP connection back in order. The zero Stream
// is ready; it starts at the first segment pushed, with or without a SYN.
//
// Use: Push, then Next until it says false. Octets that were not captured, or
// that never came, are told as gaps of known length, so that the reader can
// step over what it would have skipped anyway. On overlap the octets that came
// first win (RFC 9293 3.10.7.4 leaves it open); Overlaps counts disagreements with
// those that are held still.
//
// At is whatever the caller wants to know again of a segment whose octets had
// to wait behind a hole.
type Stream[At any] struct {
	next    uint32 // sequence number of the next octet wanted
	finAt   uint32 // sequence number behind the last octet; valid iff fin
	started bool
	fin     bool

	cur    []byte // borrowed from the segment being pushed
	curCut int    // octets missing behind cur
	gap    int    // octets given up, to be told before cur

	pieces []piece[At] // islands behind a hole, by sequence number, none overlapping; owned
	held   int         // octets in pieces

	island *piece[At] // being told; no longer among pieces

	Overlaps uint64 // segments whose octets differed from those held
	Overruns uint64 // holes given up because too much waited behind them
}

// piece is an island of octets, owned by the Stream.
type piece[At any] struct {
	seq    uint32
	data   []byte
	cut    int // octets missing behind data
	strips []strip[At]
	told   int // strips that were
}

// strip is what one segment brought to an island.
type strip[At any] struct {
	end int // in data
	at  At
}

func (p *piece[At]) end() uint32 { return p.seq + uint32(len(p.data)+p.cut) }

// lengthen adds octets behind an island that is not cut. Memory it grows out of
// is wiped: it may hold a password.
func (p *piece[At]) lengthen(data []byte, cut int, at At) {
	if n := len(p.data) + len(data); n > cap(p.data) {
		larger := append(make([]byte, 0, n+n/4), p.data...)
		clear(p.data)
		p.data = larger
	}
	p.data, p.cut = append(p.data, data...), cut
	p.strips = append(p.strips, strip[At]{len(p.data), at})
}

// next gives what is to be told next. What was told before is wiped: it may have
// held a password.
func (p *piece[At]) next() (c Chunk[At], ok bool) {
	from := 0
	if p.told > 0 {
		from = p.strips[p.told-1].end
		clear(p.data[:from])
	}
	for p.told < len(p.strips) {
		next := &p.strips[p.told]
		p.told++
		if next.end > from { // else nothing of it was captured
			return Chunk[At]{Data: p.data[from:next.end], At: &next.at}, true
		}
	}
	return c, false
}

// Chunk is what comes next in a stream: octets, or a gap.
type Chunk[At any] struct {
	Data []byte // borrowed until the next Next or Push
	Gap  int    // octets that are missing here; valid iff Data is nil
	At   *At    // of the segment that brought Data, if not the one pushed last; borrowed like Data
}

// before compares sequence numbers (RFC 9293 3.4: arithmetic modulo 2^32).
func before(a, b uint32) bool { return int32(a-b) < 0 }

// Push takes a segment of this direction, and what to say of its octets. Its
// payload is borrowed until Next has said false.
func (s *Stream[At]) Push(seg *Segment, at *At) {
	seq := seg.Seq
	if seg.Flags&SYN != 0 {
		seq++ // the SYN takes one sequence number; data may follow it (RFC 7413)
		if !s.started {
			s.start(seq)
		}
	}
	data, cut := seg.Payload, seg.Cut
	if !s.started {
		// A keep-alive's octet, which has no meaning, lies before the next one (RFC
		// 9293 3.8.4). Alone it is no place to start; one that was meant is pushed.
		if len(data)+cut == 0 || len(data)+cut == 1 && seg.Flags&(PSH|FIN) == 0 {
			return
		}
		s.start(seq)
	}
	if len(data)+cut > 0 && s.strange(seq, seq+uint32(len(data)+cut)) {
		s.restart(seq)
	}
	// A FIN behind what came is none that the receiver believes.
	if end := seq + uint32(len(data)+cut); seg.Flags&FIN != 0 && !s.fin && !before(end, s.next) {
		s.fin, s.finAt = true, end
	}
	if len(data)+cut == 0 {
		return
	}
	if late := int32(s.next - seq); late > 0 {
		if int(late) >= len(data)+cut {
			return // nothing new: a retransmission, or the mirror's second copy
		}
		if int(late) >= len(data) {
			data, cut = nil, cut-(int(late)-len(data))
		} else {
			data = data[late:]
		}
		seq = s.next
	}
	if seq == s.next && (len(s.pieces) == 0 || !before(s.pieces[0].seq, seq+uint32(len(data)+cut))) {
		s.cur, s.curCut = data, cut
		s.next += uint32(len(data) + cut)
		return
	}
	s.hold(seq, data, cut, at)
	if s.held > MaxStreamHeld || len(s.pieces) > maxPieces {
		s.Overruns++
		s.GiveUp()
	}
}

func (s *Stream[At]) start(seq uint32) { s.started, s.next = true, seq }

// strange says whether a segment from seq up to end belongs to another
// connection: it lies far behind, or reaches so far ahead that it is as well
// behind. All islands lie within 2^31 of next, so any two of them compare.
func (s *Stream[At]) strange(seq, end uint32) bool {
	at := int32(seq - s.next)
	return at < -maxRetreat || at > 0 && int32(end-s.next) < 0
}

func (s *Stream[At]) restart(seq uint32) {
	s.Discard()
	s.fin, s.next = false, seq
	s.gap = unknownGap // whatever was under way is over
}

// Next gives the next chunk, until there is none.
func (s *Stream[At]) Next() (c Chunk[At], ok bool) {
	for {
		if s.island != nil {
			if c, ok = s.island.next(); ok {
				return c, true
			}
			s.curCut, s.island = s.island.cut, nil
		}
		switch {
		case s.gap > 0:
			c.Gap, s.gap = s.gap, 0
			return c, true
		case len(s.cur) > 0:
			c.Data, s.cur = s.cur, nil
			return c, true
		case s.curCut > 0:
			c.Gap, s.curCut = s.curCut, 0
			return c, true
		case len(s.pieces) == 0 || s.pieces[0].seq != s.next:
			return c, false
		}
		s.island = &s.pieces[0]
		s.pieces = s.pieces[1:]
		if len(s.pieces) == 0 {
			s.pieces = nil // the islands are gone: so is their memory
		}
		s.held -= len(s.island.data)
		s.next = s.island.end()
	}
}

// hold copies a segment that lies behind a hole into the islands, trimming
// what is there already.
func (s *Stream[At]) hold(seq uint32, data []byte, cut int, at *At) {
	for i := 0; i < len(s.pieces) && len(data)+cut > 0; {
		p := &s.pieces[i]
		switch start := p.seq; {
		case !before(seq, p.end()):
			i++
		case !before(start, seq+uint32(len(data)+cut)):
			s.insert(i, seq, data, cut, at)
			return
		case before(seq, start): // a part in front of the island
			n := int(start - seq)
			front := data[:min(n, len(data))]
			s.insert(i, seq, front, n-len(front), at)
			seq, data, cut = trim(seq, data, cut, start)
		default:
			s.compare(p, seq, data)
			seq, data, cut = trim(seq, data, cut, p.end())
			i++
		}
	}
	if len(data)+cut > 0 {
		s.insert(len(s.pieces), seq, data, cut, at)
	}
}

// trim takes what lies before from off a segment.
func trim(seq uint32, data []byte, cut int, from uint32) (uint32, []byte, int) {
	n := int(int32(from - seq))
	if n <= 0 {
		return seq, data, cut
	}
	if n >= len(data)+cut {
		return from, nil, 0
	}
	if n >= len(data) {
		return from, nil, cut - (n - len(data))
	}
	return from, data[n:], cut
}

// compare counts a segment that says something else than the island p does.
func (s *Stream[At]) compare(p *piece[At], seq uint32, data []byte) {
	off, skip := int(int32(seq-p.seq)), 0
	if off < 0 {
		off, skip = 0, -off
	}
	if off >= len(p.data) || skip >= len(data) {
		return
	}
	n := min(len(p.data)-off, len(data)-skip)
	if !bytes.Equal(p.data[off:off+n], data[skip:skip+n]) {
		s.Overlaps++
	}
}

// insert puts an island at index i, or lengthens the one before it: segments
// that follow each other behind a hole make one island, not many.
func (s *Stream[At]) insert(i int, seq uint32, data []byte, cut int, at *At) {
	s.held += len(data)
	if i > 0 && s.pieces[i-1].cut == 0 && s.pieces[i-1].end() == seq {
		s.pieces[i-1].lengthen(data, cut, *at)
		return
	}
	s.pieces = append(s.pieces, piece[At]{})
	copy(s.pieces[i+1:], s.pieces[i:])
	s.pieces[i] = piece[At]{seq: seq}
	s.pieces[i].lengthen(data, cut, *at)
}

// Waiting says whether octets are held behind a hole.
func (s *Stream[At]) Waiting() bool { return len(s.pieces) > 0 }

// Position gives the sequence number of the next octet wanted: a hole at the
// same place is the same hole.
func (s *Stream[At]) Position() uint32 { return s.next }

// Held gives the octets held behind holes.
func (s *Stream[At]) Held() int { return s.held }

// Acked says whether an acknowledgement from the other side covers the hole:
// the receiver has what this reader waits for, so it was lost on the way to
// the reader and will hardly be sent again.
func (s *Stream[At]) Acked(ack uint32) bool {
	return len(s.pieces) > 0 && !before(ack, s.pieces[0].seq)
}

// GiveUp stops waiting for the first hole; Next tells it as a gap and goes on
// behind it.
func (s *Stream[At]) GiveUp() {
	if len(s.pieces) == 0 {
		return
	}
	s.gap += int(s.pieces[0].seq - s.next)
	s.next = s.pieces[0].seq
}

// Discard wipes and forgets what is held behind holes: the receiver never
// acknowledged it, so it belongs to another connection or was made up; or the
// connection is over.
func (s *Stream[At]) Discard() {
	for i := range s.pieces {
		clear(s.pieces[i].data)
	}
	s.pieces, s.held = nil, 0
}

// Started says whether the stream has a place to go on from.
func (s *Stream[At]) Started() bool { return s.started }

// Ended says whether everything up to the sender's FIN was told.
func (s *Stream[At]) Ended() bool { return s.fin && !before(s.next, s.finAt) && len(s.pieces) == 0 }
