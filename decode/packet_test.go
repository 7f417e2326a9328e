package decode

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

var (
	clientMAC = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	serverMAC = net.HardwareAddr{2, 0, 0, 0, 0, 2}
	text      = []byte("an LDAP message, say")
)

// frame serialises layers around the text.
func frame(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, append(ls, gopacket.Payload(text))...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func eth(next layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: clientMAC, DstMAC: serverMAC, EthernetType: next}
}

func ip4(next layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Protocol: next, SrcIP: net.IP{10, 0, 0, 7}, DstIP: net.IP{10, 0, 0, 5}}
}

func ip6(next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: net.ParseIP("2001:db8::7"), DstIP: net.ParseIP("2001:db8::5")}
}

func outer4(next layers.IPProtocol) *layers.IPv4 {
	ip := ip4(next)
	ip.SrcIP, ip.DstIP = net.IP{172, 16, 0, 1}, net.IP{172, 16, 0, 2}
	return ip
}

func tcp() *layers.TCP {
	return &layers.TCP{SrcPort: 51022, DstPort: 389, Seq: 7000, Ack: 8000, ACK: true, PSH: true, Window: 64,
		Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: make([]byte, 8)}}}
}

func udp(dst layers.UDPPort) *layers.UDP { return &layers.UDP{SrcPort: 51022, DstPort: dst} }

func raw(b ...byte) gopacket.SerializableLayer { return gopacket.Payload(b) }

func end(addr string, port uint16) Endpoint {
	return Endpoint{Addr: netip.MustParseAddr(addr).As16(), Port: port}
}

// segment4 and segment6 are what the frames below are to give.
func segment4(vlan uint16) Segment {
	return Segment{Src: end("10.0.0.7", 51022), Dst: end("10.0.0.5", 389), Proto: TCP, Flags: ACK | PSH, Seq: 7000, Ack: 8000,
		Payload: text, VLAN: vlan, SrcMAC: [6]byte(clientMAC), DstMAC: [6]byte(serverMAC)}
}

func segment6() Segment {
	s := segment4(0)
	s.Src, s.Dst = end("2001:db8::7", 51022), end("2001:db8::5", 389)
	return s
}

func bare(s Segment) Segment {
	s.SrcMAC, s.DstMAC = [6]byte{}, [6]byte{}
	return s
}

func from(s Segment) Segment {
	s.DstMAC = [6]byte{}
	return s
}

func asUDP(s Segment) Segment {
	s.Proto, s.Flags, s.Seq, s.Ack = UDP, 0, 0, 0
	return s
}

// inner4 is an Ethernet frame inside a tunnel.
func inner4(t testing.TB) gopacket.SerializableLayer {
	e := eth(layers.EthernetTypeIPv4)
	e.SrcMAC, e.DstMAC = net.HardwareAddr{9, 9, 9, 9, 9, 9}, net.HardwareAddr{8, 8, 8, 8, 8, 8}
	b := frame(t, e, ip4(layers.IPProtocolTCP), tcp())
	return gopacket.Payload(b[:len(b)-len(text)])
}

type packetCase struct {
	link  uint16
	frame []byte
	want  Segment
}

