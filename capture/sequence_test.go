package capture

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
)

// rotated gives a folder of capture files as tcpdump rotates them, one of them cut.
func rotated(t testing.TB) (paths []string, size int64) {
	folder := t.TempDir()
	one := func(n uint32, data string) []byte {
		return pcap(little, pcapMicro).record(n, 0, 3, data, "").record(n, 1, 3, data, "").b
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{
		{"a.pcap", one(1, "abc")}, {"b.pcap", one(2, "def")[:50]}, {"c.pcap.gz", gzipped(t, one(3, "ghi"))},
	} {
		path := filepath.Join(folder, f.name)
		must(t, os.WriteFile(path, f.content, 0o600))
		paths, size = append(paths, path), size+int64(len(f.content))
	}
	return paths, size
}

func TestSequence(t *testing.T) {
	paths, size := rotated(t)
	a, b, c := paths[0], paths[1], paths[2]
	gone := filepath.Join(t.TempDir(), "gone")
	text := inFile(t, "text", []byte("text"))
	s := OpenFiles([]string{a, gone, b, text, c})
	got, err := frames(s)
	want := []Frame{
		{Time: at(1, 0), Data: []byte("abc"), WireLen: 3, Number: 1, Link: 1, Origin: a},
		{Time: at(1, 1000), Data: []byte("abc"), WireLen: 3, Number: 2, Link: 1, Origin: a},
		{Time: at(2, 0), Data: []byte("def"), WireLen: 3, Number: 1, Link: 1, Origin: b},
		{Time: at(3, 0), Data: []byte("ghi"), WireLen: 3, Number: 1, Link: 1, Origin: c},
		{Time: at(3, 1000), Data: []byte("ghi"), WireLen: 3, Number: 2, Link: 1, Origin: c},
	}
	if !reflect.DeepEqual(got, want) || err != io.EOF {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	var says []string
	for _, damage := range s.Damages() {
		says = append(says, damage.Error())
	}
	wantSays := []string{
		"open " + gone + ": no such file or directory",
		b + ": cut short in packet 2: the capture ended in the middle of a frame; everything before it was read",
		text + ": not a capture file (pcap, pcapng, gzip or zstd of either)",
	}
	if !reflect.DeepEqual(says, wantSays) {
		t.Errorf("damages %q\nwant %q", says, wantSays)
	}
	if d := s.Damages()[0]; d.Path != gone || d.Packet != 0 || !errors.Is(d, fs.ErrNotExist) {
		t.Errorf("an open error became %+v", d)
	}
	if stats, err := s.Stats(); stats != (Stats{Frames: 5, Bytes: 15}) || err != nil {
		t.Errorf("stats %+v, %v", stats, err)
	}
	if read, total := s.Progress(); read != size+4 || total != size+4 {
		t.Errorf("progress %d of %d, want all of %d", read, total, size+4)
	}
	must(t, s.Close())
	if err := s.Next(&Frame{}); err != os.ErrClosed {
		t.Errorf("after Close: %v", err)
	}
}

func TestSequenceOfNothing(t *testing.T) {
	for name, s := range map[string]*Sequence{"zero": {}, "no paths": OpenFiles(nil)} {
		t.Run(name, func(t *testing.T) {
			f := Frame{Number: 7}
			if err := s.Next(&f); err != io.EOF || !reflect.DeepEqual(f, Frame{}) {
				t.Errorf("%+v, %v", f, err)
			}
			if read, total := s.Progress(); read != 0 || total != 0 || s.Damages() != nil {
				t.Errorf("progress %d of %d, damages %v", read, total, s.Damages())
			}
			must(t, s.Close())
		})
	}
}

func TestSequenceClosedInTheMiddle(t *testing.T) {
	paths, _ := rotated(t)
	s := OpenFiles(paths)
	var f Frame
	must(t, s.Next(&f))
	if stats, _ := s.Stats(); stats != (Stats{Frames: 1, Bytes: 3}) {
		t.Errorf("stats in the middle %+v", stats)
	}
	must(t, s.Close())
	must(t, s.Close())
	if err := s.Next(&f); err != os.ErrClosed {
		t.Errorf("after Close: %v", err)
	}
	if stats, _ := s.Stats(); stats != (Stats{Frames: 1, Bytes: 3}) || s.Damages() != nil {
		t.Errorf("after Close: %+v, %v", stats, s.Damages())
	}
}

func TestProgressIsReadByAnotherGoroutine(t *testing.T) {
	paths, size := rotated(t)
	s := OpenFiles(paths)
	var bar sync.WaitGroup
	bar.Go(func() {
		for last := int64(0); last < size; {
			read, total := s.Progress()
			if read < last || read > total || total != size {
				t.Errorf("progress %d of %d after %d", read, total, last)
				return
			}
			last = read
		}
	})
	_, _ = frames(s)
	bar.Wait()
}

func TestProgressWithoutATotal(t *testing.T) {
	paths, _ := rotated(t)
	s := OpenFiles([]string{paths[0], os.DevNull, paths[0]})
	_, err := frames(s)
	if read, total := s.Progress(); read != 2*62 || total != 0 || err != io.EOF {
		t.Errorf("progress %d of %d, %v", read, total, err)
	}
}

func TestPoison(t *testing.T) {
	src, err := OpenFile(inFile(t, "x", formats()["pcapng, big-endian"].b))
	must(t, err)
	src = Poison(src)
	poison := func(n int) []byte {
		return []byte("\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb")[:n]
	}
	var first, f Frame
	must(t, src.Next(&first))
	if want := threeFrames(first.Origin)[0]; !reflect.DeepEqual(first, want) {
		t.Errorf("first %+v, want %+v", first, want)
	}
	must(t, src.Next(&f))
	must(t, src.Next(&f))
	if want := threeFrames(f.Origin)[2]; !reflect.DeepEqual(f, want) {
		t.Errorf("third %+v, want %+v", f, want)
	}
	if string(first.Data) != string(poison(5)) {
		t.Errorf("kept after Next: %x", first.Data)
	}
	if stats, err := src.Stats(); stats != (Stats{Frames: 3, Bytes: 31}) || err != nil {
		t.Errorf("stats %+v, %v", stats, err)
	}
	must(t, src.Close())
	if string(f.Data) != string(poison(26)) {
		t.Errorf("kept after Close: %x", f.Data)
	}
}
