package decode

import (
	"encoding/binary"
	"time"

	"github.com/google/gopacket/layers"
)

// Packets reads the headers of frames. It is ready at zero; one goroutine owns
// it, and the memory it puts fragments together in.
//
// The headers are cut by hand, with gopacket's names for what is in them:
// gopacket's own layers parse every option and cost more than everything else
// on the path of a packet together. A test holds the two against each other.
type Packets struct {
	fragments fragments
	seg       *Segment
	now       int64 // ns
	depth     int
	missing   int // octets of the frame behind what was captured
}

// maxDepth bounds the headers around each other: VLAN tags, MPLS labels,
// tunnels. Hostile frames nest deeper.
const maxDepth = 16

// Frame is what Decode wants to know of a frame.
type Frame struct {
	Link    uint16 // LINKTYPE_ value
	Data    []byte // borrowed for the length of the call, and of the use of the segment
	WireLen int    // octets on the wire
	Time    time.Time
	VLAN    uint16 // tag the kernel took out of the header; 0: none
}

// Decode reads f into seg, which it wipes first. seg is valid iff the answer is
// OK. It does not allocate, but for fragments.
func (p *Packets) Decode(f *Frame, seg *Segment) Reason {
	*seg = Segment{VLAN: f.VLAN}
	p.seg, p.depth = seg, 0
	p.missing = max(f.WireLen-len(f.Data), 0)
	if !f.Time.IsZero() {
		p.now = f.Time.UnixNano()
	}
	return p.link(f.Link, f.Data)
}

// link reads what a frame of a link type starts with.
func (p *Packets) link(link uint16, b []byte) Reason {
	switch link {
	case uint16(layers.LinkTypeEthernet):
		return p.ethernet(b)
	case linkRawBSD, linkRawOpenBSD, uint16(layers.LinkTypeRaw), uint16(layers.LinkTypeIPv4), uint16(layers.LinkTypeIPv6):
		return p.ip(b)
	case uint16(layers.LinkTypeNull), uint16(layers.LinkTypeLoop):
		return p.loopback(b)
	case uint16(layers.LinkTypeLinuxSLL):
		return p.sll(b)
	case linkSLL2:
		return p.sll2(b)
	case uint16(layers.LinkTypePPP), linkPPPSerial:
		return p.ppp(b)
	}
	return UnknownLink
}

// Link types gopacket has no name for.
const (
	linkRawBSD     = 12
	linkRawOpenBSD = 14
	linkPPPSerial  = 50
	linkSLL2       = 276
)

// ethernet reads an Ethernet header (IEEE 802.3) or the one inside a tunnel.
func (p *Packets) ethernet(b []byte) Reason {
	if len(b) < 14 {
		return Truncated
	}
	if p.depth == 0 {
		copy(p.seg.DstMAC[:], b)
		copy(p.seg.SrcMAC[:], b[6:])
	}
	return p.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[12:])), b[14:])
}

// EtherTypes gopacket has no name for, or another.
const (
	etherQinQOld layers.EthernetType = 0x9100
	etherERSPAN3 layers.EthernetType = 0x22eb
	etherTEB     layers.EthernetType = 0x6558
	etherPPP     layers.EthernetType = 0x880b
)

// ethertype reads what an EtherType announces.
func (p *Packets) ethertype(t layers.EthernetType, b []byte) Reason {
	if p.depth++; p.depth > maxDepth {
		return TooDeep
	}
	switch t {
	case layers.EthernetTypeIPv4, layers.EthernetTypeIPv6:
		return p.ip(b)
	case layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, etherQinQOld:
		if len(b) < 4 {
			return Truncated
		}
		if p.seg.VLAN == 0 {
			p.seg.VLAN = binary.BigEndian.Uint16(b) & 0xfff
		}
		return p.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[2:])), b[4:])
	case layers.EthernetTypeMPLSUnicast, layers.EthernetTypeMPLSMulticast:
		return p.mpls(b)
	case layers.EthernetTypePPPoESession:
		if len(b) < 6 {
			return Truncated
		}
		return p.ppp(b[6:])
	case etherPPP:
		return p.ppp(b)
	case etherTEB:
		return p.ethernet(b)
	case layers.EthernetTypeERSPAN:
		return p.erspan2(b)
	case etherERSPAN3:
		return p.erspan3(b)
	}
	return NotIP
}

// ip reads an IP header of either version.
func (p *Packets) ip(b []byte) Reason {
	if p.depth++; p.depth > maxDepth {
		return TooDeep
	}
	if len(b) == 0 {
		return Truncated
	}
	switch b[0] >> 4 {
	case 4:
		return p.ipv4(b)
	case 6:
		return p.ipv6(b)
	}
	return NotIP
}

// bound cuts trailing octets that are not the datagram's (Ethernet padding),
// and notes what of the datagram was not captured. A length of zero is what a
// host that leaves segmentation to its card captures: the frame tells.
func (p *Packets) bound(b []byte, size int) []byte {
	switch {
	case size == 0:
	case size <= len(b):
		b, p.missing = b[:size], 0
	default:
		p.missing = size - len(b)
	}
	return b
}

