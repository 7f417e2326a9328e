package capture

import (
	"errors"
	"net/netip"

	"golang.org/x/net/bpf"
)

// Filter says which frames the kernel is to hand over. It errs to one side: it
// lets through what may be of interest and cannot be told from the first
// headers, and never drops what a decoder would find a watched port in.
//
// VLAN tags need no wish: one that the card or the kernel took out of the header
// is out of the filter's way, and those in it are stepped over.
type Filter struct {
	Ports      []uint16       // TCP and UDP, at either end
	AnyPort    bool           // TCP on every port; UDP on Ports all the same
	Nets       []netip.Prefix // only packets with an end in one of them; nil: all
	IgnoreNets []netip.Prefix // no packet with an end in one of them
	// Tunnels lets through MPLS, PPPoE, GRE, ERSPAN, IP in IP, VXLAN and GENEVE,
	// whatever they carry: the addresses and ports that count are inside.
	Tunnels bool
}

// share is the part of the frames that is one worker's.
type share struct{ worker, workers int }

// Filters run on a frame as a socket sees it: from the Ethernet header, from the
// IP header of a link without one, or, cooked, from what is behind the link's
// header, whose EtherType is beside the frame.
const (
	linkEthernet = 1
	linkRaw      = 101
	linkSLL2     = 276

	typeOutgoing = 4 // PACKET_OUTGOING, as a cooked header says too
)

// EtherTypes.
const (
	etherIPv4   = 0x0800
	etherIPv6   = 0x86dd
	etherLength = 0x0600 // below it, a length (IEEE 802.3 3.2.6)
)

func etherTags() []uint32 { return []uint32{0x8100, 0x88a8, 0x9100} }

// etherTunnels are MPLS, PPPoE, PPP, Ethernet in itself and ERSPAN.
func etherTunnels() []uint32 {
	return []uint32{0x8847, 0x8848, 0x8864, 0x880b, 0x6558, 0x88be, 0x22eb}
}

// IP protocols.
const (
	protoHopByHop = 0
	protoTCP      = 6
	protoUDP      = 17
	protoFragment = 44
	protoAH       = 51
	protoICMPv6   = 58
)

func protoTunnels() []uint32    { return []uint32{4, 41, 47} }        // IPv4, IPv6, GRE
func protoExtensions() []uint32 { return []uint32{43, 60, protoAH} }  // routing, destination, AH
func portTunnels() []uint32     { return []uint32{4789, 8472, 6081} } // VXLAN (RFC 7348, and Linux's own), GENEVE

// program writes the filter for a link: it gives snaplen for a frame that is
// w's, and 0 for any other. A nil filter passes everything. Networks too many
// for the kernel are left out: what passes then costs time, and no finding.
func (f *Filter) program(link uint16, snaplen uint32, w share) ([]bpf.Instruction, error) {
	code, err := f.write(link, snaplen, w)
	if f == nil || !errors.Is(err, errProgramSize) {
		return code, err
	}
	coarse := Filter{Ports: f.Ports, AnyPort: f.AnyPort, Tunnels: f.Tunnels}
	return coarse.write(link, snaplen, w)
}

// writer is a program on its way, with the ends that all parts jump to.
type writer struct {
	program
	f    *Filter
	all  bool  // no filter but the share
	drop label // nobody's
	one  label // the first worker's: what tells no pair of hosts
	pair label // the worker's whom the two addresses name
	nets label // the same, if the networks are those asked for
}

func (f *Filter) write(link uint16, snaplen uint32, s share) ([]bpf.Instruction, error) {
	w := &writer{f: f}
	if f == nil {
		w.f, w.all = &Filter{AnyPort: true, Tunnels: true}, true
	}
	w.drop, w.one, w.pair, w.nets = w.later(), w.later(), w.later(), w.later()
	ip := w.later()
	switch link {
	case linkEthernet:
		w.add(bpf.LoadAbsolute{Off: 12, Size: 2}, bpf.LoadConstant{Dst: bpf.RegX, Val: 14})
		w.etherType(ip)
	case linkSLL2:
		w.cooked(ip)
		w.etherType(ip)
	default:
		w.add(bpf.LoadConstant{Dst: bpf.RegX, Val: 0})
	}
	w.place(ip)
	w.ip()
	w.networks()
	w.ends(snaplen, s)
	return w.finish()
}

// cooked sets out from what the kernel says beside a frame. Of one that leaves,
// with its tag in the header, it says the tag's EtherType, and yet shows what is
// behind.
func (w *writer) cooked(ip label) {
	inside := w.later()
	w.add(bpf.LoadConstant{Dst: bpf.RegX, Val: 0}, bpf.LoadExtension{Num: bpf.ExtType})
	w.when(bpf.JumpNotEqual, typeOutgoing, inside)
	w.add(bpf.LoadExtension{Num: bpf.ExtProto})
	for _, tag := range etherTags() {
		none := w.later()
		w.when(bpf.JumpNotEqual, tag, none)
		w.load(0, 1)
		w.add(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
		w.is(ip, 4, 6)
		w.jump(w.one)
		w.place(none)
	}
	w.place(inside)
	w.add(bpf.LoadExtension{Num: bpf.ExtProto})
}

// etherType steps over the tags before what the EtherType in A announces, at X.
func (w *writer) etherType(ip label) {
	for range 2 {
		tag, none := w.later(), w.later()
		w.is(tag, etherTags()...)
		w.jump(none)
		w.place(tag)
		w.load(2, 2)
		w.forward(4)
		w.place(none)
	}
	w.is(ip, etherIPv4, etherIPv6)
	w.carried()
	if w.all {
		w.jump(w.one)
	}
	// RFC 1042: LLC and SNAP, and then an EtherType. Cooked, the kernel calls it
	// 0x0004 (ETH_P_802_2), below the lengths' limit too.
	w.when(bpf.JumpGreaterOrEqual, etherLength, w.drop)
	w.load(0, 4)
	w.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xffffff00})
	w.when(bpf.JumpNotEqual, 0xaaaa0300, w.drop)
	w.load(6, 2)
	w.forward(8)
	w.is(ip, etherIPv4, etherIPv6)
	w.carried()
	w.jump(w.drop)
}

