package capture

import (
	"fmt"
	"io"
	"math/bits"
	"time"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng, 4). All others are passed over.
const (
	ngSection   = 0x0a0d0d0a // the same in both byte orders
	ngInterface = 1
	ngPacket    = 2 // obsolete, and still written
	ngSimple    = 3
	ngEnhanced  = 6
)

const (
	ngByteOrder     = 0x1a2b3c4d   // section header: the byte order of what follows
	ngMaxBlock      = 16 << 20     // octets of one block, as in Wireshark
	ngMaxInterfaces = 1 << 16      // of one section: 1.5 MiB
	ngMaxSecond     = 253402300799 // the last of the year 9999: what RFC 3339 can show
)

// ngReader reads pcapng. pcapgo.NgReader trusts what it reads (lengths,
// options, resolutions: it panics, and allocates up to 4 GiB), takes a file
// that is cut for one that has ended, keeps eight bits of the link type and is
// wrong about resolutions that do not divide a billion; a reader in front that
// checks all this has parsed the block already.
type ngReader struct {
	in     *window
	big    endian
	ifaces []ngIface // of the section
	total  uint32    // octets of the block read last
	rest   int       // octets of it beyond the buffer, to be passed over
	start  int64     // where it begins
	time   time.Time // of the frame read last
}

// ngIface is an interface of a section.
type ngIface struct {
	link    uint16
	snaplen uint32 // 0: no limit
	second  uint64 // units of time a second has; 0: cannot be told
	offset  int64  // seconds to add
}

func newPcapng(in *window) (*ngReader, error) {
	n := &ngReader{in: in}
	_, body, err := n.block() // a section header, by its magic
	if err == cutBlock {
		err = cutHeader
	}
	if err == nil {
		err = n.section(body)
	}
	return n, err
}

func (n *ngReader) position() int64 { return n.start }

func (n *ngReader) lend(l lender) { n.in.lender = l }

func (n *ngReader) next(f *Frame) error {
	*f = Frame{}
	for {
		kind, body, err := n.block()
		if err != nil {
			return err
		}
		switch kind {
		case ngSection:
			err = n.section(body)
		case ngInterface:
			err = n.iface(body)
		case ngPacket, ngEnhanced:
			return n.packet(f, kind, body)
		case ngSimple:
			return n.simple(f, body)
		}
		if err != nil {
			return err
		}
	}
}

// block gives the next block's type and body, which is borrowed from the
// buffer until the next call. Of a block that does not fit it, which none with
// a frame needs to be, the body is as much as does.
func (n *ngReader) block() (kind uint32, body []byte, err error) {
	if _, err := n.in.Discard(n.rest); err != nil {
		return 0, nil, cut(err, cutBlock)
	}
	n.start, n.total, n.rest = n.start+int64(n.total), 0, 0
	head, err := n.in.Peek(12) // the smallest block
	if err != nil {
		if len(head) == 0 && err == io.EOF {
			return 0, nil, io.EOF
		}
		return 0, nil, cut(err, cutBlock)
	}
	if kind = n.big.u32(head); kind == ngSection {
		if n.big, err = ngOrder(head[8:]); err != nil {
			return 0, nil, err
		}
	}
	total := n.big.u32(head[4:])
	if total < 12 || total%4 != 0 || total > ngMaxBlock {
		return 0, nil, fmt.Errorf("a block of %d octets is claimed: not a multiple of 4 between 12 and %d", total, ngMaxBlock)
	}
	take := min(int(total), bufferSize)
	whole, err := n.in.Peek(take)
	if err != nil {
		return 0, nil, cut(err, cutBlock)
	}
	if again := n.big.u32(whole[take-4:]); take == int(total) && again != total {
		// Whatever follows would be read from the wrong place.
		return 0, nil, fmt.Errorf("a block of %d octets ends with the length %d", total, again)
	}
	n.total, n.rest = total, int(total)-take
	_, err = n.in.Discard(take) // buffered: nothing is read, the body stays
	return kind, whole[8 : take-4], err
}

func ngOrder(magic []byte) (endian, error) {
	switch uint32(ngByteOrder) {
	case endian(false).u32(magic):
		return false, nil
	case endian(true).u32(magic):
		return true, nil
	}
	return false, fmt.Errorf("a section header without byte order: %#08x", endian(false).u32(magic))
}

