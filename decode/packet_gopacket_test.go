package decode

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Our own reading of headers against gopacket's: over every frame of the tables
// and every frame of the shipped captures that gopacket reads without an error.

func TestPacketsAgreeWithGopacketOnTheTables(t *testing.T) {
	compared := 0
	for _, w := range allWrappings() {
		if w.link > 0xff {
			continue // gopacket has no such link type
		}
		for _, in := range inners() {
			frame, _ := w.around(t, in)
			if agree(t, w.name+", "+in.name, w.link, frame) {
				compared++
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d frames were compared", compared)
	}
}

func TestPacketsAgreeWithGopacketOnCaptures(t *testing.T) {
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
		for err == nil { // of another format, or at its end
			var data []byte
			var ci gopacket.CaptureInfo
			data, ci, err = r.ReadPacketData()
			if err == nil && ci.Length == len(data) && agree(t, name, uint16(r.LinkType()), data) {
				compared++
			}
		}
		_ = in.Close()
	}
	if compared < 1000 {
		t.Errorf("only %d frames were compared", compared)
	}
}

// agree decodes a frame both ways; false: gopacket finds no segment in it.
func agree(t *testing.T, name string, link uint16, data []byte) bool {
	t.Helper()
	want, ok := byGopacket(layers.LinkType(link), data)
	if !ok {
		return false
	}
	got, why := decodeOne(link, data, len(data))
	same := got.Src == want.Src && got.Dst == want.Dst && got.Proto == want.Proto && got.Flags == want.Flags &&
		got.Seq == want.Seq && got.Ack == want.Ack && bytes.Equal(got.Payload, want.Payload)
	if why != OK || !same {
		t.Errorf("%s: %s, %+v\ngopacket has %+v", name, why, got, want)
	}
	return true
}

// byGopacket reads the innermost segment of a frame that is whole and not
// fragmented.
func byGopacket(link layers.LinkType, data []byte) (s Segment, ok bool) {
	packet := gopacket.NewPacket(data, link, gopacket.Default) // a copy: it takes the padding of radiotap frames out where it lies
	for _, l := range packet.Layers() {
		switch l := l.(type) {
		case *layers.IPv4:
			if l.FragOffset != 0 || l.Flags&layers.IPv4MoreFragments != 0 {
				return s, false
			}
			s = Segment{Src: endpoint(l.SrcIP), Dst: endpoint(l.DstIP)}
		case *layers.IPv6:
			s = Segment{Src: endpoint(l.SrcIP), Dst: endpoint(l.DstIP)}
		case *layers.IPv6Fragment, *layers.ICMPv4, *layers.ICMPv6:
			return s, false
		case *layers.TCP:
			s.Proto, s.Src.Port, s.Dst.Port = TCP, uint16(l.SrcPort), uint16(l.DstPort)
			s.Flags = Flags(l.Contents[13]) & (FIN | SYN | RST | PSH | ACK)
			s.Seq, s.Ack, s.Payload = l.Seq, l.Ack, l.Payload
		case *layers.UDP:
			s.Proto, s.Src.Port, s.Dst.Port = UDP, uint16(l.SrcPort), uint16(l.DstPort)
			s.Payload = l.Payload
		}
	}
	tunnel := s.Proto == UDP && (s.Dst.Port == portVXLAN || s.Dst.Port == portVXLANLinux || s.Dst.Port == portGENEVE)
	failed := packet.ErrorLayer() != nil && s.Proto == 0 // what fails behind UDP is some application
	return s, s.Proto != 0 && !failed && !tunnel && !packet.Metadata().Truncated
}

func endpoint(ip net.IP) Endpoint {
	a, _ := netip.AddrFromSlice(ip)
	return Endpoint{Addr: a.As16()}
}

// What BenchmarkDecode is to be held against: gopacket's layers over the same
// frame, called directly and with everything reused.
func BenchmarkGopacketLayers(b *testing.B) {
	data := octets(b, macs, "0800", tcp4)
	var eth layers.Ethernet
	var ip layers.IPv4
	var tcp layers.TCP
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var s Segment
		if eth.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil || ip.DecodeFromBytes(eth.Payload, gopacket.NilDecodeFeedback) != nil ||
			tcp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback) != nil {
			b.Fatal("gave no segment")
		}
		copy(s.SrcMAC[:], eth.SrcMAC)
		copy(s.DstMAC[:], eth.DstMAC)
		mapped(&s.Src.Addr, ip.SrcIP)
		mapped(&s.Dst.Addr, ip.DstIP)
		s.Proto, s.Src.Port, s.Dst.Port = TCP, uint16(tcp.SrcPort), uint16(tcp.DstPort)
		s.Flags = Flags(binary.BigEndian.Uint16(tcp.Contents[12:])) & (FIN | SYN | RST | PSH | ACK)
		s.Seq, s.Ack, s.Payload = tcp.Seq, tcp.Ack, tcp.Payload
		if s.Proto != TCP || len(s.Payload) != len(payload) {
			b.Fatal(s)
		}
	}
}
