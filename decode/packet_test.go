package decode

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// octets reads annotated frames: hexadecimal digits, with notes behind #. The
// word len+n stands for two octets that count the octets from themselves to the
// end, and n more: the length field of whatever header it stands in.
func octets(t testing.TB, texts ...string) []byte {
	t.Helper()
	var b []byte
	lengths := map[int]int{} // by place
	for line := range strings.Lines(strings.Join(texts, "\n")) {
		line, _, _ = strings.Cut(line, "#")
		for word := range strings.FieldsSeq(line) {
			if n, ok := strings.CutPrefix(word, "len"); ok {
				add, err := strconv.Atoi(n)
				if err != nil {
					t.Fatal(err)
				}
				lengths[len(b)] = add
				word = "0000"
			}
			more, err := hex.DecodeString(word)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, more...)
		}
	}
	for at, add := range lengths {
		binary.BigEndian.PutUint16(b[at:], uint16(len(b)-at+add))
	}
	return b
}

const payload = "an LDAP message, say"

const (
	payloadHex = `
		616e 204c 4441 5020 6d65 7373 6167 652c 2073 6179
	`
	tcpHex = `
		c74e 0185    # ports 51022, 389
		0000 1b58    # sequence number 7000
		0000 1f40    # acknowledgement 8000
		80 d8 0040   # header of 32 octets; CWR, ECE, PSH, ACK; window
		0000 0000    # checksum left to the card; urgent pointer
		01 01 08 0a 00000001 00000002 # NOP, NOP, timestamps
	` + payloadHex
	udpHex = `
		c74e 0185    # ports 51022, 389
		001c 0000    # 28 octets; checksum left to the card
	` + payloadHex
	tcp4 = `
		45 00 0048   # IPv4, header of 20 octets; 72 octets
		1234 4000    # ID; don't fragment
		40 06 0000   # TTL; TCP; checksum left to the card
		0a000007     # 10.0.0.7
		0a000005     # 10.0.0.5
	` + tcpHex
	udp4 = `
		45 00 0030   # IPv4, header of 20 octets; 48 octets
		1234 4000    # ID; don't fragment
		40 11 0000   # TTL; UDP; checksum left to the card
		0a000007     # 10.0.0.7
		0a000005     # 10.0.0.5
	` + udpHex
	head6 = `
		20010db8 00000000 00000000 00000007 # 2001:db8::7
		20010db8 00000000 00000000 00000005 # 2001:db8::5
	`
	tcp6 = `
		60000000     # IPv6
		0034 06 40   # 52 octets behind the header; TCP; hop limit
	` + head6 + tcpHex
	udp6 = `
		60000000     # IPv6
		001c 11 40   # 28 octets behind the header; UDP; hop limit
	` + head6 + udpHex
	macs = `
		02 00 00 00 00 02 # destination
		02 00 00 00 00 01 # source
	`
)

// inner is a packet that the frames of the tables carry, and what it is to give.
type inner struct {
	name         string
	hex          string
	ether        string // EtherType
	proto, ppp   string // number in an outer IP header, and in PPP
	family, raw  string // address family on Linux; link type
	headers, cut int    // octets in front of the payload; how many of them may be cut off
	want         Segment
}

func inners() []inner {
	client4, server4 := end("10.0.0.7", 51022), end("10.0.0.5", 389)
	client6, server6 := end("2001:db8::7", 51022), end("2001:db8::5", 389)
	tcp := func(src, dst Endpoint) Segment {
		return Segment{Src: src, Dst: dst, Proto: TCP, Flags: PSH | ACK, Seq: 7000, Ack: 8000, Payload: []byte(payload)}
	}
	udp := func(src, dst Endpoint) Segment {
		return Segment{Src: src, Dst: dst, Proto: UDP, Payload: []byte(payload)}
	}
	return []inner{
		{"TCP, IPv4", tcp4, "0800", "04", "0021", "02", "e4", 52, 12, tcp(client4, server4)},
		{"TCP, IPv6", tcp6, "86dd", "29", "0057", "0a", "e5", 72, 12, tcp(client6, server6)},
		{"UDP, IPv4", udp4, "0800", "04", "0021", "02", "e4", 28, 0, udp(client4, server4)},
		{"UDP, IPv6", udp6, "86dd", "29", "0057", "0a", "e5", 48, 0, udp(client6, server6)},
	}
}

func end(addr string, port uint16) Endpoint {
	return Endpoint{Addr: netip.MustParseAddr(addr).As16(), Port: port}
}

// wrapping is what frames of the tables have around the packet. In head, TTTT
// stands for the packet's EtherType, NN for its IP protocol number, PPPP for its
// PPP protocol and FF for its address family.
type wrapping struct {
	name     string
	link     uint16
	head     string
	vlan     uint16
	src, dst [6]byte
}

var mac1, mac2 = [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}

func (w wrapping) around(t testing.TB, in inner) (frame []byte, want Segment) {
	head := strings.NewReplacer("TTTT", in.ether, "NN", in.proto, "PPPP", in.ppp, "FF", in.family).Replace(w.head)
	want = in.want
	want.VLAN, want.SrcMAC, want.DstMAC = w.vlan, w.src, w.dst
	return octets(t, head, in.hex), want
}

// decodeOne reads a whole frame with a Packets of its own.
func decodeOne(link uint16, data []byte, wireLen int) (seg Segment, why Reason) {
	var p Packets
	why = p.Decode(&Frame{Link: link, Data: data, WireLen: wireLen}, &seg)
	return seg, why
}

func allWrappings() []wrapping {
	return append(append(linkWrappings(), tunnelWrappings()...), ipWrappings()...)
}

