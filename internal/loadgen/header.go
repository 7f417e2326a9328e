package loadgen

import (
	"encoding/binary"
	"math/bits"
)

const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
)

// wrapping is what stands around a connection's IP packets.
type wrapping uint8

const (
	bare wrapping = iota // Ethernet and nothing else
	vlan
	qinq
	gre
	vxlan
	numWrappings
)

// Octets from an outer IP header to the inner one.
const (
	greRoom   = 20 + 4
	vxlanRoom = 20 + 8 + 8 + 14
)

// around appends everything in front of the IP header of a packet.
func (w wrapping) around(b []byte, v6 bool) []byte {
	inner := uint16(etherIPv4)
	if v6 {
		inner = etherIPv6
	}
	switch w {
	case vlan:
		return binary.BigEndian.AppendUint16(append(ethernet(b, 0x8100), 0, 110), inner)
	case qinq:
		b = append(ethernet(b, 0x88a8), 0, 7, 0x81, 0, 0, 110)
		return binary.BigEndian.AppendUint16(b, inner)
	case gre:
		b = ipHeader(ethernet(b, etherIPv4), false, 47, 4, [4]byte{192, 168, 9, 1}, [4]byte{192, 168, 9, 2})
		return binary.BigEndian.AppendUint16(append(b, 0, 0), inner)
	case vxlan:
		b = ipHeader(ethernet(b, etherIPv4), false, 17, 16, [4]byte{192, 168, 9, 1}, [4]byte{192, 168, 9, 2})
		b = append(b, 0xc0, 0, 0x12, 0xb5, 0, 0, 0, 0) // no checksum (RFC 7348 5)
		return ethernet(append(b, 8, 0, 0, 0, 0, 0, 42, 0), inner)
	default:
		return ethernet(b, inner)
	}
}

// finish sets the lengths in front of the IP header at l3, now that the packet
// is whole.
func (w wrapping) finish(b []byte, l3 int) {
	switch w {
	case gre:
		ipLength(b[l3-greRoom:])
	case vxlan:
		ipLength(b[l3-vxlanRoom:])
		binary.BigEndian.PutUint16(b[l3-vxlanRoom+24:], uint16(len(b)-l3+vxlanRoom-20))
	default:
	}
}

func ethernet(b []byte, typ uint16) []byte {
	b = append(b, 2, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 7)
	return binary.BigEndian.AppendUint16(b, typ)
}

// ipHeader appends an IP header in front of size octets. IPv6 addresses hold
// the IPv4 ones.
func ipHeader(b []byte, v6 bool, proto byte, size int, src, dst [4]byte) []byte {
	if v6 {
		b = append(b, 0x60, 0, 0, 0, byte(size>>8), byte(size), proto, 64)
		b = append(append(b, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), src[:]...)
		return append(append(b, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), dst[:]...)
	}
	size += 20
	at := len(b)
	b = append(b, 0x45, 0, byte(size>>8), byte(size), 0, 0, 0x40, 0, 64, proto, 0, 0)
	b = append(append(b, src[:]...), dst[:]...)
	checksum(b[at+10:], sum(0, b[at:]))
	return b
}

// ipLength sets the length of the IPv4 packet b, and its checksum.
func ipLength(b []byte) {
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b[10], b[11] = 0, 0
	checksum(b[10:], sum(0, b[:20]))
}

// sealTransport sets the checksum, at octets into the transport header at l4
// of the packet at l3.
func sealTransport(b []byte, l3, l4 int, v6 bool, proto byte, at int) {
	addresses := b[l3+12 : l3+20]
	if v6 {
		addresses = b[l3+8 : l3+40]
	}
	pseudo := sum(uint64(proto)+uint64(len(b)-l4), addresses)
	checksum(b[l4+at:], sum(pseudo, b[l4:]))
}

// sum adds 16-bit words (RFC 1071), 64 bits at once, to s.
func sum(s uint64, b []byte) uint64 {
	var carry uint64
	for ; len(b) >= 8; b = b[8:] {
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b), carry)
	}
	var last [8]byte
	copy(last[:], b)
	s, carry = bits.Add64(s, binary.BigEndian.Uint64(last[:]), carry)
	s, carry = bits.Add64(s, carry, 0)
	s += carry
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	return s>>16 + s&0xffff
}

func checksum(at []byte, s uint64) {
	s = s>>16 + s&0xffff
	binary.BigEndian.PutUint16(at, ^uint16(s))
}
