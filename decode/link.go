package decode

import (
	"encoding/binary"
	"math/bits"

	"github.com/google/gopacket/layers"
)

const (
	vlanID      = 0xfff  // of a tag, the rest is priority (IEEE 802.1Q 9.6)
	etherLength = 0x0600 // below it, the EtherType is a length (IEEE 802.3 3.2.6)

	// EtherTypes gopacket has no name for.
	etherQinQOld layers.EthernetType = 0x9100
	etherERSPAN3 layers.EthernetType = 0x22eb
)

// ethernet reads an Ethernet header (IEEE 802.3). Those of tunnels must not
// overwrite the frame's own.
func (h *headers) ethernet(b []byte) Reason {
	if len(b) < 14 {
		return Truncated
	}
	if !h.inner {
		copy(h.seg.DstMAC[:], b)
		copy(h.seg.SrcMAC[:], b[6:])
	}
	return h.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[12:])), b[14:])
}

// ethertype reads what an EtherType announces.
func (h *headers) ethertype(t layers.EthernetType, b []byte) Reason {
	if t == layers.EthernetTypeIPv4 || t == layers.EthernetTypeIPv6 {
		return h.ip(b) // it counts itself
	}
	if h.tooDeep() {
		return TooDeep
	}
	switch t {
	case layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, etherQinQOld:
		return h.vlan(b)
	case layers.EthernetTypeMPLSUnicast, layers.EthernetTypeMPLSMulticast:
		return h.mpls(b)
	case layers.EthernetTypePPPoESession:
		return h.pppoe(b)
	case layers.EthernetTypePPP:
		return h.ppp(b)
	case layers.EthernetTypeTransparentEthernetBridging:
		return h.inside(b)
	case layers.EthernetTypeERSPAN, etherERSPAN3:
		return h.erspan(b)
	default:
		if t < etherLength {
			return h.snap(b)
		}
		return NotIP
	}
}

// vlan reads a tag (IEEE 802.1Q). The outermost one with an ID is the frame's:
// a tag of ID 0 only carries a priority.
func (h *headers) vlan(b []byte) Reason {
	if len(b) < 4 {
		return Truncated
	}
	if h.seg.VLAN == 0 && !h.inner {
		h.seg.VLAN = binary.BigEndian.Uint16(b) & vlanID
	}
	return h.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[2:])), b[4:])
}

// snap reads the EtherType out of an LLC and SNAP header (RFC 1042), which some
// bridges and older hosts write; other LLC is no IP.
func (h *headers) snap(b []byte) Reason {
	if len(b) < 8 || [6]byte(b) != [6]byte{0xaa, 0xaa, 3} {
		return NotIP
	}
	return h.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[6:])), b[8:])
}

// loopback reads the address family in front of BSD loopback frames: in the
// writing host's order (LINKTYPE_NULL) or the network's (LINKTYPE_LOOP). The
// values for IPv6 are those of Linux, Windows, the BSDs and macOS.
func (h *headers) loopback(b []byte) Reason {
	if len(b) < 4 {
		return Truncated
	}
	family := binary.LittleEndian.Uint32(b)
	if family > 0xffff {
		family = bits.ReverseBytes32(family)
	}
	switch family {
	case 2, 10, 23, 24, 28, 30:
		return h.ip(b[4:])
	}
	return NotIP
}

// sll reads Linux cooked capture (LINKTYPE_LINUX_SLL).
func (h *headers) sll(b []byte) Reason {
	if len(b) < 16 {
		return Truncated
	}
	if binary.BigEndian.Uint16(b[4:]) == 6 {
		copy(h.seg.SrcMAC[:], b[6:12])
	}
	return h.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[14:])), b[16:])
}

// sll2 reads Linux cooked capture, version 2 (LINKTYPE_LINUX_SLL2).
func (h *headers) sll2(b []byte) Reason {
	if len(b) < 20 {
		return Truncated
	}
	if b[11] == 6 {
		copy(h.seg.SrcMAC[:], b[12:18])
	}
	return h.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b)), b[20:])
}

