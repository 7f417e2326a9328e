package decode

import (
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
)

func linkWrappings() []wrapping {
	return []wrapping{
		{"Ethernet", 1, macs + `
			TTTT         # EtherType
		`, 0, mac1, mac2},
		{"802.1Q", 1, macs + `
			8100 a00a    # tag: priority 5, VLAN 10
			TTTT
		`, 10, mac1, mac2},
		{"802.1Q with a priority only, then a VLAN", 1, macs + `
			8100 a000    # tag: priority 5, no VLAN
			8100 000a    # tag: VLAN 10
			TTTT
		`, 10, mac1, mac2},
		{"802.1ad", 1, macs + `
			88a8 0014    # service tag: VLAN 20
			8100 000a    # customer tag: VLAN 10
			TTTT
		`, 20, mac1, mac2},
		{"QinQ of before the standard", 1, macs + `
			9100 0014    # outer tag: VLAN 20
			8100 000a    # inner tag: VLAN 10
			TTTT
		`, 20, mac1, mac2},
		{"802.3 with LLC and SNAP", 1, macs + `
			len-2        # length
			aa aa 03     # LLC: SNAP, unnumbered information
			000000 TTTT  # SNAP: EtherType
		`, 0, mac1, mac2},
		{"PPPoE", 1, macs + `
			8864         # PPPoE session
			11 00 0001   # version and type 1; code 0; session 1
			len-2        # length
			PPPP         # PPP protocol
		`, 0, mac1, mac2},
		{"Linux cooked", 113, `
			0000 0001    # to us; Ethernet
			0006         # length of the address
			020000000001 0000
			TTTT
		`, 0, mac1, [6]byte{}},
		{"Linux cooked, an address of another length", 113, `
			0000 0001    # to us; some other hardware
			0008         # length of the address
			0200000000010203
			TTTT
		`, 0, [6]byte{}, [6]byte{}},
		{"Linux cooked, 802.1Q", 113, `
			0000 0001 0006 020000000001 0000
			8100 000a    # tag: VLAN 10
			TTTT
		`, 10, mac1, [6]byte{}},
		{"Linux cooked 2", 276, `
			TTTT 0000    # EtherType; reserved
			00000003     # interface
			0001 00 06   # Ethernet; to us; length of the address
			020000000001 0000
		`, 0, mac1, [6]byte{}},
		{"Linux cooked 2, no address", 276, `
			TTTT 0000 00000003
			fffe 04 00   # no hardware; from us; length of the address
			0000000000000000
		`, 0, [6]byte{}, [6]byte{}},
		{"raw IP", 101, "", 0, [6]byte{}, [6]byte{}},
		{"raw IP, BSD", 12, "", 0, [6]byte{}, [6]byte{}},
		{"raw IP, OpenBSD", 14, "", 0, [6]byte{}, [6]byte{}},
		{"raw IPv4, or so it says", 228, "", 0, [6]byte{}, [6]byte{}},
		{"raw IPv6, or so it says", 229, "", 0, [6]byte{}, [6]byte{}},
		{"null, little endian", 0, "FF 00 00 00", 0, [6]byte{}, [6]byte{}},
		{"null, big endian", 0, "00 00 00 FF", 0, [6]byte{}, [6]byte{}},
		{"loopback", 108, "00 00 00 FF", 0, [6]byte{}, [6]byte{}},
		{"PPP", 9, "ff 03 PPPP # address and control; protocol", 0, [6]byte{}, [6]byte{}},
		{"PPP, address and control left out", 9, "PPPP", 0, [6]byte{}, [6]byte{}},
		{"PPP, serial", 50, "ff 03 PPPP", 0, [6]byte{}, [6]byte{}},
		{"PPP, with a direction", 204, "01 ff 03 PPPP", 0, [6]byte{}, [6]byte{}},
		{"Cisco HDLC", 104, "0f 00 TTTT", 0, [6]byte{}, [6]byte{}},
		{"packets on the Mac", 258, `
			14000000     # length
			01000000     # what follows: a packet
			01000000     # Ethernet
			656e3000 00000000 # en0
		` + macs + "TTTT", 0, mac1, mac2},
		{"packets with information", 192, `
			00 00 0c00   # version; flags; length
			01000000     # Ethernet
			0200 0000    # a field without anything in it
		` + macs + "TTTT", 0, mac1, mac2},
		{"the air, from a station", 105, `
			08 01 0000   # data; to the distribution system
			0200000000ff # access point
			020000000001 # source
			020000000002 # destination
			1000         # sequence number
			aa aa 03 000000 TTTT
		`, 0, mac1, mac2},
		{"the air, to a station, with quality of service", 105, `
			88 02 0000   # QoS data; from the distribution system
			020000000002 # destination
			0200000000ff # access point
			020000000001 # source
			1000 0000    # sequence number; QoS control
			aa aa 03 000000 TTTT
		`, 0, mac1, mac2},
		{"the air, between access points, with a control field", 105, `
			88 83 0000   # QoS data; both; order
			0200000000fe 0200000000ff
			020000000002 # destination
			1000
			020000000001 # source
			0000 00000000 # QoS control; HT control
			aa aa 03 000000 TTTT
		`, 0, mac1, mac2},
		{"the air, between stations, as its receiver tells it", 127, `
			00 00 1900   # version; length
			03000080     # a time, flags, and another word
			00000000     # that says nothing
			00000000     # up to a multiple of eight
			0000000000000000
			20           # the header is padded
			88 00 0000   # QoS data
			020000000002 # destination
			020000000001 # source
			0200000000ff
			1000 0000    # sequence number; QoS control
			0000         # up to a multiple of four
			aa aa 03 000000 TTTT
		`, 0, mac1, mac2},
	}
}

