package capture

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"
)

func TestCutAtEveryOctet(t *testing.T) {
	whole := threeFrames("x")
	for format, w := range formats() {
		t.Run(format, func(t *testing.T) {
			first := w.ends[len(w.ends)-4] // the end of all that comes before the first frame
			for size := range w.b {
				got, err := readBytes(w.b[:size])
				if size < w.ends[0] {
					if got != nil || err == nil || size >= 4 && !errors.Is(err, io.ErrUnexpectedEOF) {
						t.Fatalf("cut in the header at %d: %v, %v", size, got, err)
					}
					continue
				}
				n := 0
				for _, end := range w.ends[len(w.ends)-3:] {
					if size >= end {
						n++
					}
				}
				if len(got) != n || n > 0 && !reflect.DeepEqual(got, whole[:n]) {
					t.Fatalf("cut at %d: %+v, want the first %d frames", size, got, n)
				}
				if slices.Contains(w.ends, size) {
					if err != io.EOF {
						t.Fatalf("ended at %d, between frames: %v", size, err)
					}
					continue
				}
				var damage *DamagedError
				if !errors.As(err, &damage) || damage.Packet != uint64(n)+1 || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("cut at %d: %v, want packet %d to be cut", size, err, n+1)
				}
				if size > first && damage.Offset != int64(w.ends[len(w.ends)-4+n]) {
					t.Fatalf("cut at %d: offset %d, want %d", size, damage.Offset, w.ends[len(w.ends)-4+n])
				}
			}
		})
	}
}

func TestCompressedCutAtEveryOctet(t *testing.T) {
	whole := threeFrames("x")
	for format, w := range formats() {
		for packing, pack := range packings() {
			if packing == "plain" {
				continue
			}
			t.Run(format+", "+packing, func(t *testing.T) {
				packed := pack(t, w.b)
				for size := range packed {
					got, err := readBytes(packed[:size])
					if len(got) > 0 && !reflect.DeepEqual(got, whole[:len(got)]) {
						t.Fatalf("cut at %d: %+v", size, got)
					}
					if err == io.EOF && len(got) < 3 && packing != "gzip of two members" || err == nil {
						t.Fatalf("cut at %d: %d frames, %v", size, len(got), err)
					}
				}
			})
		}
	}
}

func TestDamagedError(t *testing.T) {
	w := formats()["pcap, little-endian"]
	packed := gzipped(t, w.b)
	tests := map[string]struct {
		content []byte
		want    DamagedError
		says    string
	}{
		"a frame that is cut": {
			w.b[:len(w.b)-1], DamagedError{Path: "x", Packet: 3, Offset: 61, Err: cutFrame},
			"x: cut short in packet 3: the capture ended in the middle of a frame; everything before it was read"},
		"a block that is cut": {
			pcapng(big).iface(1, 0).b[:40], DamagedError{Path: "x", Packet: 1, Offset: 28, Err: cutBlock},
			"x: cut short in packet 1: the capture ended in the middle of a block; everything before it was read"},
		"gzip that is cut after the last frame": {
			packed[:len(packed)-8], DamagedError{Path: "x", Packet: 4, Offset: int64(len(w.b)), Err: cutPacked},
			"x: cut short in packet 4: the compressed data ended too early; everything before it was read"},
		"a length that cannot be": {
			slices.Concat(w.b, []byte("0123456789abcdef")), DamagedError{Path: "x", Packet: 4, Offset: int64(len(w.b)), Err: errFrameSize(0x62613938)},
			"x: damaged at packet 4: a frame of 1650538808 octets is claimed, and none is longer than 262144; everything before it was read"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := readBytes(tt.content)
			var damage *DamagedError
			if !errors.As(err, &damage) || !reflect.DeepEqual(*damage, tt.want) || err.Error() != tt.says {
				t.Errorf("got  %v (%+v)\nwant %s", err, damage, tt.says)
			}
		})
	}
}

func TestDamageDoesNotGoAway(t *testing.T) {
	src, err := OpenFile(inFile(t, "x", formats()["pcapng, big-endian"].b[:70]))
	must(t, err)
	var f Frame
	first := src.Next(&f)
	f.Number = 7
	if again := src.Next(&f); first == nil || again != first || !reflect.DeepEqual(f, Frame{}) {
		t.Errorf("first %v, then %v and %+v", first, again, f)
	}
	must(t, src.Close())
}
