package evidence

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/alertlog"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

const (
	mtu        = 1500
	maxIP      = 1<<16 - 1
	ipv4Header = 20
	ipv6Header = 40
	tcpHeader  = 20
	udpHeader  = 8
)

// conn makes the frames of one connection again.
type conn struct {
	alert *detect.Alert
	ends  [2]netip.AddrPort // client, server
	macs  [2][6]byte
	seq   [2]uint32
	ng    ng
}

// encode gives the evidence of an alert as a pcapng file.
func encode(a *detect.Alert) ([]byte, error) {
	c := conn{alert: a, ends: [2]netip.AddrPort{a.Client, a.Server}, macs: [2][6]byte{a.ClientMAC, a.ServerMAC}, seq: [2]uint32{1, 1}}
	if a.Balancer.IsValid() {
		c.ends[0] = a.Balancer // who opened the connection
	}
	link := uint16(linkRaw)
	if c.ethernet() {
		link = linkEthernet
	}
	c.ng.header(link, summary(a))
	for i := range a.Evidence.Messages {
		if err := c.message(&a.Evidence.Messages[i]); err != nil {
			return nil, err
		}
	}
	return c.ng.b, nil
}

// ethernet says whether the frames have link addresses.
func (c *conn) ethernet() bool {
	return c.macs != [2][6]byte{} || c.alert.VLAN != 0
}

// summary is what the file says of itself.
func summary(a *detect.Alert) string {
	s := fmt.Sprintf("%s (%s): %s. Secrets, and what could be one, are overwritten with *; sequence numbers and checksums are made up", a.Rule, a.Severity, alertlog.Message(a))
	if a.Balancer.IsValid() {
		s += "; the client is " + a.Client.String() + ", by the PROXY header that its balancer sent"
	}
	if n := a.Evidence.Left; n > 0 {
		s += fmt.Sprintf("; %d more messages are left out", n)
	}
	return s + "."
}

// comment says where a message comes from.
func comment(a *detect.Alert, m *detect.Proof) string {
	parts := []string{fmt.Sprintf("%s: packet %d of %s", a.Rule, m.Packet, m.Origin)}
	if m.Protection == detect.SASLSigned {
		parts = append(parts, "unwrapped from a buffer that SASL signed and did not seal")
	}
	if n := m.Len - len(m.Octets); n > 0 {
		parts = append(parts, fmt.Sprintf("%d of its %d octets are not here", n, m.Len))
	}
	return strings.Join(parts, "; ")
}

// message writes the frames of a message.
func (c *conn) message(m *detect.Proof) error {
	from := 1
	if m.FromClient {
		from = 0
	}
	said, left := comment(c.alert, m), m.Octets
	if c.alert.Proto == decode.UDP || m.Len > len(m.Octets) {
		// One datagram; or one frame as large as the message was, and cut, as a snap
		// length does: of several frames an analyser would wait for the last.
		return c.frame(m, from, left, m.Len, said)
	}
	most := mtu - c.ipHeader() - tcpHeader
	for {
		n := min(len(left), most)
		if err := c.frame(m, from, left[:n], n, said); err != nil {
			return err
		}
		if left, said = left[n:], ""; len(left) == 0 {
			return nil
		}
	}
}

func (c *conn) ipHeader() int {
	if c.ends[0].Addr().Is4() && c.ends[1].Addr().Is4() {
		return ipv4Header
	}
	return ipv6Header
}

// frame writes one frame that carried size octets, of which payload is the
// front.
func (c *conn) frame(m *detect.Proof, from int, payload []byte, size int, said string) error {
	stack := c.link(from)
	var transport gopacket.SerializableLayer
	inner := 0
	if c.alert.Proto == decode.UDP {
		inner = udpHeader
	} else {
		inner = tcpHeader
	}
	size = min(size, maxIP-c.ipHeader()-inner)
	network, ip := c.network(from, inner+size)
	src, dst := c.ends[from].Port(), c.ends[1-from].Port()
	if c.alert.Proto == decode.UDP {
		udp := &layers.UDP{SrcPort: layers.UDPPort(src), DstPort: layers.UDPPort(dst), Length: uint16(inner + size)}
		_ = udp.SetNetworkLayerForChecksum(network) // IP layers never fail
		transport = udp
	} else {
		tcp := &layers.TCP{
			SrcPort: layers.TCPPort(src), DstPort: layers.TCPPort(dst), Seq: c.seq[from], Ack: c.seq[1-from],
			DataOffset: tcpHeader / 4, ACK: true, PSH: true, Window: 1<<16 - 1,
		}
		_ = tcp.SetNetworkLayerForChecksum(network)
		transport = tcp
		c.seq[from] += uint32(size)
	}
	b := gopacket.NewSerializeBuffer()
	stack = append(stack, ip, transport, gopacket.Payload(payload))
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{ComputeChecksums: true}, stack...); err != nil {
		return fmt.Errorf("make a frame: %w", err)
	}
	c.ng.packet(m.Time, b.Bytes(), len(b.Bytes())+size-len(payload), said)
	return nil
}

// link gives what stands in front of the IP header.
func (c *conn) link(from int) []gopacket.SerializableLayer {
	if !c.ethernet() {
		return nil
	}
	typ := layers.EthernetTypeIPv4
	if c.ipHeader() == ipv6Header {
		typ = layers.EthernetTypeIPv6
	}
	eth := &layers.Ethernet{SrcMAC: c.macs[from][:], DstMAC: c.macs[1-from][:], EthernetType: typ}
	if c.alert.VLAN == 0 {
		return []gopacket.SerializableLayer{eth}
	}
	eth.EthernetType = layers.EthernetTypeDot1Q
	return []gopacket.SerializableLayer{eth, &layers.Dot1Q{VLANIdentifier: c.alert.VLAN, Type: typ}}
}

// network gives the IP header, of n octets behind it, as both of what gopacket
// takes it for.
func (c *conn) network(from, n int) (gopacket.NetworkLayer, gopacket.SerializableLayer) {
	src, dst, proto := c.ends[from].Addr(), c.ends[1-from].Addr(), layers.IPProtocolTCP
	if c.alert.Proto == decode.UDP {
		proto = layers.IPProtocolUDP
	}
	if c.ipHeader() == ipv4Header {
		ip := &layers.IPv4{
			Version: 4, IHL: ipv4Header / 4, TTL: 64, Flags: layers.IPv4DontFragment, Protocol: proto,
			Length: uint16(ipv4Header + n), SrcIP: src.AsSlice(), DstIP: dst.AsSlice(),
		}
		return ip, ip
	}
	wide := [2][16]byte{src.As16(), dst.As16()}
	ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: proto, Length: uint16(n), SrcIP: wide[0][:], DstIP: wide[1][:]}
	return ip, ip
}