func TestEverySystemsNumberForIPv6OnLoopback(t *testing.T) {
	for system, family := range map[string]string{
		"Linux": "0a", "Windows": "17", "NetBSD, OpenBSD": "18", "FreeBSD": "1c", "macOS": "1e",
	} {
		for _, order := range []string{family + "000000", "000000" + family} {
			frame := octets(t, order, tcp6)
			if _, why := decodeOne(0, frame, len(frame)); why != OK {
				t.Errorf("%s, %s: %s", system, order, why)
			}
		}
	}
}

func TestPPPProtocolInOneOctet(t *testing.T) {
	frame := octets(t, "ff 03 21", tcp4)
	if _, why := decodeOne(9, frame, len(frame)); why != OK {
		t.Error(why)
	}
}

func TestLinksWithoutSegment(t *testing.T) {
	for name, c := range map[string]struct {
		link  uint16
		frame string
		want  Reason
	}{
		"nothing":                                {1, "", Truncated},
		"a link type nobody has":                 {250, tcp4, UnknownLink},
		"Ethernet, one octet short":              {1, macs + "08", Truncated},
		"a tag, one octet short":                 {1, macs + "8100 000a 08", Truncated},
		"raw IP, nothing":                        {101, "", Truncated},
		"Linux cooked, one octet short":          {113, "0000 0001 0006 020000000001 0000 08", Truncated},
		"Linux cooked 2, one octet short":        {276, "0800 0000 00000003 0001 00 06 020000000001 00", Truncated},
		"loopback, one octet short":              {0, "02 00 00", Truncated},
		"loopback, AppleTalk":                    {0, "10 00 00 00" + tcp4, NotIP},
		"loopback, a family of no byte order":    {0, "02 02 00 00" + tcp4, NotIP},
		"ARP":                                    {1, macs + "0806 0001 0800 06 04 0001", NotIP},
		"spanning tree":                          {1, macs + "0026 42 42 03 0000 00 00 00", NotIP},
		"LLC, cut short":                         {1, macs + "0026 aa aa 03 0000", NotIP},
		"SNAP of a vendor":                       {1, macs + "0050 aa aa 03 00000c 2000" + tcp4, NotIP},
		"neither IPv4 nor IPv6":                  {1, macs + "0800 55" + tcp4, NotIP},
		"PPPoE, one octet short":                 {1, macs + "8864 11 00 0001 00", Truncated},
		"PPPoE discovery in a session":           {1, macs + "8864 11 09 0001 0000 0021" + tcp4, BadHeader},
		"PPP, one octet short":                   {9, "ff 03 00", Truncated},
		"PPP, link control":                      {9, "ff 03 c021 01 01 0004", NotIP},
		"PPP, encrypted or compressed":           {9, "ff 03 00fd 90 00", NotIP},
		"Cisco HDLC, one octet short":            {104, "0f 00 08", Truncated},
		"Cisco HDLC, a keep-alive":               {104, "8f 00 8035 00000002", NotIP},
		"a direction and nothing":                {204, "", Truncated},
		"PPI, one octet short":                   {192, "00 00 0800 010000", Truncated},
		"PPI, a length that is none":             {192, "00 00 0700 01000000", BadHeader},
		"PPI, longer than its frame":             {192, "00 00 0900 01000000", Truncated},
		"PPI around PPI and so on":               {192, strings.Repeat("00 00 0800 c0000000", maxDepth+1), TooDeep},
		"PKTAP, one octet short":                 {258, "0c000000 01000000 010000", Truncated},
		"PKTAP, a length that is none":           {258, "0b000000 01000000 01000000", BadHeader},
		"PKTAP, a link type that is none":        {258, "0c000000 01000000 00000100", UnknownLink},
		"radiotap, one octet short":              {127, "00 00 0800 000000", Truncated},
		"radiotap, a length that is none":        {127, "00 00 0700 00000000", BadHeader},
		"radiotap, longer than its frame":        {127, "00 00 0900 00000000", Truncated},
		"the air, one octet short":               {105, "08 01 0000" + macs + "0200000000ff 10", Truncated},
		"the air, a beacon":                      {105, air("80 00"), NotIP},
		"the air, no data":                       {105, air("48 01"), NotIP},
		"the air, encrypted":                     {105, air("08 41"), NotIP},
		"the air, a first fragment":              {105, air("08 05"), Fragment},
		"the air, several in one":                {105, air("88 01") + "80 00", NotIP},
		"the air, QoS control cut off":           {105, air("88 01") + "00", Truncated},
		"the air, HT control cut off":            {105, air("88 81") + "00 00 000000", Truncated},
		"as many tags as are read, and one more": {1, macs + tags(maxDepth), TooDeep},
	} {
		t.Run(name, func(t *testing.T) {
			frame := octets(t, c.frame)
			if _, why := decodeOne(c.link, frame, len(frame)); why != c.want {
				t.Errorf("%s, want %s", why, c.want)
			}
		})
	}
}