func packetCases(t testing.TB) map[string]packetCase {
	const ethernet = uint16(layers.LinkTypeEthernet)
	tcp4 := frame(t, ip4(layers.IPProtocolTCP), tcp())
	tcp6 := frame(t, ip6(layers.IPProtocolTCP), tcp())
	join := func(head []byte, rest []byte) []byte { return slices.Concat(head, rest) }
	return map[string]packetCase{
		"Ethernet, IPv4, TCP":   {ethernet, frame(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), tcp()), segment4(0)},
		"Ethernet, IPv6, TCP":   {ethernet, frame(t, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolTCP), tcp()), segment6()},
		"Ethernet, IPv4, UDP":   {ethernet, frame(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), udp(389)), asUDP(segment4(0))},
		"Ethernet padding":      {ethernet, join(frame(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), tcp()), make([]byte, 9)), segment4(0)},
		"802.1Q":                {ethernet, frame(t, eth(layers.EthernetTypeDot1Q), &layers.Dot1Q{VLANIdentifier: 10, Priority: 5, Type: layers.EthernetTypeIPv4}, ip4(layers.IPProtocolTCP), tcp()), segment4(10)},
		"QinQ":                  {ethernet, frame(t, eth(layers.EthernetTypeQinQ), &layers.Dot1Q{VLANIdentifier: 20, Type: layers.EthernetTypeDot1Q}, &layers.Dot1Q{VLANIdentifier: 10, Type: layers.EthernetTypeIPv4}, ip4(layers.IPProtocolTCP), tcp()), segment4(20)},
		"MPLS, two labels":      {ethernet, frame(t, eth(layers.EthernetTypeMPLSUnicast), raw(0, 1, 0, 64, 0, 2, 1, 64), ip4(layers.IPProtocolTCP), tcp()), segment4(0)},
		"MPLS pseudowire":       {ethernet, frame(t, eth(layers.EthernetTypeMPLSUnicast), raw(0, 1, 1, 64, 0, 0, 0, 0), inner4(t)), segment4(0)},
		"PPPoE":                 {ethernet, frame(t, eth(layers.EthernetTypePPPoESession), raw(0x11, 0, 0, 1, 0, 62, 0, 0x21), ip4(layers.IPProtocolTCP), tcp()), segment4(0)},
		"GRE":                   {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolGRE), &layers.GRE{Protocol: layers.EthernetTypeIPv4}, ip4(layers.IPProtocolTCP), tcp()), segment4(0)},
		"GRE with every field":  {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolGRE), &layers.GRE{Protocol: layers.EthernetTypeIPv6, ChecksumPresent: true, KeyPresent: true, SeqPresent: true}, ip6(layers.IPProtocolTCP), tcp()), segment6()},
		"NVGRE":                 {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolGRE), &layers.GRE{Protocol: 0x6558, KeyPresent: true}, inner4(t)), segment4(0)},
		"ERSPAN I":              {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolGRE), &layers.GRE{Protocol: layers.EthernetTypeERSPAN}, inner4(t)), segment4(0)},
		"ERSPAN II":             {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolGRE), &layers.GRE{Protocol: layers.EthernetTypeERSPAN, SeqPresent: true}, raw(0x10, 1, 0, 1, 0, 0, 0, 0), inner4(t)), segment4(0)},
		"ERSPAN III":            {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolGRE), &layers.GRE{Protocol: 0x22eb, SeqPresent: true}, raw(0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0), inner4(t)), segment4(0)},
		"ERSPAN III, subheader": {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolGRE), &layers.GRE{Protocol: 0x22eb, SeqPresent: true}, raw(0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0), inner4(t)), segment4(0)},
		"VXLAN":                 {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolUDP), udp(4789), &layers.VXLAN{ValidIDFlag: true, VNI: 7}, inner4(t)), segment4(0)},
		"GENEVE with options":   {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolUDP), udp(6081), raw(1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0), inner4(t)), segment4(0)},
		"IPv4 in IPv4":          {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolIPv4), ip4(layers.IPProtocolTCP), tcp()), segment4(0)},
		"IPv6 in IPv4":          {ethernet, frame(t, eth(layers.EthernetTypeIPv4), outer4(layers.IPProtocolIPv6), ip6(layers.IPProtocolTCP), tcp()), segment6()},
		"IPv6 extensions":       {ethernet, frame(t, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolIPv6HopByHop), raw(60, 0, 1, 4, 0, 0, 0, 0, 43, 0, 1, 4, 0, 0, 0, 0, 51, 0, 0, 0, 0, 0, 0, 0, 6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), tcp()), segment6()},
		"an atomic fragment":    {ethernet, frame(t, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolIPv6Fragment), raw(6, 0, 0, 0, 0, 0, 0, 9), tcp()), segment6()},
		"Linux cooked":          {uint16(layers.LinkTypeLinuxSLL), join([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, tcp4), from(segment4(0))},
		"Linux cooked 2":        {276, join([]byte{0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, tcp6), from(segment6())},
		"raw IP":                {101, tcp4, bare(segment4(0))},
		"raw IP, BSD":           {12, tcp6, bare(segment6())},
		"raw IPv4":              {228, tcp4, bare(segment4(0))},
		"loopback":              {0, join([]byte{2, 0, 0, 0}, tcp4), bare(segment4(0))},
		"loopback, macOS IPv6":  {0, join([]byte{30, 0, 0, 0}, tcp6), bare(segment6())},
		"loopback, OpenBSD":     {108, join([]byte{0, 0, 0, 2}, tcp4), bare(segment4(0))},
		"PPP":                   {9, join([]byte{0xff, 3, 0, 0x21}, tcp4), bare(segment4(0))},
	}
}

