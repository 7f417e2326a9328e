package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/clearbind/clearbind/capture"
)

// script is a source that gives frames as a test lets it.
type script struct {
	frames chan string // closed: the end
	n      uint64
}

func (s *script) Next(f *capture.Frame) error {
	data, ok := <-s.frames
	if !ok {
		*f = capture.Frame{}
		return io.EOF
	}
	s.n++
	*f = capture.Frame{Data: []byte(data), Number: s.n, WireLen: len(data)}
	return nil
}

func (s *script) Stats() (capture.Stats, error) { return capture.Stats{Frames: s.n}, nil }
func (s *script) Close() error                  { return nil }

// drain reads p to its end and gives the frames' data, in words.
func drain(t *testing.T, p *pipe) (all []string) {
	t.Helper()
	var f capture.Frame
	for {
		switch err := p.Next(&f); {
		case err == nil:
			all = append(all, fmt.Sprintf("%d %s", f.Number, f.Data))
		case errors.Is(err, io.EOF):
			return all
		case !errors.Is(err, capture.ErrIdle):
			t.Fatal(err)
		}
	}
}

func TestPipeGivesEveryFrameInOrder(t *testing.T) {
	var want []string
	src := &script{frames: make(chan string)}
	go func() {
		for i := range 10 * loadFrames {
			src.frames <- fmt.Sprint("frame ", i)
		}
		close(src.frames)
	}()
	for i := range 10 * loadFrames {
		want = append(want, fmt.Sprintf("%d frame %d", i+1, i))
	}
	// Borrowed octets that are not copied read as poison.
	p := openPipe(capture.Poison(src), make(chan struct{}))
	if have := drain(t, p); !slices.Equal(have, want) {
		t.Errorf("%d frames came, the last %q; %d went in", len(have), have[max(0, len(have)-1):], len(want))
	}
	stats, err := p.Stats()
	if err != nil || stats.Frames != uint64(len(want)) {
		t.Errorf("stats %+v, %v", stats, err)
	}
	if !p.ended() {
		t.Error("the source is not free after its end")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestPipeIsIdleWhileItsWriterIsSilent(t *testing.T) {
	src := &script{frames: make(chan string, 1)}
	p := openPipe(src, make(chan struct{}))
	src.frames <- "one"
	var f capture.Frame
	for {
		err := p.Next(&f)
		if err == nil {
			break
		}
		if !errors.Is(err, capture.ErrIdle) {
			t.Fatal(err)
		}
	}
	if err := p.Next(&f); !errors.Is(err, capture.ErrIdle) {
		t.Errorf("a silent writer gives %v", err)
	}
	close(src.frames)
	drain(t, p)
}

func TestPipeThatHangsIsLeftBehind(t *testing.T) {
	done := make(chan struct{})
	src := &script{frames: make(chan string)} // never gives anything
	p := openPipe(src, done)
	close(done)
	var f capture.Frame
	if err := p.Next(&f); !errors.Is(err, capture.ErrIdle) {
		t.Errorf("after its end Next gives %v", err)
	}
	if p.ended() {
		t.Error("the source is said to be free while it is read")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	close(src.frames)
}
