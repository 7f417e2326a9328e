package capture

import (
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
	readers []*reading
	done    <-chan struct{}
	over    chan struct{}

	batch   *lot        // being filled; nil: given up
	spare   chan *lot   // to be filled again
	free    chan []byte // buffers that nobody reads in
	buffers int         // that were made
}

// lot is what is handed over at once.
type lot struct {
	list []Frame
	full []byte       // buffer that they are the last of; nil: more will be read into it
	err  error        // comes after them, and is final
	left atomic.Int32 // readers that have yet to take them, or are at it
}

// reading implements Source for one goroutine.
type reading struct {
	shared *Shared
	queue  chan *lot
	tick   *time.Ticker
	batch  *lot
	todo   []Frame // of batch
	stats  Stats
}

// Share starts to read files for n readers, each of which has to be read to its
// end, or until done is closed. Frames are handed over before each read that may
// have to wait, and a reader that waits gets ErrIdle four times a second.
func Share(files *Sequence, n int, done <-chan struct{}) *Shared {
	s := &Shared{
		files: files, done: done, over: make(chan struct{}),
		batch: new(lot), spare: make(chan *lot, sharedBatches), free: make(chan []byte, sharedBuffers),
	}
	for range n {
		s.readers = append(s.readers, &reading{shared: s, queue: make(chan *lot, sharedBatches), tick: time.NewTicker(sharedTick)})
	}
	files.lender = s
	// Owns files. Ends with them, or with done; if it hangs in a read of a pipe by
	// then, with the process: nothing else ends that.
	go s.fill()
	return s
}

// Source gives all frames, for the i-th reader.
func (s *Shared) Source(i int) Source { return s.readers[i] }

// Over is closed when files is free again.
func (s *Shared) Over() <-chan struct{} { return s.over }

func (s *Shared) fill() {
	defer close(s.over)
	for {
		var f Frame
		err := s.files.Next(&f)
		switch {
		case s.batch == nil:
			return
		case err != nil:
			s.batch.err = err
			s.handOver(nil)
			return
		}
		s.batch.list = append(s.batch.list, f)
	}
}

// turn implements lender.
func (s *Shared) turn(full []byte) []byte {
	s.handOver(full)
	select {
	case b := <-s.free:
		return b
	default:
	}
	if s.buffers < sharedBuffers {
		s.buffers++
		return make([]byte, len(full))
	}
	select {
	case b := <-s.free:
		return b
	case <-s.done:
		s.batch = nil
		return make([]byte, len(full)) // others may still read in those there are
	}
}

// pause implements lender.
func (s *Shared) pause() {
	if s.batch != nil && len(s.batch.list) > 0 {
		s.handOver(nil)
	}
}

// handOver gives the batch to all readers.
func (s *Shared) handOver(full []byte) {
	b := s.batch
	if b == nil {
		return
	}
	b.full = full
	b.left.Store(int32(len(s.readers)))
	for _, r := range s.readers {
		select {
		case r.queue <- b:
		case <-s.done:
			s.batch = nil
			return
		}
	}
	select {
	case s.batch = <-s.spare:
	default:
		s.batch = new(lot)
	}
}

// release is called by each reader when it has taken a batch: in order, so the
// last one of a buffer ends all of that buffer.
func (s *Shared) release(b *lot) {
	if b.left.Add(-1) > 0 {
		return
	}
	if b.full != nil {
		select {
		case s.free <- b.full:
		default: // of a file that has ended
		}
	}
	clear(b.list)
	b.list, b.full = b.list[:0], nil
	select {
	case s.spare <- b:
	default:
	}
}

// Next implements Source. What f borrows is not overwritten before the reader's
// next call.
func (r *reading) Next(f *Frame) error {
	for len(r.todo) == 0 {
		if err := r.turn(); err != nil {
			*f = Frame{}
			return err
		}
	}
	*f, r.todo = r.todo[0], r.todo[1:]
	r.stats.Frames++
	r.stats.Bytes += uint64(len(f.Data))
	return nil
}

// turn gets the next batch.
func (r *reading) turn() error {
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
	r.todo = r.batch.list
	return nil
}

// Stats implements Source: of the frames that were taken.
func (r *reading) Stats() (Stats, error) { return r.stats, nil }

// Close implements Source.
func (r *reading) Close() error {
	r.tick.Stop()
	return nil
}
