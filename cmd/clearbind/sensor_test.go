package main

import (
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/loadgen"
)

// aSource gives the frames of a list, and then what end gives.
type aSource struct {
	frames []capture.Frame
	end    func() error
}

func (a *aSource) Next(f *capture.Frame) error {
	if len(a.frames) == 0 {
		return a.end()
	}
	*f, a.frames = a.frames[0], a.frames[1:]
	return nil
}

func (a *aSource) Stats() (capture.Stats, error) { return capture.Stats{}, nil }
func (a *aSource) Close() error                  { return nil }

// plainFrame is an acknowledgement between two ports.
func plainFrame(src, dst uint16) capture.Frame {
	data := []byte{
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		byte(src >> 8), byte(src), byte(dst >> 8), byte(dst), 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 16, 0, 0, 0, 0, 0, 0,
	}
	return capture.Frame{Link: 1, Data: data, WireLen: len(data), Time: time.Unix(1, 0).UTC()}
}

// A panic costs the frame it came with and nothing else: here each frame is
// one, as there is no engine.
func TestAPanicCostsAFrame(t *testing.T) {
	frames := []capture.Frame{plainFrame(5000, 389), plainFrame(5000, 80), plainFrame(389, 5000)}
	s := &sensor{src: &aSource{frames: frames, end: func() error { return io.EOF }}, log: slog.New(slog.DiscardHandler)}
	for i := range frames {
		if err := s.frames(); err != nil || s.panics != uint64(i+1) || s.order != uint64(i+1) {
			t.Errorf("after frame %d: %v, %d panics, %d frames", i+1, err, s.panics, s.order)
		}
	}
	if err := s.frames(); !errors.Is(err, io.EOF) || s.panics != 3 {
		t.Errorf("at the end: %v, %d panics", err, s.panics)
	}
}

// A frame that all workers fail at alike counts once; what they do with it each
// for itself counts for each.
func TestAPanicCountsOnce(t *testing.T) {
	for link, want := range map[uint16]uint64{
		1:   1, // without an engine, it fails before anybody knows whose it is
		999: 2, // of no kind: only the engines' time goes on
	} {
		sum := uint64(0)
		for index := range 2 {
			f := plainFrame(5000, 389)
			f.Link = link
			s := &sensor{src: &aSource{frames: []capture.Frame{f}, end: func() error { return io.EOF }}, log: slog.New(slog.DiscardHandler), index: index, workers: 2}
			if err := s.frames(); err != nil {
				t.Fatal(err)
			}
			sum += s.panics
		}
		if sum != want {
			t.Errorf("link %d: %d panics, want %d", link, sum, want)
		}
	}
}

// The goroutine that reads for several workers leaves a frame that makes it fail
// to them.
func TestAPanicOfTheRouterIsLeftToTheWorkers(t *testing.T) {
	r := &router{workers: 2} // without ports: to ask for one fails
	frame := plainFrame(5000, 389)
	for range 3 { // the first is a step of packet time anyway
		if to := r.route(&frame); to != capture.ToAll {
			t.Errorf("sent to %d", to)
		}
	}
}

// What is wrong with a source is not a frame's fault: going on would not end.
func TestAPanicOfTheSourceIsNotSurvived(t *testing.T) {
	s := &sensor{src: &aSource{end: func() error { panic("source") }}, log: slog.New(slog.DiscardHandler)}
	defer func() {
		if r := recover(); r != "source" || s.panics != 0 {
			t.Errorf("recovered %v, %d panics", r, s.panics)
		}
	}()
	_ = s.frames()
	t.Error("went on")
}

// TestFramesAllocateNothing takes frames through decoder and engine: other
// traffic, and segments of LDAP that complete no new alert.
func TestFramesAllocateNothing(t *testing.T) {
	path, _ := made(t, loadgen.Config{Connections: 3, SimpleOnly: true, Searches: 2})
	var ldap []capture.Frame
	src, err := capture.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f capture.Frame
	for err = src.Next(&f); err == nil; err = src.Next(&f) {
		f.Data = append([]byte(nil), f.Data...)
		ldap = append(ldap, f)
	}
	for name, frames := range map[string][]capture.Frame{
		"other ports":       {plainFrame(5000, 80), plainFrame(443, 6000)},
		"ARP":               {{Link: 1, Data: []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1}, WireLen: 16, Time: f.Time}},
		"acknowledgements":  {plainFrame(5000, 389), plainFrame(389, 5000)},
		"LDAP, once more":   ldap, // second copies of everything
		"a link of no kind": {{Link: 999, Data: []byte{1, 2, 3}, WireLen: 3, Time: f.Time}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sensor{engine: detect.New(detect.Config{RepeatInterval: -1}), workers: 2, index: 0}
			if len(frames) > 10 {
				s.workers = 1
			}
			round := func() {
				for i := range frames {
					s.order++
					s.handle(&frames[i])
				}
			}
			round()
			s.engine.Take(nil)
			if n := testing.AllocsPerRun(50, round); n != 0 {
				t.Errorf("%v allocations", n)
			}
			if sum := sumOf(s.undecoded); sum != s.order {
				t.Errorf("%d frames counted of %d", sum, s.order)
			}
		})
	}
}

func sumOf(list [decode.NumReasons]uint64) (sum uint64) {
	for _, n := range list {
		sum += n
	}
	return sum
}
