package capture

import (
	"errors"
	"fmt"
	"io"
)

// ErrNotCapture is what opening says of content that is no capture file at
// all, whatever its name.
var ErrNotCapture = errors.New("not a capture file (pcap, pcapng, gzip or zstd of either)")

// DamagedError says that a capture could not be read to its end. Every frame
// before Packet was delivered.
type DamagedError struct {
	Path   string // as it was given; "-" is standard input
	Packet uint64 // number of the first frame that could not be read, from 1; 0: the file could not be opened
	Offset int64  // octets from the start of the capture, after decompression, to what could not be read; 0 if Packet is 0
	Err    error  // the reason; io.ErrUnexpectedEOF by errors.Is if the capture was cut; names Path already if Packet is 0
}

// Error says what happened, in which packet and what that means, in one line
// for a person.
func (e *DamagedError) Error() string {
	switch {
	case e.Packet == 0:
		return e.Err.Error()
	case errors.Is(e.Err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("%s: cut short in packet %d: %v; everything before it was read", e.Path, e.Packet, e.Err)
	}
	return fmt.Sprintf("%s: damaged at packet %d: %v; everything before it was read", e.Path, e.Packet, e.Err)
}

// Unwrap gives the reason.
func (e *DamagedError) Unwrap() error { return e.Err }

// cutError is a capture that ends too early, in words: "unexpected EOF" means
// nothing to whoever copied a file while it was still being written.
type cutError string

const (
	cutHeader cutError = "the file ended in the middle of its own header"
	cutFrame  cutError = "the capture ended in the middle of a frame"
	cutBlock  cutError = "the capture ended in the middle of a block"
	cutPacked cutError = "the compressed data ended too early"
)

func (e cutError) Error() string { return string(e) }

// Is makes every cut an io.ErrUnexpectedEOF.
func (e cutError) Is(target error) bool { return target == io.ErrUnexpectedEOF }

// cut gives the reason why fewer octets came than were asked for. The octets
// of a plain file just end; a decompressor knows that there should be more.
func cut(err error, where cutError) error {
	switch {
	case errors.Is(err, io.EOF):
		return where
	case errors.Is(err, io.ErrUnexpectedEOF):
		return cutPacked
	}
	return err
}
