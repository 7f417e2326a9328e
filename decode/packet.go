package decode

import (
	"time"

	"github.com/google/gopacket/layers"
)

// Packets reads the headers of frames. It is ready at zero; one goroutine owns
// it, and the memory it puts fragments together in.
//
// The headers are cut by hand, with gopacket's names for what is in them:
// gopacket's own layers parse every option and cost three times as much over an
// Ethernet, IPv4, TCP frame. A test holds the two against each other, and a
// benchmark shows the cost of both.
type Packets struct {
	fragments fragments
}

// PacketStats counts what became of fragments, totals since the Packets began;
// the gauges are of now.
type PacketStats struct {
	Datagrams int    // gauge: datagrams in progress
	HeldBytes int    // gauge: octets they take
	Completed uint64 // datagrams put together
	Dropped   uint64 // datagrams given up: too old, too many, too large, or with parts that contradict each other
	Overruns  uint64 // of the dropped ones: those that had to make room for others
	Refused   uint64 // fragments that no datagram can be made of: cut by the snap length, or of a shape no sender makes
}

// Frame is what Decode wants to know of a frame.
type Frame struct {
	Link    uint16    // LINKTYPE_ value
	Data    []byte    // borrowed for the length of the call, and of the use of the segment
	WireLen int       // octets on the wire
	Time    time.Time // packet time, the clock of reassembly
	VLAN    uint16    // tag the kernel took out of the header; 0: none
}

// Decode reads f into seg, which it wipes first. seg is valid iff the answer is
// OK; its payload is borrowed from f.Data, or from p until the next Decode. It
// keeps neither f nor seg, and does not allocate, but for fragments.
func (p *Packets) Decode(f *Frame, seg *Segment) Reason {
	*seg = Segment{VLAN: f.VLAN & vlanID}
	p.fragments.release()
	h := headers{frame: f, seg: seg, fragments: &p.fragments, missing: max(f.WireLen-len(f.Data), 0)}
	return h.link(f.Link, f.Data)
}

// Stats gives what p has counted.
func (p *Packets) Stats() PacketStats { return p.fragments.stats }

// headers is one frame's way through its headers. It lives on Decode's stack:
// kept in Packets, it would make every caller's Segment escape.
type headers struct {
	frame     *Frame
	seg       *Segment
	fragments *fragments
	missing   int  // octets of the header's payload that were on the wire, behind those captured
	depth     int  // headers so far
	inner     bool // behind a tunnel: link addresses and VLAN tags are no longer the frame's
}

// maxDepth bounds the headers around each other: VLAN tags, MPLS labels,
// tunnels, IPv6 extensions. Nobody wraps half as deep; hostile frames do.
const maxDepth = 16

// tooDeep counts one more header; it must be asked wherever reading recurses.
func (h *headers) tooDeep() bool {
	h.depth++
	return h.depth > maxDepth
}

// Link types gopacket has no name for.
const (
	linkRawBSD     = 12
	linkRawOpenBSD = 14
	linkPPPSerial  = 50
	linkPPI        = 192
	linkPPPWithDir = 204
	linkNFLOG      = 239
	linkPKTAP      = 258 // gopacket's LinkType has 8 bits
	linkSLL2       = 276
)

// link reads what a frame of a link type starts with.
func (h *headers) link(link uint16, b []byte) Reason {
	switch link {
	case uint16(layers.LinkTypeEthernet):
		return h.ethernet(b)
	case linkRawBSD, linkRawOpenBSD, uint16(layers.LinkTypeRaw), uint16(layers.LinkTypeIPv4), uint16(layers.LinkTypeIPv6):
		return h.ip(b)
	case uint16(layers.LinkTypeNull), uint16(layers.LinkTypeLoop):
		return h.loopback(b)
	case uint16(layers.LinkTypeLinuxSLL):
		return h.sll(b)
	case linkSLL2:
		return h.sll2(b)
	case uint16(layers.LinkTypePPP), linkPPPSerial:
		return h.ppp(b)
	case linkPPPWithDir:
		return h.pppWithDirection(b)
	case uint16(layers.LinkTypeC_HDLC):
		return h.hdlc(b)
	case linkNFLOG:
		return h.nflog(b)
	case linkPPI:
		return h.ppi(b)
	case linkPKTAP:
		return h.pktap(b)
	case uint16(layers.LinkTypeIEEE802_11):
		return h.air(b, false)
	case uint16(layers.LinkTypeIEEE80211Radio):
		return h.radiotap(b)
	}
	return UnknownLink
}
