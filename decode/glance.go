package decode

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"
)

// Glance gives the ports of a frame without reading the rest of its headers.
// It is for the ninety-nine frames of a hundred that somebody whose ports are
// few will turn away: Ethernet, at most two VLAN tags, IPv4 without options or
// fragments or IPv6 without extensions, TCP or UDP, whole. ok is false for
// every other frame, and never true for one that Decode would refuse or find a
// tunnel in: Decode gives the same ports then.
func Glance(link uint16, b []byte) (src, dst uint16, ok bool) {
	if link != uint16(layers.LinkTypeEthernet) || len(b) < 14+20+20 {
		return 0, 0, false
	}
	typ := layers.EthernetType(binary.BigEndian.Uint16(b[12:]))
	b = b[14:]
	for range 2 {
		if typ != layers.EthernetTypeDot1Q && typ != layers.EthernetTypeQinQ {
			break
		}
		typ = layers.EthernetType(binary.BigEndian.Uint16(b[2:]))
		b = b[4:]
	}
	var proto layers.IPProtocol
	switch {
	case typ == layers.EthernetTypeIPv4 && len(b) >= 20 && b[0] == 4<<4|5:
		total := int(binary.BigEndian.Uint16(b[2:]))
		if total < 20 || total > len(b) || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
			return 0, 0, false
		}
		proto, b = layers.IPProtocol(b[9]), b[20:total]
	case typ == layers.EthernetTypeIPv6 && len(b) >= 40 && b[0]>>4 == 6:
		size := int(binary.BigEndian.Uint16(b[4:]))
		if size == 0 || size > len(b)-40 {
			return 0, 0, false
		}
		proto, b = layers.IPProtocol(b[6]), b[40:40+size]
	default:
		return 0, 0, false
	}
	return glanceTransport(proto, b)
}

// glanceTransport reads the ports of a transport header in a whole packet.
func glanceTransport(proto layers.IPProtocol, b []byte) (src, dst uint16, ok bool) {
	switch proto {
	case layers.IPProtocolTCP:
		if len(b) < 20 || b[12] < 5<<4 || int(b[12]>>4)*4 > len(b) {
			return 0, 0, false
		}
	case layers.IPProtocolUDP:
		if len(b) < 8 || int(binary.BigEndian.Uint16(b[4:])) != len(b) {
			return 0, 0, false
		}
		switch binary.BigEndian.Uint16(b[2:]) {
		case portVXLAN, portVXLANLinux, portGENEVE:
			return 0, 0, false
		}
	default:
		return 0, 0, false
	}
	return binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), true
}
