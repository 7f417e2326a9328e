package decode

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"
)

// Brief is what a glance tells of a frame.
type Brief struct {
	Src, Dst uint16 // ports
	hosts    []byte // the two addresses; borrowed
}

// Glance reads the ports of a frame and nothing that is not needed for them. It
// is for the ninety-nine frames of a hundred that somebody whose ports are few
// will turn away, or whose hosts are another's: Ethernet, at most two VLAN tags,
// IPv4 without options or fragments or IPv6 without extensions, TCP or UDP, whole.
// ok is false for every other frame, and never true for one that Decode would
// refuse or find a tunnel in: Decode gives the same ports and shard then.
func Glance(link uint16, b []byte) (g Brief, ok bool) {
	if link != uint16(layers.LinkTypeEthernet) || len(b) < 14+20+20 {
		return g, false
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
	var hosts []byte
	switch {
	case typ == layers.EthernetTypeIPv4 && len(b) >= 20 && b[0] == 4<<4|5:
		total := int(binary.BigEndian.Uint16(b[2:]))
		if total < 20 || total > len(b) || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
			return g, false
		}
		proto, hosts, b = layers.IPProtocol(b[9]), b[12:20], b[20:total]
	case typ == layers.EthernetTypeIPv6 && len(b) >= 40 && b[0]>>4 == 6:
		size := int(binary.BigEndian.Uint16(b[4:]))
		if size == 0 || size > len(b)-40 {
			return g, false
		}
		proto, hosts, b = layers.IPProtocol(b[6]), b[8:40], b[40:40+size]
	default:
		return g, false
	}
	if !wholeTransport(proto, b) {
		return g, false
	}
	return Brief{binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), hosts}, true
}

// wholeTransport says whether b is a transport header with its payload, and no
// tunnel.
func wholeTransport(proto layers.IPProtocol, b []byte) bool {
	switch proto {
	case layers.IPProtocolTCP:
		return len(b) >= 20 && b[12] >= 5<<4 && int(b[12]>>4)*4 <= len(b)
	case layers.IPProtocolUDP:
		if len(b) < 8 || int(binary.BigEndian.Uint16(b[4:])) != len(b) {
			return false
		}
		switch binary.BigEndian.Uint16(b[2:]) {
		case portVXLAN, portVXLANLinux, portGENEVE:
			return false
		}
		return true
	default:
		return false
	}
}

// Shard gives what Segment.Shard gives. Its frame must still be there.
func (g *Brief) Shard() int {
	var src, dst [16]byte
	if len(g.hosts) == 8 {
		mapped(&src, g.hosts[:4])
		mapped(&dst, g.hosts[4:])
	} else {
		src, dst = [16]byte(g.hosts), [16]byte(g.hosts[16:])
	}
	return shardOf(&src, &dst)
}
