package decode

import (
	"bytes"
	"hash/maphash"
	"slices"
	"time"

	"github.com/google/gopacket/layers"
)

// Limits of reassembly. What goes beyond them costs the oldest datagram, and
// counts in PacketStats.Dropped; for want of room, in Overruns too.
const (
	maxDatagrams    = 256       // begun last; older ones are forgotten, finished or not
	maxDatagram     = 1<<16 - 1 // octets of one datagram, what its length field can say
	maxSpans        = 512       // parts of one datagram: one of 1500 octets in the smallest parts has 188
	maxFragmentHeld = 4 << 20   // octets of all of them
	// fragmentTimeout is how long a receiver waits for the rest (RFC 8200 4.5; Windows
	// does of IPv4 too), of packet time.
	fragmentTimeout = time.Minute
	// repeatWindow is how long after its end a datagram's fragments are repeats,
	// such as a mirror's second copies, and not a new datagram of the same ID.
	repeatWindow = time.Second
)

// fragmentKey names a datagram (RFC 791 3.2, RFC 8200 4.5).
type fragmentKey struct {
	src, dst [16]byte
	id       uint32
	proto    layers.IPProtocol // IPv4 only: parts of an IPv6 datagram may differ in it
	v6       bool
}

// part is a fragment.
type part struct {
	proto layers.IPProtocol // what the datagram carries; its first fragment says so
	off   int               // octets, a multiple of 8
	more  bool              // others follow
	data  []byte            // borrowed
}

// span is a stretch of a datagram.
type span struct {
	off  int
	data []byte // owned by the datagram
}

func (s span) end() int { return s.off + len(s.data) }

// spanSize is what a span counts for among the octets held, beside its data.
const spanSize = 32

// state is how far a datagram is. It stays in the table after its end, so that
// repeats of its fragments do not begin it again.
type state uint8

const (
	unused state = iota
	open
	finished
	refused // its parts contradict each other: no further ones count (RFC 5722 4)
)

// datagram is one being put together. It owns its octets and wipes them at its
// end; they grow with what arrives, never with what a header claims.
type datagram struct {
	key          fragmentKey
	state        state
	proto        layers.IPProtocol
	begun, ended time.Time
	total        int      // octets of the whole, once the last fragment was seen; else 0
	have         int      // octets of it in spans
	spans        []span   // by offset, none overlapping
	prints       []uint64 // of its parts, to know their repeats by when it is finished
}

// fragments puts IP datagrams together. Octets that came first stay, where IPv4
// fragments overlap: RFC 791 leaves it open, and whoever wants to hide must hide
// from both orders. An IPv6 datagram with an overlap is dropped (RFC 5722).
type fragments struct {
	ring  []datagram // by age, from oldest on; made when the first fragment comes
	first int        // the oldest
	used  int
	index map[fragmentKey]*datagram // into ring
	whole []byte                    // the last one finished, lent to its segment
	seed  maphash.Seed              // of prints; made with ring
	stats PacketStats
}

// release wipes the datagram that was lent to the segment before.
func (f *fragments) release() {
	if len(f.whole) > 0 {
		clear(f.whole[:cap(f.whole)])
		f.whole = f.whole[:0]
	}
}

// add takes a part. OK: it completes the datagram, whose protocol and octets are
// given, lent until release. Fragment: it is kept, or known already.
func (f *fragments) add(key fragmentKey, p part, now time.Time) (layers.IPProtocol, []byte, Reason) {
	if p.more && !key.v6 {
		// RFC 791 3.2 counts in eights; Linux takes the eights that are whole.
		p.data = p.data[:len(p.data)&^7]
	}
	if len(p.data) == 0 || p.off+len(p.data) > maxDatagram || p.more && len(p.data)%8 != 0 {
		f.stats.Refused++
		return 0, nil, BadHeader
	}
	f.expire(len(p.data), now)
	d := f.begin(key, &p, now)
	if d.state != open {
		return 0, nil, Fragment
	}
	before := d.size()
	ok := d.put(p)
	d.remember(f.print(&p))
	f.stats.HeldBytes += d.size() - before
	switch {
	case !ok:
		f.end(d, refused, now)
		return 0, nil, BadHeader
	case d.have != d.total:
		return 0, nil, Fragment
	}
	f.whole = slices.Grow(f.whole[:0], d.total)
	for _, s := range d.spans {
		f.whole = append(f.whole, s.data...)
	}
	proto := d.proto
	f.end(d, finished, now)
	return proto, f.whole, OK
}

