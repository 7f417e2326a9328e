package capture

import "golang.org/x/net/bpf"

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