func (p *Packets) ipv4(b []byte) Reason {
	if len(b) < 20 {
		return Truncated
	}
	header := int(b[0]&15) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	if header < 20 || total != 0 && total < header {
		return BadHeader
	}
	if len(b) < header {
		return Truncated
	}
	b = p.bound(b, total)
	mapped(&p.seg.Src.Addr, b[12:16])
	mapped(&p.seg.Dst.Addr, b[16:20])
	proto := layers.IPProtocol(b[9])
	if frag := binary.BigEndian.Uint16(b[6:]); frag&0x3fff != 0 { // more fragments, or an offset
		key := fragmentKey{src: p.seg.Src.Addr, dst: p.seg.Dst.Addr, id: uint32(binary.BigEndian.Uint16(b[4:])), proto: proto}
		return p.fragment(key, int(frag&0x1fff)*8, frag&0x2000 != 0, b[header:])
	}
	return p.transport(proto, b[header:])
}

// mapped writes an IPv4 address as an IPv4-mapped one.
func mapped(dst *[16]byte, v4 []byte) {
	*dst = [16]byte{10: 0xff, 11: 0xff}
	copy(dst[12:], v4)
}

func (p *Packets) ipv6(b []byte) Reason {
	if len(b) < 40 {
		return Truncated
	}
	size := int(binary.BigEndian.Uint16(b[4:]))
	if size != 0 { // 0: a jumbogram (RFC 2675), or segmentation left to the card
		size += 40
	}
	b = p.bound(b, size)
	copy(p.seg.Src.Addr[:], b[8:24])
	copy(p.seg.Dst.Addr[:], b[24:40])
	return p.extensions(layers.IPProtocol(b[6]), b[40:])
}

// extensions steps over IPv6 extension headers (RFC 8200 4).
func (p *Packets) extensions(next layers.IPProtocol, b []byte) Reason {
	for range maxDepth {
		size := 0
		switch next {
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			if len(b) >= 2 {
				size = (int(b[1]) + 1) * 8
			}
		case layers.IPProtocolAH:
			if len(b) >= 2 {
				size = (int(b[1]) + 2) * 4
			}
		case layers.IPProtocolIPv6Fragment:
			return p.fragment6(b)
		default:
			return p.transport(next, b)
		}
		if size == 0 || size > len(b) {
			return Truncated
		}
		next, b = layers.IPProtocol(b[0]), b[size:]
	}
	return TooDeep
}

func (p *Packets) fragment6(b []byte) Reason {
	if len(b) < 8 {
		return Truncated
	}
	proto, frag := layers.IPProtocol(b[0]), binary.BigEndian.Uint16(b[2:])
	if frag&0xfff9 == 0 {
		return p.extensions(proto, b[8:]) // an atomic fragment (RFC 6946)
	}
	key := fragmentKey{src: p.seg.Src.Addr, dst: p.seg.Dst.Addr, id: binary.BigEndian.Uint32(b[4:]), proto: proto, v6: true}
	return p.fragment(key, int(frag&0xfff8), frag&1 != 0, b[8:])
}

// fragment keeps a part of a datagram, and reads the datagram when it is whole.
func (p *Packets) fragment(key fragmentKey, off int, more bool, part []byte) Reason {
	whole := p.fragments.add(key, off, more, part, p.missing, p.now)
	if whole == nil {
		return Fragment
	}
	p.missing = 0
	if key.v6 {
		return p.extensions(key.proto, whole)
	}
	return p.transport(key.proto, whole)
}

// transport reads what an IP protocol number announces.
func (p *Packets) transport(proto layers.IPProtocol, b []byte) Reason {
	switch proto {
	case layers.IPProtocolTCP:
		return p.tcp(b)
	case layers.IPProtocolUDP:
		return p.udp(b)
	case layers.IPProtocolGRE:
		return p.gre(b)
	case layers.IPProtocolIPv4, layers.IPProtocolIPv6:
		return p.ip(b)
	case layers.IPProtocolAH:
		if len(b) < 2 || len(b) < (int(b[1])+2)*4 {
			return Truncated
		}
		if p.depth++; p.depth > maxDepth {
			return TooDeep
		}
		return p.transport(layers.IPProtocol(b[0]), b[(int(b[1])+2)*4:])
	}
	return NotTransport
}

func (p *Packets) tcp(b []byte) Reason {
	if len(b) < 20 {
		return Truncated
	}
	header := int(b[12]>>4) * 4
	if header < 20 {
		return BadHeader
	}
	s := p.seg
	s.Proto = TCP
	s.Src.Port, s.Dst.Port = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	s.Seq, s.Ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	s.Flags = Flags(b[13]) & (FIN | SYN | RST | PSH | ACK)
	s.Cut = p.missing
	if header > len(b) { // cut within the options: the missing octets begin there
		if s.Cut -= header - len(b); s.Cut < 0 {
			return BadHeader
		}
		header = len(b)
	}
	s.Payload = b[header:]
	return OK
}

func (p *Packets) udp(b []byte) Reason {
	if len(b) < 8 {
		return Truncated
	}
	s := p.seg
	src, dst := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if size := int(binary.BigEndian.Uint16(b[4:])); size >= 8 {
		b = p.bound(b, size)
	}
	if reason, tunnel := p.udpTunnel(dst, b[8:]); tunnel {
		return reason
	}
	s.Proto = UDP
	s.Src.Port, s.Dst.Port = src, dst
	s.Payload, s.Cut = b[8:], p.missing
	return OK
}
