package capture

import (
	"slices"
	"sync/atomic"
	"time"
)

const (
	sharedBuffers = 4 // of bufferSize, that frames may lie in at a time
	sharedBatches = 8 // that may wait for a reader
	sharedTick    = 250 * time.Millisecond
)

// Shared reads files once for several goroutines, in one of its own: what is
// read from the disk, unpacked and cut into frames is the same for all of them.
// Frames are not copied, they lie where they were read. It is also how a pipe is
// read: a read of one cannot be interrupted, and who takes its frames has other
// work while its writer is silent.
type Shared struct {
	files   *Sequence // of fill alone, until over is closed
	readers []*Reading
	done    <-chan struct{}
	over    chan struct{}

	route func(*Frame) int
	left  []Left // by reader: between its last frame and the last of all
	frame Frame  // being read
	last  Frame  // the one before
	to    int    // where route sent it

	batch   *lot         // being filled; nil: given up
	spare   chan *lot    // to be filled again
	memory  *memory      // being read into
	free    chan *memory // that nobody reads in
	buffers int          // that were made
}

// Where Share's route may send a frame, beside to one reader.
const (
	ToAll  = -1
	ToNone = -2
)

// Left is what a reader was not given since the frame before.
type Left struct {
	Frames, Bytes uint64
	First, Last   time.Time // the earliest and the latest of them; valid iff Frames > 0
}

func (l *Left) add(f *Frame) {
	switch {
	case l.Frames == 0:
		l.First, l.Last = f.Time, f.Time
	case f.Time.After(l.Last):
		l.Last = f.Time
	case f.Time.Before(l.First):
		l.First = f.Time
	}
	l.Frames++
	l.Bytes += uint64(len(f.Data))
}

// lot is what is handed over at once.
type lot struct {
	lists  [][]given    // by reader
	n      int          // frames in them
	memory *memory      // that they lie in
	err    error        // comes after them, and is final
	left   atomic.Int32 // readers that have yet to take them, or are at it
}

// memory is a buffer that frames lie in.
type memory struct {
	octets []byte       // known when it is full
	users  atomic.Int32 // lots, and fill
}

// given is a frame, and what was left out before it.
type given struct {
	frame  Frame
	left   Left
	chosen bool // route sent it here alone
}

// Reading is a Source for one of the goroutines that share files.
type Reading struct {
	shared *Shared
	place  int // among the readers
	queue  chan *lot
	tick   *time.Ticker
	batch  *lot
	todo   []given // of batch
	left   Left
	chosen bool
	stats  Stats
}

// Share starts to read files for n readers, each of which has to be read to its
// end, or until done is closed. Frames are handed over before each read that may
// have to wait, and a reader that waits gets ErrIdle four times a second.
//
// route says which reader wants a frame, ToAll or ToNone, where it lies in the
// cache already; it is called by one goroutine, in the order of the frames. The
// last frame of all goes to every reader.
func Share(files *Sequence, n int, route func(*Frame) int, done <-chan struct{}) *Shared {
	s := &Shared{
		files: files, route: route, left: make([]Left, n), to: ToAll, done: done, over: make(chan struct{}),
		batch: newLot(n), spare: make(chan *lot, sharedBatches), free: make(chan *memory, sharedBuffers), memory: new(memory), buffers: 1,
	}
	for i := range n {
		s.readers = append(s.readers, &Reading{shared: s, place: i, queue: make(chan *lot, sharedBatches), tick: time.NewTicker(sharedTick)})
	}
	s.memory.users.Store(1)
	files.lender = s
	// Owns files. Ends with them, or with done; if it hangs in a read of a pipe by
	// then, with the process: nothing else ends that.
	go s.fill()
	return s
}

// Reader gives the frames of the i-th reader.
func (s *Shared) Reader(i int) *Reading { return s.readers[i] }

// Over is closed when files is free again.
func (s *Shared) Over() <-chan struct{} { return s.over }

func (s *Shared) fill() {
	defer close(s.over)
	f := &s.frame // here, as it would escape with each frame
	for {
		err := s.files.Next(f)
		switch {
		case s.batch == nil:
			return
		case err != nil:
			s.giveLast()
			s.batch.err = err
			s.handOver()
			return
		}
		for i := range s.readers {
			if s.to != ToAll && s.to != i {
				s.left[i].add(&s.last)
			}
		}
		s.last, s.to = *f, s.route(f)
		for i := range s.readers {
			if s.to == ToAll || s.to == i {
				s.give(i, f)
			}
		}
	}
}

