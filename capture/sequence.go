package capture

import (
	"errors"
	"io"
	"os"
	"slices"
	"sync/atomic"
)

// Sequence reads several capture files one after another as a single source,
// so that a connection may begin in one and end in the next. Each frame names
// its file in Origin and counts from 1 in it. A file that is damaged or cannot
// be opened does not end the sequence: see Damages. The zero Sequence has no
// files.
type Sequence struct {
	todo    []string
	sizes   []int64 // of todo, as they are on disk
	current *file
	done    Stats // of the files before current
	damages []*DamagedError
	closed  bool
	lender  lender // nil: frames are borrowed until the next Next

	passed int64        // octets of the files before current
	total  int64        // octets of all files; 0: not known
	read   atomic.Int64 // octets read of all files
}

// OpenFiles gives the frames of paths, in that order. Nothing is opened before
// the first Next, so one file is open at a time.
func OpenFiles(paths []string) *Sequence {
	s := &Sequence{todo: slices.Clone(paths), sizes: make([]int64, len(paths))}
	known := true
	for i, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.Mode().IsRegular() && path != stdin:
			s.sizes[i] = info.Size()
			s.total += info.Size()
		case path == stdin || err == nil:
			known = false // a pipe
		}
	}
	if !known {
		s.total = 0
	}
	return s
}

// Next implements Source. Its only error before Close is io.EOF.
func (s *Sequence) Next(f *Frame) error {
	for {
		if s.current != nil && !s.closed {
			err := s.current.Next(f)
			if err == nil {
				return nil
			}
			s.leave(err)
		}
		*f = Frame{}
		if s.closed {
			return os.ErrClosed
		}
		if len(s.todo) == 0 {
			return io.EOF
		}
		if s.lender != nil {
			s.lender.pause()
		}
		current, err := openFile(s.todo[0], &s.read)
		if err != nil {
			s.leave(&DamagedError{Path: s.todo[0], Err: err})
			continue
		}
		current.reader.lend(s.lender)
		s.current = current
	}
}

// leave ends the file at the head of todo, because of err.
func (s *Sequence) leave(err error) {
	if damage, ok := errors.AsType[*DamagedError](err); ok {
		s.damages = append(s.damages, damage)
	}
	if s.current != nil {
		s.done.Add(s.current.stats)
		_ = s.current.Close() // only read, and read to its end
		s.current = nil
	}
	s.passed += s.sizes[0]
	s.todo, s.sizes = s.todo[1:], s.sizes[1:]
	if s.total > 0 {
		s.read.Store(s.passed) // what a damaged file did not give is not to come
	}
}

// Damages gives what could not be read of the files up to now, in their order.
// The caller owns the slice.
func (s *Sequence) Damages() []*DamagedError { return slices.Clone(s.damages) }

// Progress gives how many octets of the files were read, as they are on disk,
// and how many there are: 0 if that is not known, because one of them is
// standard input or a pipe. Any goroutine may call it.
func (s *Sequence) Progress() (read, total int64) {
	read = s.read.Load()
	if s.total > 0 {
		read = min(read, s.total) // a file may grow while it is read
	}
	return read, s.total
}

// Stats implements Source: the totals of all files up to now.
func (s *Sequence) Stats() (Stats, error) {
	sum := s.done
	if s.current != nil {
		sum.Add(s.current.stats)
	}
	return sum, nil
}

// Close implements Source.
func (s *Sequence) Close() error {
	if s.current == nil || s.closed {
		s.closed = true
		return nil
	}
	s.closed = true
	return s.current.Close()
}

// Add adds what another source counted.
func (s *Stats) Add(o Stats) {
	s.Frames += o.Frames
	s.Bytes += o.Bytes
	s.Dropped += o.Dropped
	s.Frozen += o.Frozen
}
