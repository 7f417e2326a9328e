package decode

import "testing"

// outer4 and outer6 are IP headers around a tunnel.
func outer4(proto string) string {
	return `
		45 00 len+2  # IPv4, header of 20 octets; octets
		0001 0000    # ID; not a fragment
		40 ` + proto + ` 0000
		ac100001     # 172.16.0.1
		ac100002     # 172.16.0.2
	`
}

func outer6(proto string) string {
	return `
		60000000     # IPv6
		len-36 ` + proto + ` 40
		fd000000 00000000 00000000 00000001 # fd00::1
		fd000000 00000000 00000000 00000002 # fd00::2
	`
}

const (
	vxlan = `
		d431 12b5    # ports 54321, 4789
		len+4 0000   # octets; no checksum
		08000000     # VXLAN: there is an identifier
		00000700     # network 7
	`
	innerMACs = `
		080808080808 # destination
		090909090909 # source
	`
	innerEthernet = innerMACs + `
		TTTT
	`
)

func tunnelWrappings() []wrapping {
	on := func(name, head string) wrapping { return wrapping{name, 1, macs + head, 0, mac1, mac2} }
	gre := func(name, head string) wrapping { return on(name, "0800"+outer4("2f")+head) }
	udp := func(name, ports, head string) wrapping {
		return on(name, "0800"+outer4("11")+"d431 "+ports+" len+4 0000"+head)
	}
	return []wrapping{
		on("MPLS", `8847 00010140 # label 16, the last; TTL
		`),
		on("MPLS, two labels", `8848
			00010040     # label 16
			00020140     # label 32, the last
		`),
		on("MPLS, pseudowire with a control word", "8847 00010140 00000001"+innerEthernet),
		on("MPLS, pseudowire with a control word, address like one", "8847 00010140 00000001 001122334455 001122334466 TTTT"),
		on("MPLS, pseudowire without a control word", "8847 00010140 a00000000001 a00000000002 TTTT"),
		on("MPLS, pseudowire without a control word, address like one", "8847 00010140 001122334455 001122334466 TTTT"),
		{"MPLS over PPP", 9, "ff03 0281 00010140", 0, [6]byte{}, [6]byte{}},
		on("IP in IPv4", "0800"+outer4("NN")),
		on("IP in IPv6", "86dd"+outer6("NN")),
		gre("GRE", "0000 TTTT"),
		on("GRE over IPv6", "86dd"+outer6("2f")+"0000 TTTT"),
		gre("GRE with a checksum", "8000 TTTT 0000 0000"),
		gre("GRE with a key", "2000 TTTT 00000007"),
		gre("GRE with checksum, key and sequence number", "b000 TTTT 0000 0000 00000007 00000001"),
		gre("GRE with source routes", `4000 TTTT 0000 0000
			0800 00 04 0a000001 # IPv4; offset; length
			0000 00 00          # no more
		`),
		gre("GRE with a tag inside", "0000 8100 0063 TTTT"),
		gre("PPTP", `3081 880b    # GRE version 1, key, sequence number, acknowledgement; PPP
			0000 0001    # length; call
			00000001 00000001
			ff03 PPPP
		`),
		gre("NVGRE", "2000 6558 00000700"+innerEthernet),
		gre("NVGRE with a tag inside", "2000 6558 00000700"+innerMACs+"8100 0063 TTTT"),
		gre("ERSPAN I", "0000 88be"+innerEthernet),
		gre("ERSPAN II", `1000 88be 00000001
			1063 0001    # version 1, VLAN 99; session 1
			00000007     # port
		`+innerEthernet),
		gre("ERSPAN III", `1000 22eb 00000001
			2063 0001    # version 2, VLAN 99; session 1
			00000000     # time
			0000 0000    # security group; an Ethernet frame, no subheader
		`+innerEthernet),
		gre("ERSPAN III with a subheader", `1000 22eb 00000001
			2063 0001 00000000 0000
			0001         # a subheader follows
			0400000000000000
		`+innerEthernet),
		gre("ERSPAN III around IP", `1000 22eb 00000001
			2063 0001 00000000 0000
			0800         # frame type 2
		`),
		on("VXLAN", "0800"+outer4("11")+vxlan+innerEthernet),
		on("VXLAN over IPv6", "86dd"+outer6("11")+vxlan+innerEthernet),
		on("VXLAN with a tag inside", "0800"+outer4("11")+vxlan+innerMACs+"8100 0063 TTTT"),
		{"VXLAN with a tag outside and one inside", 1, macs + "8100 000a 0800" + outer4("11") + vxlan + innerMACs + "8100 0063 TTTT", 10, mac1, mac2},
		{"VXLAN in raw IP", 101, outer4("11") + vxlan + innerEthernet, 0, [6]byte{}, [6]byte{}},
		udp("VXLAN on Linux' port", "2118", "08000000 00000700"+innerEthernet),
		udp("GENEVE", "17c1", `
			00 00 6558   # version 0, no options; Ethernet
			00000700     # network 7
		`+innerEthernet),
		udp("GENEVE with options, around IP", "17c1", `
			02 00 TTTT 00000700
			0001 00 01   # class; type; length
			deadbeef
		`),
		on("GRE in VXLAN", "0800"+outer4("11")+vxlan+innerMACs+"0800"+outer4("2f")+"0000 TTTT"),
	}
}

