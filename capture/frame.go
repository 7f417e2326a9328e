package capture

import (
	"errors"
	"time"
)

// Frame is one link-layer frame, borrowed from the Source that filled it.
type Frame struct {
	Time    time.Time // from the kernel or the file, never time.Now
	Data    []byte    // borrowed: valid until the next call of Next or Close
	WireLen int       // octets on the wire; more than len(Data) if the capture was cut
	Number  uint64    // place in its file or since the interface was opened, from 1: Wireshark's frame.number
	Link    uint16    // LINKTYPE_ value; a pcapng file may mix several. gopacket's type for it has 8 bits, SLL2 needs 9
	Origin  string    // the file's path or the interface's name
	VLAN    uint16    // tag the kernel took out of the header and handed over beside it; 0: none
}

// Source yields frames in arrival order. One goroutine owns it.
type Source interface {
	// Next wipes and fills f. ErrIdle: nothing arrived for one tick, call again.
	// io.EOF: everything was read. Any other error is final for this source;
	// a *DamagedError says that what came before it was readable.
	Next(f *Frame) error
	// Stats are totals since the source was opened.
	Stats() (Stats, error)
	Close() error
}

// ErrIdle is Next's word for a tick without a frame, so that the reader can
// look at its clock; only live sources give it.
var ErrIdle = errors.New("no frame within one tick")

// Stats counts what a source delivered and lost since it was opened.
type Stats struct {
	Frames  uint64
	Bytes   uint64 // captured octets of the frames delivered
	Dropped uint64 // frames the kernel had no room for
	Frozen  uint64 // times the ring was full and the queue stood still
}
