package capture

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/net/bpf"
)

// networks looks at the addresses of a packet that is of interest otherwise.
func (w *writer) networks() {
	w.place(w.nets)
	if len(w.f.Nets)+len(w.f.IgnoreNets) == 0 {
		w.jump(w.pair)
		return
	}
	v6 := w.later()
	w.version(v6)
	w.within(w.f.IgnoreNets, false, w.drop)
	w.allowed(false)
	w.place(v6)
	w.mapped(8)
	w.mapped(24)
	w.within(w.f.IgnoreNets, true, w.drop)
	w.allowed(true)
}

// allowed ends the way of a packet that is not ignored.
func (w *writer) allowed(v6 bool) {
	if len(w.f.Nets) == 0 {
		w.jump(w.pair)
		return
	}
	w.within(w.f.Nets, v6, w.pair)
	w.jump(w.drop)
}

// version sets X to the IP header and jumps if it is one of IPv6.
func (w *writer) version(v6 label) {
	w.toIP()
	w.load(0, 1)
	w.add(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	w.is(v6, 6)
}

// mapped passes an IPv6 packet with an IPv4-mapped address (RFC 4291 2.5.5.2):
// whoever judges it later takes that for the IPv4 address.
func (w *writer) mapped(off uint32) {
	none := w.later()
	for i, v := range []uint32{0, 0, 0xffff} {
		w.load(off+uint32(i)*4, 4)
		w.when(bpf.JumpNotEqual, v, none)
	}
	w.jump(w.pair)
	w.place(none)
}

// within jumps if the source or the destination is in one of nets.
func (w *writer) within(nets []netip.Prefix, v6 bool, to label) {
	first, size := uint32(12), uint32(4)
	if v6 {
		first, size = 8, 16
	}
	for _, off := range []uint32{first, first + size} {
		for _, n := range nets {
			if n.IsValid() && n.Addr().Is6() == v6 {
				w.contains(n, off, to)
			}
		}
	}
}

// contains jumps if the address at off is in n.
func (w *writer) contains(n netip.Prefix, off uint32, to label) {
	none := w.later()
	addr := n.Masked().Addr().AsSlice()
	for bits := n.Bits(); bits > 0; bits -= 32 {
		w.load(off, 4)
		if bits < 32 {
			w.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: ^uint32(0) << (32 - bits)})
		}
		w.when(bpf.JumpNotEqual, binary.BigEndian.Uint32(addr), none)
		addr, off = addr[4:], off+4
	}
	w.jump(to)
	w.place(none)
}

// ends gives each frame that is taken to one worker.
func (w *writer) ends(snaplen uint32, s share) {
	taken := w.later()
	w.place(w.pair)
	if s.workers > 1 {
		w.hash()
		w.add(bpf.ALUOpConstant{Op: bpf.ALUOpMod, Val: uint32(s.workers)})
		w.when(bpf.JumpNotEqual, uint32(s.worker), w.drop)
	}
	w.jump(taken)
	w.place(w.one)
	if s.worker == 0 {
		w.jump(taken)
	}
	w.place(w.drop)
	w.add(bpf.RetConstant{Val: 0})
	w.place(taken)
	w.add(bpf.RetConstant{Val: snaplen})
}

// hash puts into A what the two addresses of a packet give in either order, and
// nothing but them: both directions, all connections of the pair and their
// fragments are one worker's.
func (w *writer) hash() {
	v6, mix := w.later(), w.later()
	w.version(v6)
	w.load(12, 4)
	w.store(cellHash)
	w.xor(16)
	w.jump(mix)
	w.place(v6)
	w.load(8, 4)
	w.store(cellHash)
	for off := uint32(12); off < 40; off += 4 {
		w.xor(off)
	}
	w.place(mix)
	w.add(
		bpf.LoadScratch{Dst: bpf.RegA, N: cellHash},
		bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: 0x9e3779b1}, // Knuth's: the upper bits depend on all
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 16},
	)
}

// xor adds the word at off to the hash. X is the IP header, before and after.
func (w *writer) xor(off uint32) {
	w.load(off, 4)
	w.add(bpf.LoadScratch{Dst: bpf.RegX, N: cellHash}, bpf.ALUOpX{Op: bpf.ALUOpXor})
	w.store(cellHash)
	w.toIP()
}

// portRange is ports in a row, both ends included.
type portRange struct{ first, last uint32 }

// maxRanges is how many ranges of ports are compared, each with either end: three
// quarters of a program.
const maxRanges = 512

// portRanges sorts ports and joins those in a row; and where that leaves too
// many, those with small gaps between them, which pass then.
func portRanges(ports []uint16) (ranges []portRange) {
	ports = slices.Clone(ports)
	slices.Sort(ports)
	for gap := uint32(1); ; gap *= 2 {
		ranges = ranges[:0]
		for _, p := range ports {
			port := uint32(p)
			if n := len(ranges); n > 0 && port-ranges[n-1].last <= gap {
				ranges[n-1].last = port
				continue
			}
			ranges = append(ranges, portRange{port, port})
		}
		if len(ranges) <= maxRanges {
			return ranges
		}
	}
}
