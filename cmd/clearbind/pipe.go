package main

import (
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/clearbind/clearbind/capture"
)

const (
	loadFrames = 1024
	loadOctets = 1 << 20 // and one frame
	idleTick   = 250 * time.Millisecond
)

// pipe reads a source that may wait for its writer, standard input or a named
// pipe, in a goroutine of its own: a read of a pipe cannot be interrupted, and
// alerts found so far must not wait for the next packet. It implements
// capture.Source for one goroutine, and gives ErrIdle.
//
// Two loads of frames go back and forth, one being filled and one being taken,
// so the price is a copy of each frame and no more.
type pipe struct {
	src  capture.Source  // of fill alone, until it is over
	done <-chan struct{} // closed: Next no longer waits
	tick *time.Ticker
	some chan struct{} // holds 1: frames, or the end, are there to be taken
	room chan struct{} // holds 1: a load was taken
	over chan struct{} // closed when fill has returned

	mu      sync.Mutex
	filling *load
	err     error // the last of src; comes after filling

	taking *load
	next   int // of taking.frames
	stats  capture.Stats
}

// load is frames with their octets, which the pipe owns.
type load struct {
	frames []capture.Frame
	octets []byte
}

func openPipe(src capture.Source, done <-chan struct{}) *pipe {
	p := &pipe{
		src: src, done: done, tick: time.NewTicker(idleTick), filling: new(load), taking: new(load),
		some: make(chan struct{}, 1), room: make(chan struct{}, 1), over: make(chan struct{}),
	}
	// Owns src. Ends with it, or with done; if it hangs in a read by then, with
	// the process: nothing else ends a read of a pipe.
	go p.fill()
	return p
}

// fill reads src to its end.
func (p *pipe) fill() {
	defer close(p.over)
	var f capture.Frame
	for {
		err := p.src.Next(&f)
		p.mu.Lock()
		if err == nil {
			p.filling.add(&f)
		}
		p.err = err
		full := p.filling.full()
		p.mu.Unlock()
		notify(p.some)
		if err != nil {
			return
		}
		for full {
			select {
			case <-p.room: // perhaps for the load before this one
				p.mu.Lock()
				full = p.filling.full()
				p.mu.Unlock()
			case <-p.done:
				return
			}
		}
	}
}

// Next implements capture.Source.
func (p *pipe) Next(f *capture.Frame) error {
	for p.next == len(p.taking.frames) {
		*f = capture.Frame{}
		if err := p.swap(); err != nil {
			return err
		}
		if len(p.taking.frames) > 0 {
			break
		}
		select {
		case <-p.some:
		case <-p.tick.C:
			return capture.ErrIdle
		case <-p.done:
			return capture.ErrIdle
		}
	}
	*f = p.taking.frames[p.next]
	p.next++
	p.stats.Frames++
	p.stats.Bytes += uint64(len(f.Data))
	return nil
}

// swap hands the load that was taken back, for the one that was filled. An
// error says that there is none and will be none.
func (p *pipe) swap() error {
	p.taking.wipe()
	p.next = 0
	p.mu.Lock()
	p.taking, p.filling = p.filling, p.taking
	err := p.err
	p.mu.Unlock()
	notify(p.room)
	if len(p.taking.frames) > 0 {
		return nil
	}
	return err
}

// Stats implements capture.Source: of the frames that were taken.
func (p *pipe) Stats() (capture.Stats, error) { return p.stats, nil }

// ended says whether the source below is free: whether its end was read.
func (p *pipe) ended() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

// Close implements capture.Source. A source that hangs in a read is left to
// the end of the process.
func (p *pipe) Close() error {
	p.tick.Stop()
	if !p.ended() {
		return nil
	}
	return p.src.Close()
}

// add copies a frame. Where octets has to grow, frames that are there already
// keep what they point to.
func (l *load) add(f *capture.Frame) {
	from := len(l.octets)
	l.octets = append(l.octets, f.Data...)
	l.frames = append(l.frames, *f)
	l.frames[len(l.frames)-1].Data = slices.Clip(l.octets[from:])
}

func (l *load) full() bool { return len(l.frames) >= loadFrames || len(l.octets) >= loadOctets }

func (l *load) wipe() {
	clear(l.octets)
	clear(l.frames)
	l.octets, l.frames = l.octets[:0], l.frames[:0]
}

// notify leaves word, unless word is there already.
func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// piped says whether one of files can be read only once, and may keep its
// reader waiting.
func piped(files []string) bool {
	return slices.ContainsFunc(files, func(path string) bool {
		if path == "-" {
			return true
		}
		info, err := os.Stat(path)
		return err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeCharDevice) != 0
	})
}
