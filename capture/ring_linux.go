package capture

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// blockSize holds the greatest frame that is kept: segmentation left to a
	// card makes giants of 64 KiB, and beyond.
	blockSize = 512 << 10
	// blockWait is after how many milliseconds the kernel hands over a block that
	// is not full: how long a frame of a quiet line waits.
	blockWait = 20
	// maxRing is more than anybody has to spare: the kernel would take what there is,
	// and then fail.
	maxRing int64 = 16 << 30
	// frameSize has no meaning in version 3, but is checked.
	frameSize = 2 << 10
	// addressOffset is where a frame's link-layer address is, behind its header.
	addressOffset = (unix.SizeofTpacket3Hdr + unix.TPACKET_ALIGNMENT - 1) &^ (unix.TPACKET_ALIGNMENT - 1)
	// sll2Size octets of a cooked header are written before the frame, where the
	// ring has room: between the address and the data, 32 are asked for.
	sll2Size    = 20
	sll2Reserve = 32
)

// ring is the memory a packet socket shares with the kernel (TPACKET_V3): blocks
// of frames, each handed over as a whole and given back as a whole.
type ring struct {
	mem  []byte // owned by the kernel but for the block that is held
	at   int    // where the current block begins
	held bool   // the current block is ours
	left uint32 // frames in it that were not taken
	next int    // where the first of them is
}

// open makes a ring of size octets at a socket.
func (r *ring) open(fd, size int) error {
	if int64(size) > maxRing {
		return fmt.Errorf("a ring of %d MiB: %d MiB is the most", size>>20, maxRing>>20)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("TPACKET_V3: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_RESERVE, sll2Reserve); err != nil {
		return fmt.Errorf("room before a frame: %w", err)
	}
	blocks := max(size/blockSize, 2)
	size = blocks * blockSize
	req := unix.TpacketReq3{
		Block_size: blockSize, Block_nr: uint32(blocks), Frame_size: frameSize, Frame_nr: uint32(size / frameSize), Retire_blk_tov: blockWait,
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("a ring of %d MiB (ask for a smaller one): %w", size>>20, err)
	}
	mem, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map a ring of %d MiB: %w", size>>20, err)
	}
	r.mem = mem
	return nil
}

func (r *ring) close() error {
	mem := r.mem
	*r = ring{}
	if mem == nil {
		return nil
	}
	return unix.Munmap(mem)
}

// block gives the header of the current block.
func (r *ring) block() *unix.TpacketHdrV1 {
	desc := (*unix.TpacketBlockDesc)(unsafe.Pointer(&r.mem[r.at])) //nolint:gosec // the kernel's layout, in memory it laid out
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&desc.Hdr))         //nolint:gosec // the same
}

// peek gives the header of the frame to be taken next; nil: none is there. What
// was taken before is no longer ours then.
func (r *ring) peek() *unix.Tpacket3Hdr {
	for r.left == 0 {
		if r.held {
			atomic.StoreUint32(&r.block().Block_status, unix.TP_STATUS_KERNEL)
			r.held = false
			if r.at += blockSize; r.at == len(r.mem) {
				r.at = 0
			}
		}
		b := r.block()
		if atomic.LoadUint32(&b.Block_status)&unix.TP_STATUS_USER == 0 {
			return nil
		}
		r.held, r.left, r.next = true, b.Num_pkts, r.at+int(b.Offset_to_first_pkt)
	}
	return (*unix.Tpacket3Hdr)(unsafe.Pointer(&r.mem[r.next])) //nolint:gosec // the same
}

// address gives the link-layer address beside the frame that peek gave.
func (r *ring) address() *unix.RawSockaddrLinklayer {
	return (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&r.mem[r.next+addressOffset])) //nolint:gosec // the same
}

// skip leaves the frame h that peek gave out.
func (r *ring) skip(h *unix.Tpacket3Hdr) {
	r.left--
	r.next += int(h.Next_offset)
}

// take lends f the frame h that peek gave, cooked or as it is.
func (r *ring) take(h *unix.Tpacket3Hdr, f *Frame, cooked bool) {
	from := r.next + int(h.Mac)
	to := from + int(h.Snaplen)
	f.Time, f.WireLen = at64(h), int(h.Len)
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 {
		f.VLAN = uint16(h.Hv1.Vlan_tci & 0xfff)
	}
	if cooked {
		from -= sll2Size
		f.WireLen += sll2Size
		cook(r.mem[from:to], r.address())
	}
	f.Data = r.mem[from:to:to]
	r.skip(h)
}

func at64(h *unix.Tpacket3Hdr) time.Time { return time.Unix(int64(h.Sec), int64(h.Nsec)) }

// cook writes a header of LINKTYPE_LINUX_SLL2 into the first octets of b.
func cook(b []byte, a *unix.RawSockaddrLinklayer) {
	clear(b[:sll2Size])
	binary.NativeEndian.PutUint16(b, a.Protocol) // in the network's order already
	binary.BigEndian.PutUint32(b[4:], uint32(a.Ifindex))
	binary.BigEndian.PutUint16(b[8:], a.Hatype)
	b[10] = a.Pkttype
	b[11] = min(a.Halen, 8)
	copy(b[12:12+b[11]], a.Addr[:])
	if tagAhead(b[:2], b[sll2Size:]) {
		binary.BigEndian.PutUint16(b, 0x8100)
	}
}

// tagAhead says whether a cooked packet begins with a second VLAN tag: newer
// kernels (6.18 is one) look behind it for the EtherType, and show it all the same.
func tagAhead(etherType, b []byte) bool {
	if len(b) < 5 || [2]byte(b[2:]) != [2]byte(etherType) {
		return false
	}
	switch binary.BigEndian.Uint16(etherType) {
	case etherIPv4: // a packet would have to be of 2048 octets, and numbered so
		return b[4]>>4 == 4 && (b[0]>>4 != 4 || len(b) != etherIPv4)
	case etherIPv6:
		return b[4]>>4 == 6
	}
	return false
}
