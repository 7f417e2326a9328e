package decode

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"
)

// ip reads an IP header of either version: of what announces IP, not all say
// which.
func (h *headers) ip(b []byte) Reason {
	if h.tooDeep() {
		return TooDeep
	}
	if len(b) == 0 {
		return Truncated
	}
	switch b[0] >> 4 {
	case 4:
		return h.ipv4(b)
	case 6:
		return h.ipv6(b)
	}
	return NotIP
}

// bound cuts octets that are not the packet's (Ethernet padding), and notes what
// of the packet was not captured. A size of zero is what a host that leaves
// segmentation to its card captures: the frame tells.
func (h *headers) bound(b []byte, size int) []byte {
	switch {
	case size == 0:
	case size <= len(b):
		b, h.missing = b[:size], 0
	default:
		h.missing = size - len(b)
	}
	return b
}

// ipv4 reads an IPv4 header (RFC 791 3.1). The checksum is not looked at: cards
// write it after the capture.
func (h *headers) ipv4(b []byte) Reason {
	if len(b) < 20 {
		return Truncated
	}
	size := int(b[0]&15) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	if size < 20 || total != 0 && total < size {
		return BadHeader
	}
	if len(b) < size {
		return Truncated
	}
	b = h.bound(b, total)
	mapped(&h.seg.Src.Addr, b[12:16])
	mapped(&h.seg.Dst.Addr, b[16:20])
	proto := layers.IPProtocol(b[9])
	if frag := binary.BigEndian.Uint16(b[6:]); frag&0x3fff != 0 { // more fragments, or an offset
		key := fragmentKey{src: h.seg.Src.Addr, dst: h.seg.Dst.Addr, id: uint32(binary.BigEndian.Uint16(b[4:])), proto: proto}
		return h.fragment(key, part{proto: proto, off: int(frag&0x1fff) * 8, more: frag&0x2000 != 0, data: b[size:]})
	}
	return h.transport(proto, b[size:])
}

// mapped writes an IPv4 address as an IPv4-mapped one.
func mapped(dst *[16]byte, v4 []byte) {
	*dst = [16]byte{10: 0xff, 11: 0xff}
	copy(dst[12:], v4)
}

// ipv6 reads an IPv6 header (RFC 8200 3).
func (h *headers) ipv6(b []byte) Reason {
	if len(b) < 40 {
		return Truncated
	}
	size := int(binary.BigEndian.Uint16(b[4:]))
	if size != 0 { // 0: a jumbogram (RFC 2675), or segmentation left to the card
		size += 40
	}
	b = h.bound(b, size)
	copy(h.seg.Src.Addr[:], b[8:24])
	copy(h.seg.Dst.Addr[:], b[24:40])
	return h.extensions(layers.IPProtocol(b[6]), b[40:])
}

// extensions steps over IPv6 extension headers (RFC 8200 4), and over the
// authentication header (RFC 4302 2) of either version.
func (h *headers) extensions(next layers.IPProtocol, b []byte) Reason {
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
			return h.fragment6(b)
		default:
			return h.transport(next, b)
		}
		if size == 0 || size > len(b) {
			return Truncated
		}
		next, b = layers.IPProtocol(b[0]), b[size:]
	}
	return TooDeep
}

// fragment6 reads an IPv6 fragment header (RFC 8200 4.5).
func (h *headers) fragment6(b []byte) Reason {
	if h.tooDeep() {
		return TooDeep
	}
	if len(b) < 8 {
		return Truncated
	}
	proto, frag := layers.IPProtocol(b[0]), binary.BigEndian.Uint16(b[2:])
	if frag&0xfff9 == 0 {
		return h.extensions(proto, b[8:]) // an atomic fragment (RFC 6946)
	}
	key := fragmentKey{src: h.seg.Src.Addr, dst: h.seg.Dst.Addr, id: binary.BigEndian.Uint32(b[4:]), v6: true}
	return h.fragment(key, part{proto: proto, off: int(frag & 0xfff8), more: frag&1 != 0, data: b[8:]})
}

// fragment keeps a part of a datagram, and reads the datagram when it is whole.
func (h *headers) fragment(key fragmentKey, p part) Reason {
	if h.missing > 0 {
		h.fragments.stats.Refused++
		return Truncated
	}
	proto, whole, why := h.fragments.add(key, p, h.frame.Time)
	if why != OK {
		return why
	}
	if key.v6 {
		return h.extensions(proto, whole)
	}
	return h.transport(proto, whole)
}

// transport reads what an IP protocol number announces.
func (h *headers) transport(proto layers.IPProtocol, b []byte) Reason {
	switch proto {
	case layers.IPProtocolTCP:
		return h.tcp(b)
	case layers.IPProtocolUDP:
		return h.udp(b)
	case layers.IPProtocolGRE:
		return h.gre(b)
	case layers.IPProtocolIPv4, layers.IPProtocolIPv6:
		h.inner = true
		return h.ip(b)
	case layers.IPProtocolAH: // extensions never hands it back
		return h.extensions(proto, b)
	default:
		return NotTransport
	}
}

// tcp reads a TCP header (RFC 9293 3.1). Its options are of no use to us, so
// they may be cut off as well.
func (h *headers) tcp(b []byte) Reason {
	if len(b) < 20 {
		return Truncated
	}
	size := int(b[12]>>4) * 4
	if size < 20 {
		return BadHeader
	}
	cut := h.missing
	if over := size - len(b); over > 0 { // cut within the options
		if cut -= over; cut < 0 {
			return BadHeader
		}
		size = len(b)
	}
	s := h.seg
	s.Proto = TCP
	s.Src.Port, s.Dst.Port = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	s.Seq, s.Ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	s.Flags = Flags(b[13]) & (FIN | SYN | RST | PSH | ACK)
	s.Payload, s.Cut = b[size:], cut
	return OK
}

// udp reads a UDP header (RFC 768). A length of zero means what it does in IP
// (RFC 2675 4); one beyond the packet makes receivers drop it.
func (h *headers) udp(b []byte) Reason {
	if len(b) < 8 {
		return Truncated
	}
	src, dst := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	size := int(binary.BigEndian.Uint16(b[4:]))
	if size != 0 && size < 8 || size > len(b)+h.missing {
		return BadHeader
	}
	b = h.bound(b, size)[8:]
	if why, tunnel := h.udpTunnel(dst, b); tunnel {
		return why
	}
	s := h.seg
	s.Proto = UDP
	s.Src.Port, s.Dst.Port = src, dst
	s.Payload, s.Cut = b, h.missing
	return OK
}