func TestPackets(t *testing.T) {
	var p Packets
	for name, c := range packetCases(t) {
		t.Run(name, func(t *testing.T) {
			seg := Segment{Cut: 99, VLAN: 99, Flags: 0xff} // nothing of an earlier frame may stay
			if why := p.Decode(&Frame{Link: c.link, Data: c.frame, WireLen: len(c.frame)}, &seg); why != OK {
				t.Fatalf("gave no segment: %s", why)
			}
			if !reflect.DeepEqual(seg, c.want) {
				t.Errorf("gave\n%+v\nwant\n%+v", seg, c.want)
			}
			if n := testing.AllocsPerRun(100, func() {
				p.Decode(&Frame{Link: c.link, Data: c.frame, WireLen: len(c.frame)}, &seg)
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// Wherever a frame is cut, what is missing of the payload is known, as soon as
// the headers are there.
func TestPacketsCutByTheSnapLength(t *testing.T) {
	var p Packets
	for name, c := range packetCases(t) {
		t.Run(name, func(t *testing.T) {
			for n := range c.frame {
				var seg Segment
				if p.Decode(&Frame{Link: c.link, Data: c.frame[:n], WireLen: len(c.frame)}, &seg) == OK && len(seg.Payload)+seg.Cut != len(c.want.Payload) {
					if name != "Ethernet padding" || len(seg.Payload)+seg.Cut > len(c.want.Payload)+9 {
						t.Fatalf("cut at %d: %d octets and %d missing, want %d together", n, len(seg.Payload), seg.Cut, len(c.want.Payload))
					}
				}
			}
		})
	}
}

func TestPacketsOfOffloadingHosts(t *testing.T) {
	var p Packets
	giant := frame(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), tcp())
	giant = append(giant, make([]byte, 70000)...)
	binary.BigEndian.PutUint16(giant[14+2:], 0)
	var seg Segment
	if why := p.Decode(&Frame{Link: 1, Data: giant, WireLen: len(giant)}, &seg); why != OK || len(seg.Payload) != len(text)+70000 || seg.Cut != 0 {
		t.Errorf("%s: %d octets, %d missing", why, len(seg.Payload), seg.Cut)
	}
}

func TestFramesWithoutSegment(t *testing.T) {
	deep := []gopacket.SerializableLayer{eth(layers.EthernetTypeDot1Q)}
	for range maxDepth {
		deep = append(deep, &layers.Dot1Q{VLANIdentifier: 1, Type: layers.EthernetTypeDot1Q})
	}
	tcp4 := frame(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), tcp())
	short := bytes.Clone(tcp4)
	short[14] = 0x41 // a header of 4 octets
	for name, c := range map[string]struct {
		link  uint16
		frame []byte
		want  Reason
	}{
		"nothing":                      {1, nil, Truncated},
		"a link type nobody has":       {250, tcp4, UnknownLink},
		"ARP":                          {1, frame(t, eth(layers.EthernetTypeARP)), NotIP},
		"ICMP":                         {1, frame(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolICMPv4)), NotTransport},
		"tags without end":             {1, frame(t, deep...), TooDeep},
		"an IP header too short":       {1, short, BadHeader},
		"one octet short of TCP ports": {1, tcp4[:14+20+19], Truncated},
	} {
		var p Packets
		var seg Segment
		if why := p.Decode(&Frame{Link: c.link, Data: c.frame, WireLen: len(c.frame)}, &seg); why != c.want {
			t.Errorf("%s: %s, want %s", name, why, c.want)
		}
	}
}

// fragments4 cuts an IPv4 packet into fragments of n octets.
func fragments4(packet []byte, n int) (parts [][]byte) {
	head, body := packet[:20], packet[20:]
	for off := 0; off < len(body); off += n {
		end := min(off+n, len(body))
		part := slices.Concat(head, body[off:end])
		field := uint16(off / 8)
		if end < len(body) {
			field |= 0x2000
		}
		binary.BigEndian.PutUint16(part[2:], uint16(len(part)))
		binary.BigEndian.PutUint16(part[4:], 77)
		binary.BigEndian.PutUint16(part[6:], field)
		parts = append(parts, part)
	}
	return parts
}

func fragments6(packet []byte, n int) (parts [][]byte) {
	head, body := packet[:40], packet[40:]
	for off := 0; off < len(body); off += n {
		end := min(off+n, len(body))
		field := uint16(off)
		if end < len(body) {
			field |= 1
		}
		ext := []byte{6, 0, byte(field >> 8), byte(field), 0, 0, 0, 77}
		part := slices.Concat(head, ext, body[off:end])
		part[6] = 44
		binary.BigEndian.PutUint16(part[4:], uint16(len(part)-40))
		parts = append(parts, part)
	}
	return parts
}

func TestFragments(t *testing.T) {
	four, six := frame(t, ip4(layers.IPProtocolTCP), tcp()), frame(t, ip6(layers.IPProtocolTCP), tcp())
	for name, c := range map[string]struct {
		parts [][]byte
		want  Segment
	}{
		"IPv4": {fragments4(four, 16), bare(segment4(0))},
		"IPv6": {fragments6(six, 16), bare(segment6())},
	} {
		orders := map[string]func([][]byte) [][]byte{
			"in order":  func(p [][]byte) [][]byte { return p },
			"backwards": func(p [][]byte) [][]byte { p = slices.Clone(p); slices.Reverse(p); return p },
			"each twice": func(p [][]byte) [][]byte {
				var twice [][]byte
				for _, f := range p[:len(p)-1] {
					twice = append(twice, f, f)
				}
				return append(twice, p[len(p)-1])
			},
		}
		for order, arrange := range orders {
			t.Run(name+" "+order, func(t *testing.T) {
				var p Packets
				var seg Segment
				parts := arrange(c.parts)
				for i, part := range parts {
					why := p.Decode(&Frame{Link: 101, Data: part, WireLen: len(part), Time: time.Unix(1, 0)}, &seg)
					if want := map[bool]Reason{true: OK, false: Fragment}[i == len(parts)-1]; why != want {
						t.Fatalf("part %d: %s, want %s", i, why, want)
					}
				}
				if !reflect.DeepEqual(seg, c.want) {
					t.Errorf("gave\n%+v\nwant\n%+v", seg, c.want)
				}
			})
		}
	}
	t.Run("are forgotten when too many or too old", func(t *testing.T) {
		var p Packets
		var seg Segment
		for i := range 4 * maxDatagrams {
			part := fragments4(four, 16)[0]
			binary.BigEndian.PutUint16(part[4:], uint16(i))
			p.Decode(&Frame{Link: 101, Data: part, WireLen: len(part), Time: time.Unix(1, 0)}, &seg)
			if n := len(p.fragments.open); n > maxDatagrams {
				t.Fatalf("%d datagrams are held", n)
			}
		}
		part := fragments4(four, 16)[0]
		p.Decode(&Frame{Link: 101, Data: part, WireLen: len(part), Time: time.Unix(100, 0)}, &seg)
		if n := len(p.fragments.open); n != 1 {
			t.Errorf("%d datagrams are held after their time", n)
		}
	})
}

// Our own reading of headers against gopacket's, over every shipped capture.
func TestPacketsAgreeWithGopacket(t *testing.T) {
	names, err := filepath.Glob("../pcaps/*.pcap")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures", err)
	}
	compared := 0
	for _, name := range names {
		in, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := pcapgo.NewReader(in)
		if err != nil || r.LinkType() != layers.LinkTypeEthernet {
			_ = in.Close()
			continue // other formats and links have tests of their own
		}
		var p Packets
		for n := 1; ; n++ {
			data, ci, err := r.ReadPacketData()
			if err != nil {
				break
			}
			if want, ok := byGopacket(data); ok {
				var seg Segment
				why := p.Decode(&Frame{Link: 1, Data: data, WireLen: ci.Length}, &seg)
				if got := fmt.Sprintf("%v %v %d %d %x", seg.Src.AddrPort(), seg.Dst.AddrPort(), seg.Seq, seg.Ack, seg.Payload); why != OK || got != want {
					t.Errorf("%s packet %d: %s %s, gopacket has %s", name, n, why, got, want)
				}
				compared++
			}
		}
		_ = in.Close()
	}
	if compared < 1000 {
		t.Errorf("only %d packets were compared", compared)
	}
}

// byGopacket reads a frame that is whole and not fragmented.
func byGopacket(data []byte) (string, bool) {
	packet := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.DecodeOptions{NoCopy: true})
	var src, dst net.IP
	var out string
	for _, l := range packet.Layers() {
		switch l := l.(type) {
		case *layers.IPv4:
			if l.FragOffset != 0 || l.Flags&layers.IPv4MoreFragments != 0 {
				return "", false
			}
			src, dst = l.SrcIP, l.DstIP
		case *layers.IPv6:
			src, dst = l.SrcIP, l.DstIP
		case *layers.IPv6Fragment:
			return "", false
		case *layers.TCP:
			out = fmt.Sprintf("%v %v %d %d %x", joined(src, uint16(l.SrcPort)), joined(dst, uint16(l.DstPort)), l.Seq, l.Ack, l.Payload)
		}
	}
	return out, out != "" && packet.ErrorLayer() == nil && !packet.Metadata().Truncated
}

func joined(ip net.IP, port uint16) netip.AddrPort {
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a.Unmap(), port)
}

func FuzzPackets(f *testing.F) {
	for _, c := range packetCases(f) {
		f.Add(c.link, c.frame)
	}
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		var p Packets
		var seg Segment
		for range 2 {
			why := p.Decode(&Frame{Link: link, Data: data, WireLen: len(data) + 7, Time: time.Unix(1, 0)}, &seg)
			if why == OK && (seg.Proto != TCP && seg.Proto != UDP || seg.Cut < 0 || len(seg.Payload) > max(len(data), maxDatagram)) {
				t.Errorf("gave %+v", seg)
			}
		}
	})
}

func BenchmarkPackets(b *testing.B) {
	data := frame(b, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), tcp())
	f := Frame{Link: 1, Data: data, WireLen: len(data)}
	var p Packets
	var seg Segment
	b.ReportAllocs()
	for b.Loop() {
		p.Decode(&f, &seg)
	}
}
