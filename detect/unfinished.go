package detect

import "math/bits"

// unfinished is what there is of a unit whose rest is still to come.
type unfinished struct {
	held []byte // its octets; owned
	want int    // how many are needed before looking again
	skip int    // octets still to come of one that nobody reads
}

// open says whether what comes next goes on with something.
func (u *unfinished) open() bool { return len(u.held) > 0 || u.skip > 0 }

// take adds what came and gives all there is to look at, borrowed until keep;
// nil: there is nothing, or not enough.
func (u *unfinished) take(pool *bufferPool, b []byte) []byte {
	n := min(u.skip, len(b))
	u.skip -= n
	b = b[n:]
	switch {
	case len(b) == 0:
		return nil
	case len(u.held) == 0:
		return b
	}
	u.add(pool, b)
	if len(u.held) < u.want {
		return nil
	}
	return u.held
}

// keep holds what take gave but for the first n octets, which were read. n may
// be more than there are: the rest is skipped when it comes.
func (u *unfinished) keep(pool *bufferPool, b []byte, n int) {
	switch {
	case n >= len(b):
		u.drop(pool)
		u.skip = n - len(b)
	case len(u.held) == 0:
		u.add(pool, b[n:])
	case n > 0: // b is what is held
		u.held = u.held[:copy(u.held, b[n:])]
	}
}

// add holds octets. The room for more grows with what came, not with what was
// promised: a length field costs nothing to send.
func (u *unfinished) add(pool *bufferPool, b []byte) {
	if n := len(u.held) + len(b); n > cap(u.held) {
		larger := append(pool.get(max(n, min(u.want, ahead*n))), u.held...)
		pool.put(u.held)
		u.held = larger
	}
	u.held = append(u.held, b...)
}

// ahead is for how many times the octets that came there may be room.
const ahead = 4

func (u *unfinished) drop(pool *bufferPool) {
	pool.put(u.held)
	*u = unfinished{}
}

// bufferPool keeps the buffers of finished units for the next unfinished ones,
// so that an idle connection holds none.
type bufferPool struct {
	free [16][][]byte // by power of two, from 512
}

const (
	smallestBuffer = 512
	keptBuffers    = 1 << 20 // octets kept of each size
)

// get gives an empty buffer for about n octets.
func (p *bufferPool) get(n int) []byte {
	class := bits.Len(uint(max(n, smallestBuffer)-1)) - 9
	if class < len(p.free) {
		if free := p.free[class]; len(free) > 0 {
			p.free[class] = free[:len(free)-1]
			return free[len(free)-1]
		}
		return make([]byte, 0, smallestBuffer<<class)
	}
	return make([]byte, 0, n)
}

// put takes a buffer back, wiped: it held what only its message may know.
func (p *bufferPool) put(b []byte) {
	class := bits.Len(uint(cap(b))) - 10
	clear(b[:cap(b)])
	if cap(b) < smallestBuffer || class >= len(p.free) || len(p.free[class])<<class >= keptBuffers/smallestBuffer {
		return
	}
	p.free[class] = append(p.free[class], b[:0])
}
