package decode

import (
	"encoding/binary"
	"strings"
	"testing"
)

// ipWrappings have IP headers of their own, in tunnels, so that every packet of
// the tables fits into them.
func ipWrappings() []wrapping {
	on := func(name, head string) wrapping { return wrapping{name, 1, macs + head, 0, mac1, mac2} }
	return []wrapping{
		on("IPv4 with options", `0800
			46 00 len+2  # IPv4, header of 24 octets; octets
			0001 0000 40 NN 0000 ac100001 ac100002
			94 04 0000   # router alert
		`),
		on("IPv4 with an authentication header", "0800"+outer4("33")+`
			NN 04 0000   # next; 24 octets
			00000001 00000001 000000000000000000000000
		`),
		on("IPv6 with every extension header", "86dd"+outer6("00")+`
			3c 00 01 04 00000000 # hop by hop; next: destination options
			2b 00 01 04 00000000 # destination options; next: routing
			33 00 00 00 00000000 # routing; next: authentication
			3c 04 0000           # authentication, 24 octets; next: destination options
			00000001 00000001 000000000000000000000000
			NN 01 01 0c 00000000 0000000000000000 # destination options, 16 octets
		`),
		on("IPv6 with an atomic fragment header", "86dd"+outer6("2c")+`
			NN 00 0000 00000009 # next; offset 0, no more; ID
		`),
	}
}

func TestEthernetPaddingIsNoPayload(t *testing.T) {
	for _, in := range inners() {
		frame := octets(t, macs, in.ether, in.hex, "00 00 00 00 00 00")
		seg, why := decodeOne(1, frame, len(frame))
		if why != OK || string(seg.Payload) != payload || seg.Cut != 0 {
			t.Errorf("%s: %s, %q and %d missing", in.name, why, seg.Payload, seg.Cut)
		}
		seg, why = decodeOne(1, frame[:len(frame)-10], len(frame)) // with 4 octets of the payload cut off
		if why != OK || len(seg.Payload) != len(payload)-4 || seg.Cut != 4 {
			t.Errorf("%s: %s, %q and %d missing", in.name, why, seg.Payload, seg.Cut)
		}
	}
}

// A card that cuts segments itself is handed packets whose length does not fit
// its field, and the capture has them with a length of 0.
func TestPacketsOfOffloadingHosts(t *testing.T) {
	const more = 70000
	for _, in := range inners() {
		frame := append(octets(t, in.hex), make([]byte, more)...)
		at := map[byte]int{4: 2, 6: 4}[frame[0]>>4]
		binary.BigEndian.PutUint16(frame[at:], 0)
		if in.want.Proto == UDP {
			binary.BigEndian.PutUint16(frame[in.headers-4:], 0)
		}
		for _, cut := range []int{0, 100} {
			seg, why := decodeOne(101, frame[:len(frame)-cut], len(frame))
			if why != OK || len(seg.Payload) != len(payload)+more-cut || seg.Cut != cut {
				t.Errorf("%s: %s, %d octets and %d missing", in.name, why, len(seg.Payload), seg.Cut)
			}
		}
	}
}

func TestATotalLengthBeyondTheFrameTellsWhatIsMissing(t *testing.T) {
	frame := octets(t, strings.Replace(tcp4, "0048", "0148", 1))
	if seg, why := decodeOne(101, frame, len(frame)); why != OK || string(seg.Payload) != payload || seg.Cut != 256 {
		t.Errorf("%s: %q and %d missing", why, seg.Payload, seg.Cut)
	}
}

func TestPacketsWithoutSegment(t *testing.T) {
	ext := func(first, headers string) string { return "60000000 len-36 " + first + " 40" + head6 + headers }
	for name, c := range map[string]struct {
		packet string
		want   Reason
	}{
		"IPv4, one octet short":                          {"45 00 0014 1234 4000 40 06 0000 0a000007 0a0000", Truncated},
		"IPv4, one octet short of its options":           {"46 00 0018 1234 4000 40 06 0000 0a000007 0a000005 000000", Truncated},
		"IPv4, a header of 16 octets":                    {strings.Replace(tcp4, "45 00", "44 00", 1), BadHeader},
		"IPv4, shorter than its header":                  {strings.Replace(tcp4, "0048", "0013", 1), BadHeader},
		"ICMP":                                           {strings.Replace(tcp4, "40 06", "40 01", 1), NotTransport},
		"IPv4, hop by hop options":                       {strings.Replace(tcp4, "40 06", "40 00", 1), NotTransport},
		"IPv6, one octet short":                          {"60000000 0000 06 40" + strings.Replace(head6, "00000005", "000000", 1), Truncated},
		"IPv6, nothing behind the header":                {ext("3b", ""), NotTransport},
		"IPv6, half an extension header":                 {ext("00", "06"), Truncated},
		"IPv6, an extension header one octet short":      {ext("3c", "06 00 01 04 000000"), Truncated},
		"IPv6, half a fragment header":                   {ext("2c", "06 00 0000 000000"), Truncated},
		"IPv6, an authentication header one octet short": {ext("33", "06 04 0000 00000001 00000001 0000000000000000000000"), Truncated},
		"IPv6, more extension headers than are read":     {ext("3c", strings.Repeat("3c 00 01 04 00000000 ", maxDepth+1)), TooDeep},
		"IPv6, more atomic fragments than are read":      {ext("2c", strings.Repeat("2c 00 0000 00000009 ", 8000)), TooDeep},
		"TCP, one octet short":                           {"45 00 len+2 1234 4000 40 06 0000 0a000007 0a000005 c74e 0185 00001b58 00001f40 50 18 0040 0000 00", Truncated},
		"TCP, a header of 16 octets":                     {strings.Replace(tcp4, "80 d8", "40 d8", 1), BadHeader},
		"TCP, a header beyond the packet":                {strings.Replace(tcp4, "80 d8", "f0 d8", 1), BadHeader},
		"UDP, one octet short":                           {"45 00 len+2 1234 4000 40 11 0000 0a000007 0a000005 c74e 0185 0008 00", Truncated},
		"UDP, shorter than its header":                   {strings.Replace(udp4, "001c", "0007", 1), BadHeader},
		"UDP, longer than the packet":                    {strings.Replace(udp4, "001c", "001d", 1), BadHeader},
	} {
		t.Run(name, func(t *testing.T) {
			packet := octets(t, c.packet)
			if _, why := decodeOne(101, packet, len(packet)); why != c.want {
				t.Errorf("%s, want %s", why, c.want)
			}
		})
	}
}

func TestUDPShorterThanThePacket(t *testing.T) {
	packet := octets(t, strings.Replace(udp4, "001c", "000a", 1))
	if seg, why := decodeOne(101, packet, len(packet)); why != OK || string(seg.Payload) != payload[:2] || seg.Cut != 0 {
		t.Errorf("%s: %q and %d missing", why, seg.Payload, seg.Cut)
	}
}
