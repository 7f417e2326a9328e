package capture

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"testing"
	"testing/iotest"
)

// FuzzOpen holds any content to what Source promises, and to a bound on memory.
func FuzzOpen(f *testing.F) {
	for _, w := range formats() {
		for _, pack := range packings() {
			f.Add(pack(f, w.b))
		}
		f.Add(w.b[:len(w.b)-1])
	}
	f.Add(pcapng(big).iface(1, 0, 0, 9, 0, 1, 0xff, 0, 0, 0).simple(3, "abc").obsolete(0, 1, 2, "de").block(10, nil).section().b)
	f.Add([]byte("\x28\xb5\x2f\xfd\x00\x78\x03\x00\x00abc"))
	f.Fuzz(func(t *testing.T, content []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		frames, octets, err := drain(t, bytes.NewReader(content))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
			t.Fatalf("%d octets allocated for %d", n, len(content))
		}
		// However the octets arrive, they are the same frames.
		frames2, octets2, err2 := drain(t, iotest.HalfReader(bytes.NewReader(content)))
		if frames != frames2 || octets != octets2 || !reflect.DeepEqual(err, err2) {
			t.Fatalf("%d frames of %d octets, %v; in pieces %d of %d, %v", frames, octets, err, frames2, octets2, err2)
		}
	})
}

// drain reads what there is, up to a number of frames that a few octets of
// zstd can exceed, and checks each.
func drain(t *testing.T, r io.Reader) (n, octets uint64, err error) {
	src, err := OpenReader("x", r)
	if err != nil {
		return 0, 0, err
	}
	for n < 10_000 {
		f := Frame{Number: 99, VLAN: 99}
		if err = src.Next(&f); err != nil {
			if !reflect.DeepEqual(f, Frame{}) {
				t.Fatalf("%+v with %v", f, err)
			}
			break
		}
		n, octets = n+1, octets+uint64(len(f.Data))
		if f.Number != n || f.Origin != "x" || f.VLAN != 0 || len(f.Data) > maxFrame || f.WireLen < len(f.Data) || f.Time.Year() > 9999 {
			t.Fatalf("frame %d: %+v", n, f)
		}
	}
	var damage *DamagedError
	if err != nil && err != io.EOF && (!errors.As(err, &damage) || damage.Packet != n+1 || damage.Offset < 0) {
		t.Fatalf("after frame %d: %#v", n, err)
	}
	if stats, statsErr := src.Stats(); stats != (Stats{Frames: n, Bytes: octets}) || statsErr != nil {
		t.Fatalf("stats %+v, %v after %d frames of %d octets", stats, statsErr, n, octets)
	}
	if closeErr := src.Close(); closeErr != nil && err == io.EOF {
		t.Fatalf("close: %v", closeErr)
	}
	return n, octets, err
}
