package capture

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// lending turns the buffers of a window, and keeps what they were like.
type lending struct {
	size  int
	full  [][]byte
	were  [][]byte
	reads int
}

func (l *lending) turn(full []byte) []byte {
	l.full, l.were = append(l.full, full), append(l.were, bytes.Clone(full))
	return make([]byte, l.size)
}

func (l *lending) pause() { l.reads++ }

// TestWindowIsABufioReader does the same to both.
func TestWindowIsABufioReader(t *testing.T) {
	errBroken := errors.New("broken")
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		content := make([]byte, r.IntN(60_000))
		for i := range content {
			content[i] = byte(r.Uint32())
		}
		const size = 8 << 10
		source := func(seed uint64) io.Reader {
			var src io.Reader = bytes.NewReader(content)
			if seed%3 == 1 {
				src = io.MultiReader(src, iotest.ErrReader(errBroken))
			}
			if seed%2 == 1 {
				src = &stutter{src, rand.New(rand.NewPCG(seed, 4))}
			}
			return src
		}
		want, w := bufio.NewReaderSize(source(seed), size), newWindow(source(seed), size)
		var l *lending
		if seed%4 > 1 {
			l = &lending{size: size}
			w.lender = l
		}
		for range 200 {
			n := r.IntN(size)
			switch r.IntN(3) {
			case 0:
				a, errA := want.Peek(n)
				b, errB := w.Peek(n)
				if !bytes.Equal(a, b) || errA != errB {
					t.Fatalf("seed %d: %d octets are shown and %v, want %d and %v", seed, len(b), errB, len(a), errA)
				}
			case 1:
				a, errA := want.Discard(n)
				b, errB := w.Discard(n)
				if a != b || errA != errB {
					t.Fatalf("seed %d: %d octets are passed over and %v, want %d and %v", seed, b, errB, a, errA)
				}
			case 2: // how much one Read gives is not the same
				a, b := make([]byte, n), make([]byte, n)
				_, errA := io.ReadFull(want, a)
				_, errB := io.ReadFull(w, b)
				if !bytes.Equal(a, b) || errA != errB {
					t.Fatalf("seed %d: read with %v, want %v, or other octets", seed, errB, errA)
				}
			}
		}
		if l == nil {
			continue
		}
		if len(content) > 5*size && (len(l.full) == 0 || l.reads < len(l.full)) {
			t.Errorf("seed %d: %d buffers were turned, %d reads", seed, len(l.full), l.reads)
		}
		for i := range l.full {
			if !bytes.Equal(l.full[i], l.were[i]) {
				t.Fatalf("seed %d: a buffer that was lent has changed", seed)
			}
		}
	}
}

// stutter gives a few octets at a time.
type stutter struct {
	src io.Reader
	r   *rand.Rand
}

func (s *stutter) Read(p []byte) (int, error) {
	return s.src.Read(p[:min(len(p), 1+s.r.IntN(3000))])
}

func TestWindowDoesNotWaitForANothing(t *testing.T) {
	w := newWindow(iotest.ErrReader(nil), 64)
	if _, err := w.Peek(1); err != io.ErrNoProgress {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}