// expire forgets datagrams that are too old, and the oldest while there is no
// room for another one, or for size octets. Time may jump back, where one
// capture follows another.
func (f *fragments) expire(size int, now time.Time) {
	for f.used > 0 {
		d := &f.ring[f.first]
		full := f.used == len(f.ring) || f.stats.HeldBytes+size > maxFragmentHeld
		if !full && now.Sub(d.begun).Abs() < fragmentTimeout {
			return
		}
		if d.state == open {
			f.end(d, unused, now)
			if full {
				f.stats.Overruns++
			}
		}
		if f.index[d.key] == d {
			delete(f.index, d.key)
		}
		f.first = (f.first + 1) % len(f.ring)
		f.used--
	}
}

// begin finds the datagram of a part, or takes the next place in the ring for it.
// Of a finished one only repeats are parts: whoever gives two datagrams the same
// ID hides none.
func (f *fragments) begin(key fragmentKey, p *part, now time.Time) *datagram {
	if d := f.index[key]; d != nil && (d.state != finished || now.Sub(d.ended).Abs() < repeatWindow && slices.Contains(d.prints, f.print(p))) {
		return d
	}
	if f.ring == nil {
		f.seed = maphash.MakeSeed()
		f.ring, f.index = make([]datagram, maxDatagrams), make(map[fragmentKey]*datagram, maxDatagrams)
	}
	d := &f.ring[(f.first+f.used)%len(f.ring)]
	f.used++
	*d = datagram{key: key, state: open, begun: now}
	f.index[key] = d
	f.stats.Datagrams++
	return d
}

// end wipes a datagram and counts what became of it.
func (f *fragments) end(d *datagram, s state, now time.Time) {
	f.stats.Datagrams--
	f.stats.HeldBytes -= d.size()
	if s == finished {
		f.stats.Completed++
	} else {
		f.stats.Dropped++
	}
	for _, s := range d.spans {
		clear(s.data)
	}
	*d = datagram{key: d.key, state: s, begun: d.begun, ended: now, prints: d.prints}
}

func (d *datagram) size() int { return d.have + spanSize*len(d.spans) }

// print gives a number that two parts share as seldom as any two of 64 bits.
func (f *fragments) print(p *part) uint64 {
	return maphash.Bytes(f.seed, p.data) ^ uint64(p.off)<<1
}

// remember keeps the print of a part.
func (d *datagram) remember(print uint64) {
	if len(d.prints) < maxSpans && !slices.Contains(d.prints, print) {
		d.prints = append(d.prints, print)
	}
}

// put takes the octets of a part that are new; false: it contradicts what is
// there, or there are too many.
func (d *datagram) put(p part) bool {
	off, end := p.off, p.off+len(p.data)
	if !d.fits(end, p.more) {
		return false
	}
	if off == 0 && (len(d.spans) == 0 || d.spans[0].off != 0) {
		d.proto = p.proto
	}
	i, _ := slices.BinarySearchFunc(d.spans, off, func(s span, off int) int { return s.end() - off - 1 })
	for ; off < end; i++ { // spans[i] is the first one that ends behind off
		stop := end
		if i < len(d.spans) && d.spans[i].off < end {
			s := d.spans[i]
			if d.key.v6 {
				return s.off == off && bytes.Equal(s.data, p.data) // a plain repeat
			}
			if s.off <= off {
				off = s.end()
				continue
			}
			stop = s.off
		}
		if len(d.spans) == maxSpans {
			return false
		}
		fresh := bytes.Clone(p.data[off-p.off : stop-p.off])
		d.spans = slices.Insert(d.spans, i, span{off, fresh})
		d.have += len(fresh)
		off = stop
	}
	return true
}

// fits holds the end of a part against the end of the datagram: no part may
// reach beyond the last one, and there is only one end.
func (d *datagram) fits(end int, more bool) bool {
	if d.total != 0 {
		return end <= d.total && (more || end == d.total)
	}
	if !more {
		if n := len(d.spans); n > 0 && d.spans[n-1].end() > end {
			return false
		}
		d.total = end
	}
	return true
}