func TestTunnelsWithoutSegment(t *testing.T) {
	gre := macs + "0800" + outer4("2f")
	for name, c := range map[string]struct {
		frame string
		want  Reason
	}{
		"MPLS, one octet short of what is behind":       {macs + "8847 00010140", Truncated},
		"MPLS, labels without end":                      {macs + "8847" + labels(maxDepth) + tcp4, TooDeep},
		"MPLS, an associated channel":                   {macs + "8847 00010140 10000021" + tcp4, NotIP},
		"MPLS, a control word and half an address":      {macs + "8847 00010140 00000000 020202", Truncated},
		"GRE, one octet short":                          {gre + "0000 08", Truncated},
		"GRE, one octet short of its key":               {gre + "2000 0800 000000", Truncated},
		"GRE, no end of its routes":                     {gre + "4000 0800 0000 0000 0800 00 04 0a000001", Truncated},
		"GRE, a route beyond the packet":                {gre + "4000 0800 0000 0000 0800 00 ff" + tcp4, Truncated},
		"GRE of a version nobody has":                   {gre + "0007 0800" + tcp4, BadHeader},
		"GRE, Cisco's keepalive":                        {gre + "0000 0000", NotIP},
		"PPTP, a bare acknowledgement":                  {gre + "2081 880b 0000 0001 00000001", NotTransport},
		"PPTP, encrypted":                               {gre + "3001 880b 0002 0001 00000001 00fd 9000", NotIP},
		"ERSPAN II, one octet short":                    {gre + "1000 88be 00000001 1063 0001 000000", Truncated},
		"ERSPAN III, one octet short":                   {gre + "1000 22eb 00000001 2063 0001 00000000 0000 00", Truncated},
		"ERSPAN III, one octet short of its subheader":  {gre + "1000 22eb 00000001 2063 0001 00000000 0000 0001 00000000000000", Truncated},
		"ERSPAN III around something else":              {gre + "1000 22eb 00000001 2063 0001 00000000 0000 0400" + tcp4, NotIP},
		"ERSPAN of a version nobody has":                {gre + "1000 88be 00000001 7063 0001 00000000" + tcp4, BadHeader},
		"ARP in VXLAN":                                  {macs + "0800" + outer4("11") + vxlan + innerMACs + "0806 0001", NotIP},
		"IP in IP, deeper than is read":                 {macs + "0800" + outers(maxDepth) + tcp4, TooDeep},
		"IP in IP, an inner header of no known version": {macs + "0800" + outer4("04") + "0000", NotIP},
	} {
		t.Run(name, func(t *testing.T) {
			frame := octets(t, c.frame)
			if _, why := decodeOne(1, frame, len(frame)); why != c.want {
				t.Errorf("%s, want %s", why, c.want)
			}
		})
	}
}

// labels gives n MPLS labels, none of them the last.
func labels(n int) (text string) {
	for range n {
		text += "00010040 "
	}
	return text
}

func outers(n int) (text string) {
	for range n {
		text += outer4("04")
	}
	return text
}

// A client may be given any port, so a datagram to a tunnel's port that is no
// tunnel is a datagram.
func TestDatagramsToTunnelPortsThatAreNoTunnels(t *testing.T) {
	for name, c := range map[string]struct{ port, body string }{
		"VXLAN's, without an identifier":     {"12b5", "3000000000000000"},
		"VXLAN's, one octet short":           {"12b5", "08000000000000"},
		"GENEVE's, of another version":       {"17c1", "4000655800000700"},
		"GENEVE's, options beyond its end":   {"17c1", "3f00655800000700"},
		"GENEVE's, empty":                    {"17c1", ""},
		"older VXLAN's, an answer from LDAP": {"2118", "300c02010161070a010004000400"},
	} {
		t.Run(name, func(t *testing.T) {
			frame := octets(t, outer4("11"), "0185 "+c.port+" len+4 0000", c.body)
			seg, why := decodeOne(101, frame, len(frame))
			if why != OK || seg.Src != end("172.16.0.1", 389) || len(seg.Payload) != len(c.body)/2 {
				t.Errorf("%s: %+v", why, seg)
			}
		})
	}
}