func (n *ngReader) section(body []byte) error {
	n.ifaces = n.ifaces[:0]
	if len(body) < 16 {
		return fmt.Errorf("a section header of %d octets", len(body))
	}
	if major := n.big.u16(body[4:]); major != 1 {
		return fmt.Errorf("pcapng version %d.%d cannot be read, only 1", major, n.big.u16(body[6:]))
	}
	return nil
}

func (n *ngReader) iface(body []byte) error {
	if len(body) < 8 {
		return fmt.Errorf("an interface description of %d octets", len(body))
	}
	if len(n.ifaces) == ngMaxInterfaces {
		return fmt.Errorf("more than %d interfaces", ngMaxInterfaces)
	}
	i := ngIface{link: n.big.u16(body), snaplen: n.big.u32(body[4:]), second: 1e6}
	for opts := body[8:]; len(opts) >= 4; {
		code, size := n.big.u16(opts), int(n.big.u16(opts[2:]))
		if code == 0 || size > len(opts)-4 {
			break // the end, or a sloppy writer: its frames are readable all the same
		}
		value := opts[4 : 4+size]
		switch {
		case code == 9 && size >= 1: // if_tsresol
			i.second = unitsPerSecond(value[0])
		case code == 14 && size >= 8: // if_tsoffset
			i.offset = n.big.i64(value)
		}
		opts = opts[min(len(opts), 4+(size+3)&^3):] // padded to 32 bits
	}
	n.ifaces = append(n.ifaces, i)
	return nil
}

// unitsPerSecond reads if_tsresol: a negative power of 10, or of 2 if the
// upper bit is set; 0 if it is beyond what 64 bits of time can use.
func unitsPerSecond(resol byte) uint64 {
	exp := resol & 0x7f
	if resol&0x80 != 0 {
		return 1 << exp // 0 from 64 on
	}
	if exp > 19 {
		return 0
	}
	second := uint64(1)
	for range exp {
		second *= 10
	}
	return second
}

// packet reads an enhanced packet block, or the obsolete one: they differ in
// the size of the interface's number.
func (n *ngReader) packet(f *Frame, kind uint32, body []byte) error {
	if len(body) < 20 {
		return fmt.Errorf("a packet block of %d octets", len(body))
	}
	id := n.big.u32(body)
	if kind == ngPacket {
		id = uint32(n.big.u16(body))
	}
	if uint64(id) >= uint64(len(n.ifaces)) {
		return fmt.Errorf("a frame of interface %d, where %d are described", id, len(n.ifaces))
	}
	i := &n.ifaces[id]
	if t, ok := i.time(uint64(n.big.u32(body[4:]))<<32 | uint64(n.big.u32(body[8:]))); ok {
		n.time = t
	}
	return n.fill(f, i, body[20:], n.big.u32(body[12:]), n.big.u32(body[16:]))
}

// simple reads a simple packet block: the first interface, no time, and no
// captured length beside the interface's snap length.
func (n *ngReader) simple(f *Frame, body []byte) error {
	if len(body) < 4 || len(n.ifaces) == 0 {
		return fmt.Errorf("a simple packet block of %d octets, where %d interfaces are described", len(body), len(n.ifaces))
	}
	i, wirelen := &n.ifaces[0], n.big.u32(body)
	caplen := min(wirelen, uint32(len(body)-4))
	if i.snaplen > 0 {
		caplen = min(caplen, i.snaplen)
	}
	return n.fill(f, i, body[4:], caplen, wirelen)
}

// fill gives f the first caplen octets of data, and n's time.
func (n *ngReader) fill(f *Frame, i *ngIface, data []byte, caplen, wirelen uint32) error {
	if caplen > maxFrame {
		return errFrameSize(caplen)
	}
	if int(caplen) > len(data) {
		return fmt.Errorf("a frame of %d octets in a block with room for %d", caplen, len(data))
	}
	f.Time, f.Link = n.time, i.link
	f.Data, f.WireLen = data[:caplen:caplen], wireLen(caplen, wirelen)
	return nil
}

// time converts a timestamp; ok is false if it is none that can be shown.
func (i *ngIface) time(stamp uint64) (t time.Time, ok bool) {
	if i.second == 0 {
		return t, false
	}
	sec := int64(stamp/i.second) + i.offset
	if sec < 0 || sec > ngMaxSecond {
		return t, false
	}
	// 128 bits between: few powers of 2 divide a billion.
	hi, lo := bits.Mul64(stamp%i.second, 1e9)
	nsec, _ := bits.Div64(hi, lo, i.second)
	return time.Unix(sec, int64(nsec)).UTC(), true
}