func (s *Shared) give(i int, f *Frame) {
	list := slices.Grow(s.batch.lists[i], 1)
	list = list[:len(list)+1]
	g := &list[len(list)-1] // filled where it lies: it is large
	g.frame = *f
	g.left = s.left[i]
	g.chosen = s.to == i
	s.batch.lists[i] = list
	s.batch.n++
	s.left[i] = Left{}
}

// giveLast gives the last frame to those that were not given it: nothing is read
// any more that could lie where it does.
func (s *Shared) giveLast() {
	if s.to == ToAll {
		return
	}
	for i := range s.readers {
		if i != s.to {
			s.give(i, &s.last)
		}
	}
}

func newLot(readers int) *lot { return &lot{lists: make([][]given, readers)} }

// turn implements lender.
func (s *Shared) turn(full []byte) []byte {
	s.handOver()
	s.memory.octets = full
	s.leave(s.memory)
	s.memory = s.room()
	if b := s.memory.octets; len(b) == len(full) {
		return b
	}
	return make([]byte, len(full))
}

// room gives memory that nobody reads in.
func (s *Shared) room() *memory {
	m := new(memory)
	select {
	case m = <-s.free:
	default:
		if s.buffers++; s.buffers <= sharedBuffers {
			break
		}
		select {
		case m = <-s.free:
		case <-s.done: // others may still read in those there are
			s.batch = nil
		}
	}
	m.users.Store(1)
	return m
}

// leave says that a lot, or fill, has no more use for memory.
func (s *Shared) leave(m *memory) {
	if m.users.Add(-1) == 0 {
		select {
		case s.free <- m:
		default: // of a file that has ended
		}
	}
}

// pause implements lender.
func (s *Shared) pause() {
	s.handOver()
}

// handOver gives the batch to the readers that have frames in it, and to all at
// the end.
func (s *Shared) handOver() {
	b := s.batch
	if b == nil || b.n == 0 && b.err == nil {
		return
	}
	b.memory = s.memory
	b.memory.users.Add(1)
	b.left.Store(1) // until it is handed over
	for i, r := range s.readers {
		if len(b.lists[i]) == 0 && b.err == nil {
			continue
		}
		b.left.Add(1)
		select {
		case r.queue <- b:
		case <-s.done:
			s.batch = nil
			return
		}
	}
	s.release(b)
	select {
	case s.batch = <-s.spare:
	default:
		s.batch = newLot(len(s.readers))
	}
}

// release is called by each reader when it has taken a lot.
func (s *Shared) release(b *lot) {
	if b.left.Add(-1) > 0 {
		return
	}
	s.leave(b.memory)
	for i := range b.lists {
		b.lists[i] = b.lists[i][:0]
	}
	b.n, b.memory = 0, nil
	select {
	case s.spare <- b:
	default:
	}
}

// Next implements Source. What f borrows is not overwritten before the reader's
// next call.
func (r *Reading) Next(f *Frame) error {
	for len(r.todo) == 0 {
		if err := r.turn(); err != nil {
			*f, r.left = Frame{}, Left{}
			return err
		}
	}
	g := &r.todo[0]
	*f = g.frame
	r.left = g.left
	r.chosen = g.chosen
	r.todo = r.todo[1:]
	r.stats.Frames += r.left.Frames + 1
	r.stats.Bytes += r.left.Bytes + uint64(len(f.Data))
	return nil
}

// Left tells of the frames before the one that Next gave last, which went to
// others or to nobody; of none after an error.
func (r *Reading) Left() *Left { return &r.left }

// Chosen says whether route sent the frame that Next gave last to this reader and
// to no other.
func (r *Reading) Chosen() bool { return r.chosen }

// turn gets the next batch.
func (r *Reading) turn() error {
	if b := r.batch; b != nil {
		if b.err != nil {
			return b.err
		}
		r.batch = nil
		r.shared.release(b)
	}
	select {
	case r.batch = <-r.queue:
	case <-r.tick.C:
		return ErrIdle
	case <-r.shared.done:
		return ErrIdle
	}
	r.todo = r.batch.lists[r.place]
	return nil
}

// Stats implements Source: of the frames that were taken, and of those before
// them that went elsewhere.
func (r *Reading) Stats() (Stats, error) { return r.stats, nil }

// Close implements Source.
func (r *Reading) Close() error {
	r.tick.Stop()
	return nil
}
