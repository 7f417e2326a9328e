package decode

import (
	"encoding/binary"
	"net/netip"
)

// Proto is the transport protocol of a segment.
type Proto uint8

// The protocols LDAP is carried by.
const (
	_   Proto = iota // zero: not set
	TCP              // RFC 9293
	UDP              // RFC 768
)

// Flags are the TCP control bits a stream needs.
type Flags uint8

// Control bits (RFC 9293 3.1).
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// Endpoint is one end of a flow. IPv4 addresses are held IPv4-mapped
// (RFC 4291 2.5.5.2), so that endpoints compare and hash as plain arrays:
// netip.AddrPort carries a zone pointer and is about twice as slow as a map key.
type Endpoint struct {
	Addr [16]byte
	Port uint16
}

// AddrPort gives e for showing, IPv4 as IPv4.
func (e Endpoint) AddrPort() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.Addr).Unmap(), e.Port)
}

// Segment is one TCP segment or UDP datagram with its headers read.
type Segment struct {
	Src, Dst       Endpoint // innermost addresses where the frame is tunnelled
	Proto          Proto
	Flags          Flags   // TCP only
	Seq, Ack       uint32  // TCP only; Ack is valid iff Flags has ACK
	Payload        []byte  // borrowed from the frame, or from the Packets that put fragments together, until the next Decode
	Cut            int     // octets of payload that were on the wire and are not in the capture (snap length)
	VLAN           uint16  // outermost 802.1Q VLAN ID, 0: none
	SrcMAC, DstMAC [6]byte // outermost link addresses; zero where the link has none
}

// FlowKey names a flow, the same for both directions.
type FlowKey struct {
	Lo, Hi Endpoint // ordered by address, then port
	Proto  Proto
}

// Key gives the segment's flow and whether the lower endpoint sent it.
func (s *Segment) Key() (key FlowKey, fromLo bool) {
	if s.Src.less(s.Dst) {
		return FlowKey{Lo: s.Src, Hi: s.Dst, Proto: s.Proto}, true
	}
	return FlowKey{Lo: s.Dst, Hi: s.Src, Proto: s.Proto}, false
}

func (e Endpoint) less(o Endpoint) bool {
	// Eight octets at a time: nearly all addresses share the first twelve.
	if a, b := binary.BigEndian.Uint64(e.Addr[:8]), binary.BigEndian.Uint64(o.Addr[:8]); a != b {
		return a < b
	}
	if a, b := binary.BigEndian.Uint64(e.Addr[8:]), binary.BigEndian.Uint64(o.Addr[8:]); a != b {
		return a < b
	}
	return e.Port < o.Port
}

// Shards is how many parts the hosts of a network fall into.
const Shards = 64

// Shard gives the part that the segment's pair of hosts belongs to. It depends
// on nothing but the two addresses, so both directions, every connection of the
// pair and their fragments meet in one shard, and a shard belongs to one
// worker: what is told once for a client and a server is known by one alone.
func (s *Segment) Shard() int { return shardOf(&s.Src.Addr, &s.Dst.Addr) }

func shardOf(src, dst *[16]byte) int {
	// A sum, so that the order of the two ends does not matter.
	h := spread(src) + spread(dst)
	h ^= h >> 32
	h *= 0x9e3779b97f4a7c15
	return int(h >> 58)
}

// spread makes a number of an address in which each of its bits counts: each
// worker asks it of each segment, its own or not.
func spread(addr *[16]byte) uint64 {
	h := binary.LittleEndian.Uint64(addr[:8])*0xff51afd7ed558ccd ^ binary.LittleEndian.Uint64(addr[8:])
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}