// Every wrapping around every packet: the whole segment, no allocation, and
// what is told of it wherever the snap length cuts it.
func TestFrames(t *testing.T) {
	for _, w := range allWrappings() {
		for _, in := range inners() {
			t.Run(w.name+", "+in.name, func(t *testing.T) {
				frame, want := w.around(t, in)
				var p Packets
				seg := Segment{Cut: 99, VLAN: 99, Flags: 0xff, SrcMAC: [6]byte{9}, Ack: 9, Proto: 9} // nothing of an earlier frame may stay
				if why := p.Decode(&Frame{Link: w.link, Data: frame, WireLen: len(frame)}, &seg); why != OK {
					t.Fatalf("gave no segment: %s", why)
				}
				if !reflect.DeepEqual(seg, want) {
					t.Errorf("gave\n%+v\nwant\n%+v", seg, want)
				}
				if n := testing.AllocsPerRun(10, func() {
					var local Segment // Decode must not make it escape
					p.Decode(&Frame{Link: w.link, Data: frame, WireLen: len(frame)}, &local)
				}); n != 0 {
					t.Errorf("%v allocations", n)
				}
				for n := range frame {
					cutShort(t, w.link, frame, n, in.cut)
				}
			})
		}
	}
}

// cutShort decodes the first n octets of a frame. Its headers end where its
// payload begins; the last optional octets of them may be cut off.
func cutShort(t *testing.T, link uint16, frame []byte, n, optional int) {
	t.Helper()
	seg, why := decodeOne(link, frame[:n], len(frame))
	if headers := len(frame) - len(payload) - optional; (why == OK) != (n >= headers) {
		t.Fatalf("cut at %d, headers end at %d: %s", n, headers, why)
	}
	if why == OK && (len(seg.Payload)+seg.Cut != len(payload) || !strings.HasPrefix(payload, string(seg.Payload))) {
		t.Fatalf("cut at %d: %d octets and %d missing", n, len(seg.Payload), seg.Cut)
	}
}

func TestTheTagTheKernelTookOutIsTheOutermost(t *testing.T) {
	frame := octets(t, macs, "8100 0014 0800", tcp4)
	var p Packets
	var seg Segment
	if why := p.Decode(&Frame{Link: 1, Data: frame, WireLen: len(frame), VLAN: 0xa00a}, &seg); why != OK || seg.VLAN != 10 {
		t.Errorf("%s, VLAN %d", why, seg.VLAN)
	}
}

func TestPacketsKeepsNothingOfAnEarlierFrame(t *testing.T) {
	tcp := octets(t, macs, "8100 000a 86dd", tcp6)
	udp := octets(t, udp4)
	var p Packets
	var seg Segment
	p.Decode(&Frame{Link: 1, Data: tcp, WireLen: len(tcp) + 5}, &seg)
	if why := p.Decode(&Frame{Link: 101, Data: udp, WireLen: len(udp)}, &seg); why != OK || !reflect.DeepEqual(seg, inners()[2].want) {
		t.Errorf("%s: %+v", why, seg)
	}
}

// within says whether b, which is not empty, lies in memory.
func within(b, memory []byte) bool {
	for i := range memory {
		if &memory[i] == &b[0] {
			return i+len(b) <= len(memory)
		}
	}
	return false
}

func FuzzDecode(f *testing.F) {
	for _, w := range allWrappings() {
		for _, in := range inners() {
			frame, _ := w.around(f, in)
			f.Add(w.link, uint16(0), frame)
			f.Add(w.link, uint16(7), frame[:len(frame)-7])
		}
	}
	for _, frame := range append(fragmentsOf(octets(f, tcp4), 16), fragmentsOf(octets(f, udp6), 16)...) {
		f.Add(uint16(101), uint16(0), frame)
	}
	f.Fuzz(func(t *testing.T, link, missing uint16, data []byte) {
		var p Packets
		var seg Segment
		for i := range 2 {
			frame := Frame{Link: link, Data: data, WireLen: len(data) + int(missing), Time: time.Unix(int64(i), 0)}
			why := p.Decode(&frame, &seg)
			if why >= NumReasons {
				t.Fatal("no reason", why)
			}
			if why != OK {
				continue
			}
			if seg.Proto != TCP && seg.Proto != UDP {
				t.Errorf("protocol %d", seg.Proto)
			}
			if len(seg.Payload) > 0 && !within(seg.Payload, data) && !within(seg.Payload, p.fragments.whole) {
				t.Error("the payload lies somewhere else")
			}
			// A length field or the frame's own length says what is missing.
			if seg.Cut < 0 || seg.Cut > max(1<<16, int(missing)) {
				t.Errorf("%d octets missing", seg.Cut)
			}
		}
		if s := p.Stats(); s.HeldBytes < 0 || s.HeldBytes > len(data)+maxDepth*spanSize || s.Datagrams < 0 || s.Datagrams > maxDepth {
			t.Errorf("%+v of %d octets", s, len(data))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct{ name, head, packet string }{
		{"IPv4TCP", "0800", tcp4},
		{"IPv6TCP", "86dd", tcp6},
		{"IPv4UDP", "0800", udp4},
		{"VLANIPv4TCP", "8100 000a 0800", tcp4},
		{"VXLANIPv4TCP", "0800" + outer4("11") + vxlan + macs + "0800", tcp4},
	} {
		b.Run(c.name, func(b *testing.B) {
			data := octets(b, macs, c.head, c.packet)
			f := Frame{Link: 1, Data: data, WireLen: len(data)}
			var p Packets
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				var seg Segment
				if p.Decode(&f, &seg) != OK {
					b.Fatal("gave no segment")
				}
			}
		})
	}
}