// air gives the header of a frame of three addresses.
func air(control string) string { return control + "0000" + macs + "0200000000ff 1000 " }

// TestNFLOG wraps packets as netfilter does on machines of either order.
func TestNFLOG(t *testing.T) {
	for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
		attribute := func(b []byte, kind uint16, value []byte) []byte {
			b = order.AppendUint16(order.AppendUint16(b, uint16(4+len(value))), kind)
			return append(append(b, value...), make([]byte, -len(value)&3)...)
		}
		packet := octets(t, tcp4)
		head := attribute(attribute([]byte{2, 0, 0, 5}, 1, []byte{8, 0, 0, 0}), 10, []byte("clear\x00"))
		frame := attribute(head, nflogPayload, packet)
		want, _ := decodeOne(101, packet, len(packet))
		if got, why := decodeOne(239, frame, len(frame)); why != OK || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v %s, want %+v", name, got, why, want)
		}
		for _, short := range [][]byte{nil, head[:3], head, head[:len(head)-2], frame[:len(head)+4+30]} {
			if _, why := decodeOne(239, short, len(frame)); why != Truncated {
				t.Errorf("%s, %d octets: %s", name, len(short), why)
			}
		}
		if _, why := decodeOne(239, order.AppendUint16([]byte{2, 0, 0, 5}, 3), 8); why != Truncated {
			t.Errorf("%s: %s", name, why)
		}
	}
	if _, why := decodeOne(239, []byte{2, 0, 0, 5, 3, 0, 1, 0}, 8); why != BadHeader {
		t.Errorf("an attribute of three octets: %s", why)
	}
}

// tags gives n 802.1Q tags around a packet.
func tags(n int) (text string) {
	for range n {
		text += "8100 000a "
	}
	return text + "0800" + tcp4
}

func TestAsManyTagsAsAreRead(t *testing.T) {
	frame := octets(t, macs, tags(maxDepth-1))
	if _, why := decodeOne(1, frame, len(frame)); why != OK {
		t.Error(why)
	}
}
