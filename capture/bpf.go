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
