package decode

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"
)

// loopback reads the address family in front of BSD loopback frames: host
// order in DLT_NULL, network order in DLT_LOOP. IP's own version tells the rest.
func (p *Packets) loopback(b []byte) Reason {
	if len(b) < 4 {
		return Truncated
	}
	return p.ip(b[4:])
}

// sll reads Linux cooked capture, version 1 (DLT_LINUX_SLL).
func (p *Packets) sll(b []byte) Reason {
	if len(b) < 16 {
		return Truncated
	}
	if binary.BigEndian.Uint16(b[4:]) == 6 {
		copy(p.seg.SrcMAC[:], b[6:12])
	}
	return p.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[14:])), b[16:])
}

// sll2 reads Linux cooked capture, version 2 (DLT_LINUX_SLL2).
func (p *Packets) sll2(b []byte) Reason {
	if len(b) < 20 {
		return Truncated
	}
	if b[11] == 6 {
		copy(p.seg.SrcMAC[:], b[12:18])
	}
	return p.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b)), b[20:])
}

// ppp reads a PPP frame, with or without its address and control octets, its
// protocol field compressed or not (RFC 1661).
func (p *Packets) ppp(b []byte) Reason {
	if p.depth++; p.depth > maxDepth {
		return TooDeep
	}
	if len(b) >= 2 && b[0] == 0xff && b[1] == 3 {
		b = b[2:]
	}
	if len(b) < 2 {
		return Truncated
	}
	proto, size := uint16(b[0]), 1
	if b[0]&1 == 0 {
		proto, size = binary.BigEndian.Uint16(b), 2
	}
	switch proto {
	case 0x21, 0x57:
		return p.ip(b[size:])
	case 0x281:
		return p.mpls(b[size:])
	}
	return NotIP
}

// mpls steps over a label stack (RFC 3032). What is behind it nobody says: the
// first nibble tells IP, 0 is the control word of an Ethernet pseudowire (RFC
// 4385), anything else an Ethernet frame without one.
func (p *Packets) mpls(b []byte) Reason {
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
			return p.ip(b)
		case 0:
			if len(b) >= 4 {
				b = b[4:]
			}
		}
		if p.depth++; p.depth > maxDepth {
			return TooDeep
		}
		return p.ethernet(b)
	}
	return TooDeep
}

// gre reads GRE (RFC 2784, 2890) and what it carries: IP, Ethernet (NVGRE),
// ERSPAN, or PPP in its version 1 (RFC 2637).
func (p *Packets) gre(b []byte) Reason {
	if len(b) < 4 {
		return Truncated
	}
	flags, proto := binary.BigEndian.Uint16(b), layers.EthernetType(binary.BigEndian.Uint16(b[2:]))
	size := 4
	if flags&0x8000 != 0 || flags&0x4000 != 0 { // checksum or routing
		size += 4
	}
	sequence := flags&0x1000 != 0
	if flags&0x2000 != 0 { // key
		size += 4
	}
	if sequence {
		size += 4
	}
	if flags&7 == 1 && flags&0x80 != 0 { // version 1: acknowledgement
		size += 4
	}
	if len(b) < size {
		return Truncated
	}
	b = b[size:]
	for flags&0x4000 != 0 && flags&7 == 0 { // source routes, until an empty one
		if len(b) < 4 || len(b) < 4+int(b[3]) {
			return Truncated
		}
		route := b
		b = b[4+int(b[3]):]
		if route[3] == 0 {
			break
		}
	}
	if proto == layers.EthernetTypeERSPAN && !sequence {
		return p.inside(b) // type I has no header of its own
	}
	return p.ethertype(proto, b)
}

// erspan2 reads ERSPAN type II (draft-foschiano-erspan 4.2).
func (p *Packets) erspan2(b []byte) Reason {
	if len(b) < 8 {
		return Truncated
	}
	return p.inside(b[8:])
}

// erspan3 reads ERSPAN type III, with its optional subheader (4.3).
func (p *Packets) erspan3(b []byte) Reason {
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
	return p.inside(b[size:])
}

// UDP ports of tunnels.
const (
	portVXLAN      = 4789 // RFC 7348
	portVXLANLinux = 8472 // what Linux used before there was one
	portGENEVE     = 6081 // RFC 8926
)

// udpTunnel reads a tunnel in a UDP datagram; tunnel is false if it is none.
func (p *Packets) udpTunnel(port uint16, b []byte) (reason Reason, tunnel bool) {
	if len(b) < 8 && p.missing > 0 && (port == portVXLAN || port == portVXLANLinux || port == portGENEVE) {
		return Truncated, true
	}
	switch port {
	case portVXLAN, portVXLANLinux:
		if len(b) < 8 || b[0]&0x08 == 0 {
			return OK, false
		}
		return p.inside(b[8:]), true
	case portGENEVE:
		if len(b) < 8 || b[0]>>6 != 0 {
			return OK, false
		}
		size := 8 + int(b[0]&0x3f)*4
		if len(b) < size {
			return Truncated, p.missing > 0
		}
		return p.ethertype(layers.EthernetType(binary.BigEndian.Uint16(b[2:])), b[size:]), true
	}
	return OK, false
}

// inside reads an Ethernet frame inside a tunnel.
func (p *Packets) inside(b []byte) Reason {
	if p.depth++; p.depth > maxDepth {
		return TooDeep
	}
	return p.ethernet(b)
}
