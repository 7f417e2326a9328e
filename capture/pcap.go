package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"time"

	"github.com/google/gopacket/pcapgo"
)

// The four octets a pcap file begins with, as a number in its own byte order.
const (
	pcapMicro    = 0xa1b2c3d4
	pcapNano     = 0xa1b23c4d
	pcapModified = 0xa1b2cd34 // microseconds, and eight more octets a record: Linux in the nineties, some appliances since
)

const (
	pcapHeader = 24 // octets of the file header
	pcapRecord = 16 // octets of the header before each frame
)

// pcapMagic gives the magic number head begins with, and its byte order.
func pcapMagic(head []byte) (magic uint32, big endian) {
	magic = binary.LittleEndian.Uint32(head)
	switch swapped := bits.ReverseBytes32(magic); swapped {
	case pcapMicro, pcapNano, pcapModified:
		return swapped, true
	}
	return magic, false
}

func isPcap(head []byte) bool {
	magic, _ := pcapMagic(head)
	return magic == pcapMicro || magic == pcapNano || magic == pcapModified
}

// pcapReader reads a pcap file. pcapgo reads its header; the records are cut
// where they lie in the buffer, many between two questions to it: asking it for
// each header and each frame took as long as all else that is done with a frame
// of other traffic. pcapgo's reader of records copies each frame,
// allocates what a record claims, takes a file that is cut after a record header
// for one that has ended, and loses its place at a frame longer than the snap
// length (which many programs write, and tcpdump and Wireshark read) or than its
// own length on the wire.
type pcapReader struct {
	in     *window
	ahead  []byte // what in has in its buffer, from the next record on
	passed int    // octets in front of ahead that in still has to be told of
	link   uint16
	big    endian
	tick   int64 // nanoseconds of the unit of time
	record int64 // octets of a record header in the file
	start  int64 // where the record read last begins
	end    int64 // where it ends
}

func newPcap(in *window) (*pcapReader, error) {
	head, err := in.Peek(pcapHeader)
	if err != nil {
		return nil, cut(err, cutHeader)
	}
	magic, big := pcapMagic(head)
	p := &pcapReader{in: in, record: pcapRecord, end: pcapHeader}
	if major, minor := big.u16(head[4:]), big.u16(head[6:]); major != 2 || minor != 4 {
		return nil, fmt.Errorf("pcap version %d.%d cannot be read, only 2.4 (of 1998 and later)", major, minor)
	}
	p.header(head)
	if magic == pcapModified {
		p.in = newWindow(newModified(in, big), bufferSize)
		p.record += modifiedExtra
	}
	if head, err = p.in.Peek(pcapHeader); err != nil {
		return nil, cut(err, cutHeader)
	}
	if _, err := pcapgo.NewReader(bytes.NewReader(head)); err != nil {
		return nil, err
	}
	_, err = p.in.Discard(pcapHeader)
	return p, err
}

// header reads what a file header says of the records behind it.
func (p *pcapReader) header(head []byte) {
	magic, big := pcapMagic(head)
	// The upper half tells the length of frame check sequences. pcapgo keeps
	// eight bits, and would take 257 (Profibus) for Ethernet.
	p.big, p.link, p.tick = big, uint16(big.u32(head[20:])), 1000
	if magic == pcapNano {
		p.tick = 1
	}
}

func (p *pcapReader) position() int64 { return p.start }

func (p *pcapReader) lend(l lender) { p.in.lender = l }

func (p *pcapReader) next(f *Frame) error {
	p.start = p.end
	if err := p.head(); err != nil {
		return err
	}
	sec, caplen, wirelen := p.big.u32(p.ahead), p.big.u32(p.ahead[8:]), p.big.u32(p.ahead[12:])
	switch {
	case caplen > maxFrame:
		return errFrameSize(caplen)
	case caplen == 0 && [pcapRecord]byte(p.ahead) == [pcapRecord]byte{}: // a file that was made larger than what was written to it
		return errZeros
	}
	size := pcapRecord + int(caplen)
	if len(p.ahead) < size {
		if err := p.fill(size); err != nil {
			return cut(err, cutFrame)
		}
	}
	b := p.ahead[:size:size]
	p.pass(size)
	p.end += p.record + int64(caplen)
	// One by one: as a whole it would be put together elsewhere, and copied.
	f.Time = time.Unix(int64(sec), int64(p.big.u32(b[4:]))*p.tick).UTC()
	f.Data, f.WireLen, f.Link, f.VLAN = b[pcapRecord:], wireLen(caplen, wirelen), p.link, 0
	return nil
}

var errZeros = errors.New("nothing but zeros where a frame should be")

// head makes sure that a record's header is ahead.
func (p *pcapReader) head() error {
	for {
		if len(p.ahead) < pcapRecord {
			if err := p.fill(pcapRecord); err != nil {
				if len(p.ahead) == 0 && err == io.EOF {
					return io.EOF
				}
				return cut(err, cutFrame)
			}
		}
		if !p.another() {
			return nil
		}
		if len(p.ahead) < pcapHeader {
			if err := p.fill(pcapHeader); err != nil {
				return cut(err, cutHeader)
			}
		}
		p.header(p.ahead)
		p.pass(pcapHeader)
		p.end += pcapHeader
		p.start = p.end
	}
}

// another says whether what is ahead is no record but the header of another
// file, as cat writes one behind the other: packed files are put together so. As
// a record it would be of one microsecond in 2011, 2055 or 2083. Those that are
// modified are not read this way.
func (p *pcapReader) another() bool {
	switch p.ahead[0] {
	case 0xa1, 0xd4, 0x4d: // either magic number begins so, in either order
	default:
		return false
	}
	magic, big := pcapMagic(p.ahead)
	return (magic == pcapMicro || magic == pcapNano) && p.record == pcapRecord && big.u16(p.ahead[4:]) == 2 && big.u16(p.ahead[6:]) == 4
}

// pass takes n octets off those ahead.
func (p *pcapReader) pass(n int) { p.ahead, p.passed = p.ahead[n:], p.passed+n }

// fill asks in for n octets ahead; with an error there are fewer. What was lent
// before may be overwritten.
func (p *pcapReader) fill(n int) error {
	_, err := p.in.Discard(p.passed) // they are in its buffer
	p.passed = 0
	if err == nil {
		_, err = p.in.Peek(n)
	}
	p.ahead, _ = p.in.Peek(p.in.Buffered())
	return err
}

func errFrameSize(claimed uint32) error {
	return fmt.Errorf("a frame of %d octets is claimed, and none is longer than %d", claimed, maxFrame)
}
