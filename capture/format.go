package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// reader is a capture format: pcap or pcapng.
type reader interface {
	// next wipes f and fills all that a file can tell but Number and Origin. io.EOF:
	// the capture ended after a whole frame. Any other error is why there is
	// no more.
	next(f *Frame) error
	// position is the place of what next read last, or could not read: octets
	// of the unpacked capture.
	position() int64
	// lend says who has what next gave.
	lend(l lender)
}

// newReader tells the format by the first octets of in and reads its header.
func newReader(in *window) (reader, error) {
	head, err := in.Peek(4)
	switch {
	case len(head) == 4 && binary.LittleEndian.Uint32(head) == ngSection:
		return newPcapng(in)
	case len(head) == 4 && isPcap(head):
		return newPcap(in)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, cut(err, cutHeader)
	case len(head) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrNotCapture)
	}
	return nil, ErrNotCapture
}

// endian reads numbers of a file written on either kind of machine; true is
// big-endian. Its methods are inlined, which binary.ByteOrder's are not.
type endian bool

func (e endian) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if e {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (e endian) i64(b []byte) int64 {
	v := binary.LittleEndian.Uint64(b)
	if e {
		v = bits.ReverseBytes64(v)
	}
	return int64(v)
}

func (e endian) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if e {
		v = bits.ReverseBytes16(v)
	}
	return v
}

// wireLen gives Frame.WireLen: never less than what was captured, though some
// programs write so, and an int on every machine, whatever is claimed.
func wireLen(caplen, wirelen uint32) int {
	return int(min(max(caplen, wirelen), math.MaxInt32))
}