// pppoe steps over a PPPoE session header (RFC 2516 4), version and type 1,
// code 0.
func (h *headers) pppoe(b []byte) Reason {
	if len(b) < 6 {
		return Truncated
	}
	if b[0] != 0x11 || b[1] != 0 {
		return BadHeader
	}
	return h.ppp(b[6:])
}

// PPP protocol numbers.
const (
	pppIPv4          = 0x0021 // RFC 1332
	pppIPv6          = 0x0057 // RFC 5072
	pppMPLSUnicast   = 0x0281 // RFC 3032 4.3
	pppMPLSMulticast = 0x0283
)

// ppp reads a PPP frame, with or without its address and control octets, its
// protocol field compressed to one octet or not (RFC 1661 2, 6.5).
func (h *headers) ppp(b []byte) Reason {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 3 {
		b = b[2:]
	}
	if len(b) < 2 {
		return Truncated
	}
	proto, size := uint16(b[0]), 1
	if proto&1 == 0 {
		proto, size = binary.BigEndian.Uint16(b), 2
	}
	switch proto {
	case pppIPv4, pppIPv6:
		return h.ip(b[size:])
	case pppMPLSUnicast, pppMPLSMulticast:
		return h.mpls(b[size:])
	}
	return NotIP
}

// hdlc reads Cisco's framing of serial lines (LINKTYPE_C_HDLC): address, control,
// EtherType.
func (h *headers) hdlc(b []byte) Reason {
	if len(b) < 4 {
		return Truncated
	}
	return h.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[2:])), b[4:])
}

// pppWithDirection steps over the octet that says who sent (LINKTYPE_PPP_WITH_DIR).
func (h *headers) pppWithDirection(b []byte) Reason {
	if len(b) < 1 {
		return Truncated
	}
	return h.ppp(b[1:])
}

const nflogPayload = 9 // NFULA_PAYLOAD

// nflog reads what netfilter logs (LINKTYPE_NFLOG): a header, and attributes in the
// order of the host that wrote them, of which one is the packet.
func (h *headers) nflog(b []byte) Reason {
	if len(b) < 4 {
		return Truncated
	}
	var order binary.ByteOrder = binary.LittleEndian
	if len(b) >= 8 && order.Uint16(b[6:]) > 0xff { // no attribute has such a number
		order = binary.BigEndian
	}
	for b = b[4:]; len(b) >= 4; {
		size, kind := int(order.Uint16(b)), order.Uint16(b[2:])
		switch {
		case size < 4:
			return BadHeader
		case kind == nflogPayload:
			return h.ip(b[4:min(size, len(b))])
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return Truncated
}

// wrapped reads a header of LINKTYPE_PPI or LINKTYPE_PKTAP, which tells its own
// length and the link type of what is behind it.
func (h *headers) wrapped(size int, link uint32, b []byte) Reason {
	switch {
	case h.tooDeep():
		return TooDeep
	case size > len(b):
		return Truncated
	case link > 0xffff:
		return UnknownLink
	}
	return h.link(uint16(link), b[size:])
}

func (h *headers) ppi(b []byte) Reason {
	if len(b) < 8 {
		return Truncated
	}
	size := int(binary.LittleEndian.Uint16(b[2:]))
	if size < 8 {
		return BadHeader
	}
	return h.wrapped(size, binary.LittleEndian.Uint32(b[4:]), b)
}

func (h *headers) pktap(b []byte) Reason {
	if len(b) < 12 {
		return Truncated
	}
	size := binary.LittleEndian.Uint32(b)
	if size < 12 || size > 1<<16 {
		return BadHeader
	}
	return h.wrapped(int(size), binary.LittleEndian.Uint32(b[8:]), b)
}
