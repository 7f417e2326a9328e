package capture

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// formats are files with the same three frames: one whole, one empty, one cut
// when it was captured and yet longer than the snap length of its file.
func formats() map[string]*build {
	three := func(w *build, tick uint32, more string) *build {
		return w.record(1700000000, 123456*tick, 5, "whole", more).record(1700000001, 0, 60, "", more).
			record(1700000002, 999999*tick, 1500, "longer than sixteen octets", more)
	}
	ng := func(w *build) *build {
		return w.iface(1, 16).enhanced(0, 1700000000123456, 5, "whole").enhanced(0, 1700000001000000, 60, "").
			enhanced(0, 1700000002999999, 1500, "longer than sixteen octets")
	}
	return map[string]*build{
		"pcap, little-endian":              three(pcap(little, pcapMicro), 1, ""),
		"pcap, big-endian":                 three(pcap(big, pcapMicro), 1, ""),
		"pcap, nanoseconds, little-endian": three(pcap(little, pcapNano), 1000, ""),
		"pcap, nanoseconds, big-endian":    three(pcap(big, pcapNano), 1000, ""),
		"pcap, modified, little-endian":    three(pcap(little, pcapModified), 1, "IFIXPRTx"),
		"pcap, modified, big-endian":       three(pcap(big, pcapModified), 1, "IFIXPRTx"),
		"pcapng, little-endian":            ng(pcapng(little)),
		"pcapng, big-endian":               ng(pcapng(big)),
	}
}

func threeFrames(origin string) []Frame {
	return []Frame{
		{Time: at(1700000000, 123456000), Data: []byte("whole"), WireLen: 5, Number: 1, Link: 1, Origin: origin},
		{Time: at(1700000001, 0), Data: []byte{}, WireLen: 60, Number: 2, Link: 1, Origin: origin},
		{Time: at(1700000002, 999999000), Data: []byte("longer than sixteen octets"), WireLen: 1500, Number: 3, Link: 1, Origin: origin},
	}
}

func TestOpenFile(t *testing.T) {
	for format, w := range formats() {
		for packing, pack := range packings() {
			t.Run(format+", "+packing, func(t *testing.T) {
				path := inFile(t, "named.txt", pack(t, w.b))
				src, err := OpenFile(path)
				must(t, err)
				got, err := frames(src)
				if want := threeFrames(path); !reflect.DeepEqual(got, want) || err != io.EOF {
					t.Errorf("got %+v, %v\nwant %+v, EOF", got, err, want)
				}
				stats, err := src.Stats()
				if want := (Stats{Frames: 3, Bytes: 31}); stats != want || err != nil {
					t.Errorf("stats %+v, %v, want %+v", stats, err, want)
				}
				f := Frame{Number: 7}
				if err := src.Next(&f); err != io.EOF || !reflect.DeepEqual(f, Frame{}) {
					t.Errorf("after the end: %+v, %v", f, err)
				}
				must(t, src.Close())
				if err := src.Next(&f); err != os.ErrClosed {
					t.Errorf("after Close: %v", err)
				}
			})
		}
	}
}

