package capture

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// numbered is a capture of n frames that tell their number, over and over.
func numbered(n int) []byte {
	w := pcap(little, pcapMicro)
	for i := range n {
		data := number(i)
		w.record(uint32(i), 0, uint32(len(data)), string(data), "")
	}
	return w.b
}

func number(i int) []byte {
	return bytes.Repeat(big.AppendUint32(nil, uint32(i)), 50+i%200)
}

func toAll(*Frame) int { return ToAll }

// take reads one of the sources and wants frames files times numbered(n).
func take(t *testing.T, src Source, files, n int, every func(i int)) {
	var f Frame
	for i := 0; ; {
		switch err := src.Next(&f); {
		case errors.Is(err, ErrIdle):
			continue
		case errors.Is(err, io.EOF):
			stats, err := src.Stats()
			if i != files*n || err != nil || stats.Frames != uint64(i) {
				t.Errorf("%d frames came of %d; %+v, %v", i, files*n, stats, err)
			}
			if err := src.Next(&f); !errors.Is(err, io.EOF) || f.Data != nil {
				t.Errorf("after the end: %v", err)
			}
			return
		case err != nil:
			t.Error(err)
			return
		}
		every(i) // whoever reads ahead must not write over what is lent
		if want := number(i % n); !bytes.Equal(f.Data, want) || f.Number != uint64(i%n)+1 {
			t.Errorf("frame %d has number %d and %d octets, or other ones", i, f.Number, len(f.Data))
			return
		}
		i++
	}
}

// TestShareGivesEachReaderEveryFrame reads plain and packed files of many
// buffers, small ones among them, with readers of different speed.
func TestShareGivesEachReaderEveryFrame(t *testing.T) {
	const n = 12_000
	dir := t.TempDir()
	var paths []string
	for name, content := range map[string][]byte{"a.pcap": numbered(n), "b.pcap.gz": gzipped(t, numbered(n)), "c.pcap.zst": zstded(t, numbered(n))} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, content, 0o600))
		paths = append(paths, path)
	}
	for _, readers := range []int{1, 2, 5} {
		files := OpenFiles(paths)
		shared := Share(files, readers, toAll, nil)
		var wait sync.WaitGroup
		for r := range readers {
			wait.Go(func() {
				take(t, shared.Reader(r), len(paths), n, func(i int) {
					if i%(64<<r) == 0 {
						runtime.Gosched()
					}
				})
				must(t, shared.Reader(r).Close())
			})
		}
		wait.Wait()
		<-shared.Over()
		if d := files.Damages(); d != nil {
			t.Error(d)
		}
		must(t, files.Close())
	}
}

func TestShareGivesManySmallFiles(t *testing.T) {
	path := inFile(t, "small.pcap", numbered(3))
	paths := make([]string, 500)
	for i := range paths {
		paths[i] = path
	}
	shared := Share(OpenFiles(paths), 2, toAll, nil)
	var wait sync.WaitGroup
	for r := range 2 {
		wait.Go(func() { take(t, shared.Reader(r), len(paths), 3, func(int) {}) })
	}
	wait.Wait()
}

// TestShareSendsFramesWhereTheyBelong sends each frame to one of two readers, to
// both or to none, and wants what was left out to be told.
func TestShareSendsFramesWhereTheyBelong(t *testing.T) {
	const n = 30_000
	to := func(i int) int { return []int{0, ToNone, 1, ToAll, ToNone, 0, 0}[i%7] }
	for last := n - 7; last < n; last++ { // it goes to both, whichever it is
		i := 0
		shared := Share(OpenFiles([]string{inFile(t, "routed.pcap", numbered(last+1))}), 2, func(*Frame) int { i++; return to(i - 1) }, nil)
		var wait sync.WaitGroup
		for r := range 2 {
			wait.Go(func() {
				var f Frame
				var left Left
				src, next := shared.Reader(r), 0
				for {
					err := src.Next(&f)
					if errors.Is(err, ErrIdle) {
						continue
					}
					if err != nil {
						if stats, _ := src.Stats(); !errors.Is(err, io.EOF) || next != last+1 || stats.Frames != uint64(next) {
							t.Errorf("reader %d, last %d: %v after %d frames, %+v", r, last, err, next, stats)
						}
						return
					}
					left = Left{}
					for ; next < last && to(next) != r && to(next) != ToAll; next++ {
						left.add(&Frame{Time: at(int64(next), 0), Data: number(next)})
					}
					if chosen := to(next) == r; src.Chosen() != chosen && next != last {
						t.Errorf("reader %d: frame %d is chosen: %v", r, next+1, !chosen)
					}
					if *src.Left() != left || f.Number != uint64(next)+1 || !bytes.Equal(f.Data, number(next)) {
						t.Errorf("reader %d: frame %d came and %+v was left out, want %d and %+v", r, f.Number, *src.Left(), next+1, left)
						return
					}
					next++
				}
			})
		}
		wait.Wait()
	}
}

// A reader that is done with its work does not have to read to the end.
func TestShareEndsWhenItIsTold(t *testing.T) {
	done := make(chan struct{})
	shared := Share(OpenFiles([]string{inFile(t, "large.pcap", numbered(40_000))}), 2, toAll, done)
	src := shared.Reader(0)
	var f Frame
	for range 10 {
		for errors.Is(src.Next(&f), ErrIdle) {
			continue
		}
	}
	close(done)
	<-shared.Over()
	if f.Number != 10 {
		t.Errorf("the tenth frame is number %d", f.Number)
	}
	for range 40_000 {
		if err := src.Next(&f); err != nil {
			if !errors.Is(err, ErrIdle) {
				t.Errorf("after the end: %v", err)
			}
			return
		}
	}
	t.Error("all frames came")
}
