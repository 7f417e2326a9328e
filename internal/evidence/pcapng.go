package evidence

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode"
)

// Blocks and options of pcapng (draft-ietf-opsawg-pcapng).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6

	optEnd         = 0
	optComment     = 1
	optApplication = 4 // of a section
	optResolution  = 9 // of an interface

	linkEthernet = 1
	linkRaw      = 101
)

// maxComment bounds a comment, in octets.
const maxComment = 4096

// ng writes a pcapng file of one section and one interface.
type ng struct{ b []byte }

func (w *ng) header(link uint16, comment string) {
	at := w.open(blockSection)
	w.b = binary.LittleEndian.AppendUint32(w.b, 0x1a2b3c4d)
	w.b = append(w.b, 1, 0, 0, 0)                        // version 1.0
	w.b = binary.LittleEndian.AppendUint64(w.b, 1<<64-1) // the section's length is not told
	w.option(optComment, printable(comment))
	w.option(optApplication, "clearbind") // no version: the same octets on every machine
	w.option(optEnd, "")
	w.close(at)
	at = w.open(blockInterface)
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(link)) // the upper half is reserved
	w.b = append(w.b, 0, 0, 0, 0)                             // no snap length
	w.option(optResolution, "\x09")                           // nanoseconds
	w.option(optEnd, "")
	w.close(at)
}

// packet writes a frame. wire is how long it was; comment may be empty.
func (w *ng) packet(t time.Time, frame []byte, wire int, comment string) {
	at := w.open(blockPacket)
	ns := nanoseconds(t)
	w.b = append(w.b, 0, 0, 0, 0) // interface
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(ns>>32))
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(ns))
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(len(frame)))
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(wire))
	w.b = append(w.b, frame...)
	w.pad()
	if comment != "" {
		w.option(optComment, printable(comment))
		w.option(optEnd, "")
	}
	w.close(at)
}

// open begins a block, whose length close fills in at both ends.
func (w *ng) open(typ uint32) (at int) {
	at = len(w.b)
	w.b = binary.LittleEndian.AppendUint32(w.b, typ)
	w.b = append(w.b, 0, 0, 0, 0)
	return at
}

func (w *ng) close(at int) {
	n := uint32(len(w.b) - at + 4)
	binary.LittleEndian.PutUint32(w.b[at+4:], n)
	w.b = binary.LittleEndian.AppendUint32(w.b, n)
}

func (w *ng) option(code uint16, value string) {
	w.b = binary.LittleEndian.AppendUint16(w.b, code)
	w.b = binary.LittleEndian.AppendUint16(w.b, uint16(len(value)))
	w.b = append(w.b, value...)
	w.pad()
}

func (w *ng) pad() {
	for len(w.b)%4 != 0 {
		w.b = append(w.b, 0)
	}
}

// nanoseconds gives a time as pcapng writes it; 0 for one that it cannot.
func nanoseconds(t time.Time) uint64 {
	if y := t.UTC().Year(); y < 1970 || y > 2261 {
		return 0
	}
	return uint64(t.UnixNano())
}

// printable gives s as UTF-8 of printable characters, cut to maxComment.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, s)
	if len(s) > maxComment {
		s = s[:maxComment]
	}
	return strings.ToValidUTF8(s, ".")
}