// carried passes EtherTypes that LDAP may be found behind in the end.
func (w *writer) carried() {
	w.is(w.one, etherTags()...)
	if w.f.Tunnels {
		w.is(w.one, etherTunnels()...)
	}
}

// ip reads an IP header at X. The version decides, not the EtherType.
func (w *writer) ip() {
	v4, v6, transport := w.later(), w.later(), w.later()
	w.add(bpf.StoreScratch{Src: bpf.RegX, N: cellIP})
	w.load(0, 1)
	w.add(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	w.is(v4, 4)
	w.is(v6, 6)
	w.jump(w.other())
	w.place(v4)
	w.ipv4(transport)
	w.place(v6)
	w.ipv6(transport)
	w.place(transport)
	w.transport()
}

// other is where frames go that a decoder finds nothing in.
func (w *writer) other() label {
	if w.all {
		return w.one
	}
	return w.drop
}

// unsure is where packets of a pair go whose insides are not told: those of a
// tunnel, if there may be one, are of other networks.
func (w *writer) unsure() label {
	if w.f.Tunnels {
		return w.pair
	}
	return w.nets
}

// ipv4 reads an IPv4 header (RFC 791 3.1).
func (w *writer) ipv4(transport label) {
	ours, later, size := w.later(), w.later(), w.later()
	w.load(9, 1)
	w.store(cellProto)
	if w.f.Tunnels {
		w.is(w.one, protoTunnels()...)
	}
	w.is(w.unsure(), protoAH)
	w.is(ours, protoTCP, protoUDP)
	w.jump(w.others())
	w.place(ours)
	w.load(6, 2)
	w.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x3fff}) // more fragments, and the offset
	w.store(cellPart)
	w.when(bpf.JumpBitsSet, 0x1fff, later)
	w.jump(size)
	w.place(later) // no ports here: it passes if its first fragment may
	w.add(bpf.LoadScratch{Dst: bpf.RegA, N: cellProto})
	w.is(w.unsure(), protoUDP)
	w.jump(w.nets)
	w.place(size)
	w.load(0, 1)
	w.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 15}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2}, bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{})
	w.jump(transport)
}

// others is where other IP goes.
func (w *writer) others() label {
	if w.all {
		return w.pair
	}
	return w.drop
}

// ipv6 reads an IPv6 header (RFC 8200 3) and a fragment header behind it. Behind
// other extension headers anything may be, but for what every network is full
// of: hop-by-hop options and a multicast listener's report (RFC 3810).
func (w *writer) ipv6(transport label) {
	fragment, proto, hop := w.later(), w.later(), w.later()
	w.add(bpf.LoadConstant{Dst: bpf.RegA, Val: 0})
	w.store(cellPart)
	w.load(6, 1)
	w.is(fragment, protoFragment)
	w.forward(40)
	w.jump(proto)
	w.place(fragment)
	w.load(42, 2)
	w.store(cellPart)
	w.when(bpf.JumpBitsSet, 0xfff8, w.unsure()) // its next header need not be the first one's
	w.load(40, 1)
	w.forward(48)
	w.place(proto)
	w.store(cellProto)
	if w.f.Tunnels {
		w.is(w.one, protoTunnels()...)
	}
	w.is(transport, protoTCP, protoUDP)
	w.is(w.unsure(), protoFragment)
	w.is(w.unsure(), protoExtensions()...)
	w.is(hop, protoHopByHop)
	w.jump(w.others())
	w.place(hop)
	w.load(0, 1)
	w.is(w.others(), protoICMPv6)
	w.jump(w.unsure())
}

// transport reads the ports at X.
func (w *writer) transport() {
	if w.all {
		w.tunnelled()
		w.jump(w.pair)
		return
	}
	w.tunnelled()
	if w.f.AnyPort {
		w.add(bpf.LoadScratch{Dst: bpf.RegA, N: cellProto})
		w.is(w.nets, protoTCP)
	}
	ranges := portRanges(w.f.Ports)
	for off := uint32(0); off < 4; off += 2 {
		w.load(off, 2)
		for _, r := range ranges {
			if r.first == r.last {
				w.is(w.nets, r.first)
				continue
			}
			w.add(bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: r.first, SkipFalse: 2})
			w.when(bpf.JumpLessOrEqual, r.last, w.nets)
		}
	}
	w.jump(w.drop)
}

// tunnelled passes datagrams to the ports of tunnels. Of one in fragments, the
// others name no port, so all go where the addresses say: nobody is to fragment
// VXLAN (RFC 7348 4.3), while a large CLDAP answer is in fragments always.
func (w *writer) tunnelled() {
	if !w.f.Tunnels {
		return
	}
	tunnel, none := w.later(), w.later()
	w.add(bpf.LoadScratch{Dst: bpf.RegA, N: cellProto})
	w.when(bpf.JumpNotEqual, protoUDP, none)
	w.load(2, 2)
	w.is(tunnel, portTunnels()...)
	w.jump(none)
	w.place(tunnel)
	w.add(bpf.LoadScratch{Dst: bpf.RegA, N: cellPart})
	w.when(bpf.JumpNotEqual, 0, w.pair)
	w.jump(w.one)
	w.place(none)
}
