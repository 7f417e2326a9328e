package decode

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"
)

// inside reads an Ethernet frame inside a tunnel.
func (h *headers) inside(b []byte) Reason {
	h.inner = true
	if h.tooDeep() {
		return TooDeep
	}
	return h.ethernet(b)
}

// mpls steps over a label stack (RFC 3032 2.1). Nothing says what is behind it:
// by its first nibble it is IP, a pseudowire's associated channel (1, RFC 5586),
// or a pseudowire's Ethernet frame.
func (h *headers) mpls(b []byte) Reason {
	for range maxDepth {
		if len(b) < 5 {
			return Truncated
		}
		bottom := b[2]&1 != 0
		b = b[4:]
		if !bottom {
			continue
		}
		switch b[0] >> 4 {
		case 4, 6:
			return h.ip(b)
		case 0:
			if controlWord(b) {
				b = b[4:]
			}
		case 1:
			return NotIP
		}
		return h.inside(b)
	}
	return TooDeep
}

// controlWord says whether b, whose first nibble is 0, starts with a pseudowire's
// control word (RFC 4448 4.6). The word is optional, and the addresses of many
// vendors start with that nibble as well: it is none if an EtherType stands
// where it would without the word, and not where it would with it.
func controlWord(b []byte) bool {
	if len(b) < 18 {
		return len(b) >= 4
	}
	return carried(b[16:]) || !carried(b[12:])
}

// carried says whether an EtherType is one that LDAP may be found behind.
func carried(b []byte) bool {
	switch layers.EthernetType(binary.BigEndian.Uint16(b)) {
	case layers.EthernetTypeIPv4, layers.EthernetTypeIPv6, layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, etherQinQOld,
		layers.EthernetTypeMPLSUnicast, layers.EthernetTypePPPoESession:
		return true
	default:
		return false
	}
}

// Flags and versions of a GRE header (RFC 2784 2.1, RFC 2890 2, RFC 2637 4.1).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080 // version 1
	greVersion  = 0x0007
)

// gre reads GRE and what it carries: IP, Ethernet (NVGRE, RFC 7637), ERSPAN, or
// PPP in its version 1 (PPTP).
func (h *headers) gre(b []byte) Reason {
	if len(b) < 4 {
		return Truncated
	}
	flags, proto := binary.BigEndian.Uint16(b), layers.EthernetType(binary.BigEndian.Uint16(b[2:]))
	size := 4
	if flags&(greChecksum|greRouting) != 0 { // they share four octets
		size += 4
	}
	if flags&greKey != 0 {
		size += 4
	}
	if flags&greSequence != 0 {
		size += 4
	}
	switch flags & greVersion {
	case 0:
	case 1:
		if flags&greSequence == 0 {
			return NotTransport // a bare acknowledgement
		}
		if flags&greAck != 0 {
			size += 4
		}
	default:
		return BadHeader
	}
	if len(b) < size {
		return Truncated
	}
	h.inner = true
	b = b[size:]
	if flags&greRouting != 0 {
		var ok bool
		if b, ok = skipRoutes(b); !ok {
			return Truncated
		}
	}
	if proto == layers.EthernetTypeERSPAN && flags&greSequence == 0 {
		return h.inside(b) // type I has no header of its own
	}
	return h.ethertype(proto, b)
}

// skipRoutes steps over GRE source routes, until an empty one (RFC 1701).
func skipRoutes(b []byte) (rest []byte, ok bool) {
	for len(b) >= 4 {
		size := 4 + int(b[3])
		if len(b) < size {
			return nil, false
		}
		if b = b[size:]; size == 4 {
			return b, true
		}
	}
	return nil, false
}

// erspan reads ERSPAN (draft-foschiano-erspan-03): type II (4.2), whose version
// is 1, or type III (4.3), whose version is 2, with its optional subheader. Both
// EtherTypes are seen with both versions.
func (h *headers) erspan(b []byte) Reason {
	if len(b) < 8 {
		return Truncated
	}
	switch b[0] >> 4 {
	case 1:
		return h.inside(b[8:])
	case 2:
	default:
		return BadHeader
	}
	if len(b) < 12 {
		return Truncated
	}
	size := 12
	if b[11]&1 != 0 {
		size += 8
	}
	if len(b) < size {
		return Truncated
	}
	switch b[10] >> 2 & 0x1f { // frame type
	case 0:
		return h.inside(b[size:])
	case 2:
		return h.ip(b[size:])
	}
	return NotIP
}

// UDP ports of tunnels.
const (
	portVXLAN      = 4789 // RFC 7348
	portVXLANLinux = 8472 // what Linux used before there was one
	portGENEVE     = 6081 // RFC 8926
)

// udpTunnel reads a tunnel in a UDP datagram; tunnel is false if it is none:
// any client may have been given such a port.
func (h *headers) udpTunnel(port uint16, b []byte) (reason Reason, tunnel bool) {
	switch port {
	case portVXLAN, portVXLANLinux, portGENEVE:
	default:
		return OK, false
	}
	if len(b) < 8 {
		return Truncated, h.missing > 0
	}
	if port != portGENEVE {
		if b[0]&0x08 == 0 { // no network identifier
			return OK, false
		}
		return h.inside(b[8:]), true
	}
	size := 8 + int(b[0]&0x3f)*4
	if b[0]>>6 != 0 { // version
		return OK, false
	}
	if len(b) < size {
		return Truncated, h.missing > 0
	}
	h.inner = true
	return h.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[2:])), b[size:]), true
}
