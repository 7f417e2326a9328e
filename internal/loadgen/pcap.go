package loadgen

import (
	"encoding/binary"
	"io"
	"time"
)

// began is the time of the first packet.
const began = 1772356502 // 2026-03-01 09:15:02 UTC

// writer writes frames as a pcap file with microseconds, many at once.
type writer struct {
	out    io.Writer
	buf    []byte
	now    time.Duration // since began
	octets int64
	err    error // the first
}

const flushAt = 1 << 20

func newWriter(out io.Writer) *writer {
	w := &writer{out: out, buf: make([]byte, 0, flushAt+1<<16)}
	w.buf = binary.LittleEndian.AppendUint32(w.buf, 0xa1b2c3d4)
	w.buf = append(w.buf, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, 256<<10)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, 1) // Ethernet
	w.octets = int64(len(w.buf))
	return w
}

// begin starts a frame and gives where its octets begin in buf; what is
// appended until end is the frame.
func (w *writer) begin() int {
	b := binary.LittleEndian.AppendUint32(w.buf, began+uint32(w.now/time.Second))
	b = binary.LittleEndian.AppendUint32(b, uint32(w.now%time.Second/time.Microsecond))
	w.buf = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	return len(w.buf)
}

// end ends the frame that began at.
func (w *writer) end(at int) {
	n := uint32(len(w.buf) - at)
	binary.LittleEndian.PutUint32(w.buf[at-8:], n)
	binary.LittleEndian.PutUint32(w.buf[at-4:], n)
	w.octets += int64(n) + 16
	if len(w.buf) >= flushAt {
		w.flush()
	}
}

func (w *writer) flush() {
	if _, err := w.out.Write(w.buf); err != nil && w.err == nil {
		w.err = err
	}
	w.buf = w.buf[:0]
}