func TestWhatPcapgoWrites(t *testing.T) {
	info := gopacket.CaptureInfo{Timestamp: at(1700000000, 123456789), CaptureLength: 5, Length: 9}
	writers := map[string]func(io.Writer) error{
		"pcap": func(out io.Writer) error {
			w := pcapgo.NewWriterNanos(out)
			return errors.Join(w.WriteFileHeader(65535, layers.LinkTypeRaw), w.WritePacket(info, []byte("hello")))
		},
		"pcapng": func(out io.Writer) error {
			w, err := pcapgo.NewNgWriter(out, layers.LinkTypeRaw)
			return errors.Join(err, w.WritePacket(info, []byte("hello")), w.Flush())
		},
	}
	want := []Frame{{Time: info.Timestamp, Data: []byte("hello"), WireLen: 9, Number: 1, Link: 101, Origin: "x"}}
	for format, write := range writers {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			must(t, write(&out))
			if got, err := readBytes(out.Bytes()); !reflect.DeepEqual(got, want) || err != io.EOF {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestStandardInput(t *testing.T) {
	in, err := os.Open(inFile(t, "x", pcap(little, pcapMicro).record(1, 2, 3, "abc", "").b))
	must(t, err)
	defer func(was *os.File) { os.Stdin = was }(os.Stdin)
	os.Stdin = in
	src, err := OpenFile("-")
	must(t, err)
	got, err := frames(src)
	want := []Frame{{Time: at(1, 2000), Data: []byte("abc"), WireLen: 3, Number: 1, Link: 1, Origin: "-"}}
	if !reflect.DeepEqual(got, want) || err != io.EOF {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	must(t, src.Close())
	if _, err := in.Stat(); err != nil {
		t.Errorf("Close closed standard input: %v", err)
	}
	must(t, in.Close())
}

func TestAFrameIsGivenBeforeTheNextIsWritten(t *testing.T) {
	for format, w := range formats() {
		t.Run(format, func(t *testing.T) {
			in, out := io.Pipe()
			read, done := make(chan bool), make(chan error)
			go func() { // another program; it waits for each frame to be read
				from := 0
				for i, end := range w.ends {
					_, _ = out.Write(w.b[from:end])
					if from = end; i >= len(w.ends)-3 {
						<-read
					}
				}
				done <- out.Close()
			}()
			src, err := OpenReader("x", in)
			must(t, err)
			var f Frame
			for range 3 {
				must(t, src.Next(&f))
				read <- true
			}
			must(t, <-done)
			must(t, src.Close())
		})
	}
}

func TestWhatIsNoCapture(t *testing.T) {
	const none = "x: not a capture file (pcap, pcapng, gzip or zstd of either)"
	tests := map[string]struct{ content, want string }{
		"empty file":          {"", none + ": it is empty"},
		"one octet":           {"\n", none},
		"text":                {"No.\tTime\tSource\n", none},
		"snoop":               {"snoop\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04", none},
		"Network Monitor":     {"GMBU\x00\x02\x01\x00", none},
		"text in gzip":        {string(gzipped(t, []byte("text"))), none},
		"nothing in gzip":     {string(gzipped(t, nil)), none + ": it is empty"},
		"a capture twice in":  {string(gzipped(t, zstded(t, formats()["pcap, big-endian"].b))), none},
		"half a gzip header":  {"\x1f\x8b\x08\x00", "x: the compressed data ended too early"},
		"no gzip after all":   {"\x1f\x8bhello, world", "x: gzip: invalid header"},
		"half a zstd header":  {"\x28\xb5\x2f\xfd\x04", "x: the compressed data ended too early"},
		"terabytes of window": {"\x28\xb5\x2f\xfd\x00\xf8\x01\x00\x00", "x: zstd window of more than 32 MiB: unpack it with zstd -dc --long=31 and give it on standard input"},
		"half a pcap header":  {string(pcap(big, pcapNano).b[:23]), "x: the file ended in the middle of its own header"},
		"half a section":      {string(pcapng(big).b[:27]), "x: the file ended in the middle of its own header"},
		"pcap of 1993":        {"\xd4\xc3\xb2\xa1\x02\x00\x02\x00" + strings.Repeat("\x00", 16), "x: pcap version 2.2 cannot be read, only 2.4 (of 1998 and later)"},
		"pcapng of 2093": {string((&build{AppendByteOrder: big}).block(ngSection, (&build{AppendByteOrder: big}).
			u32(ngByteOrder).u16(2, 1).u32(0, 0).b).b), "x: pcapng version 2.1 cannot be read, only 1"},
		"pcapng of a third byte order": {"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x1a\x2b", "x: a section header without byte order: 0x2b1a3c4d"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := OpenReader("x", strings.NewReader(tt.content))
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if is := errors.Is(err, ErrNotCapture); is != strings.HasPrefix(tt.want, none) {
				t.Errorf("%v is ErrNotCapture: %t", err, is)
			}
		})
	}
}

func TestOpenFileOfNoFile(t *testing.T) {
	folder := t.TempDir()
	_, err := OpenFile(folder)
	if want := folder + ": not a capture file (pcap, pcapng, gzip or zstd of either): it is a folder"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = OpenFile(folder + "/none")
	if want := "open " + folder + "/none: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	for format, w := range formats() {
		for packing, pack := range packings() {
			t.Run(format+", "+packing, func(t *testing.T) {
				last := w.b[w.ends[len(w.ends)-2]:]
				src, err := OpenReader("x", bytes.NewReader(pack(t, slices.Concat(w.b, bytes.Repeat(last, 30_000)))))
				must(t, err)
				var f Frame
				next := func() { must(t, src.Next(&f)) }
				for range 10_000 {
					next() // fills buffers for once
				}
				if n := testing.AllocsPerRun(10_000, next); n != 0 {
					t.Errorf("%v allocations a frame", n)
				}
			})
		}
	}
}

func TestOpeningAllocatesLittle(t *testing.T) {
	// A snap length and a frame of 4 GiB each.
	w := (&build{AppendByteOrder: little}).u32(pcapMicro).u16(2, 4).u32(0, 0, 0xffffffff, 1)
	w.record(1, 1, 3, "abc", "").u32(1, 1, 0xffffffff, 0xffffffff)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := readBytes(w.b)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
		t.Errorf("%d octets allocated", n)
	}
	if len(got) != 1 || err.Error() != "x: damaged at packet 2: a frame of 4294967295 octets is claimed, and none is longer than 262144; everything before it was read" {
		t.Errorf("%d frames, %v", len(got), err)
	}
}

func TestReadingStartsNoGoroutine(t *testing.T) {
	for packing, pack := range packings() {
		t.Run(packing, func(t *testing.T) {
			before := runtime.NumGoroutine()
			src, err := OpenReader("x", bytes.NewReader(pack(t, formats()["pcap, big-endian"].b)))
			must(t, err)
			must(t, src.Next(&Frame{}))
			if after := runtime.NumGoroutine(); after > before {
				t.Errorf("%d goroutines were started", after-before)
			}
			must(t, src.Close())
		})
	}
}
