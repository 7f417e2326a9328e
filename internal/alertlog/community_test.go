package alertlog

import (
	"net/netip"
	"testing"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

// The baseline values of the Community ID specification, version 1, seed 0;
// the same whichever end is the client.
func TestCommunityID(t *testing.T) {
	for _, c := range []struct {
		proto decode.Proto
		a, b  string
		want  string
	}{
		{decode.TCP, "128.232.110.120:34855", "66.35.250.204:80", "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{decode.UDP, "192.168.1.52:54585", "8.8.8.8:53", "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{decode.TCP, "[2001:470:e5bf:dead:4957:2174:e82c:4887]:63943", "[2607:f8b0:400c:c03::1a]:25", "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
	} {
		a, b := netip.MustParseAddrPort(c.a), netip.MustParseAddrPort(c.b)
		for _, ends := range [][2]netip.AddrPort{{a, b}, {b, a}} {
			alert := &detect.Alert{Proto: c.proto, Client: ends[0], Server: ends[1]}
			if got := communityID(alert); got != c.want {
				t.Errorf("%s to %s: %s, want %s", ends[0], ends[1], got, c.want)
			}
		}
	}
}

// Behind a balancer the ID is that of the connection on the wire, whoever a
// PROXY header names.
func TestCommunityIDOfTheWire(t *testing.T) {
	direct := &detect.Alert{Proto: decode.TCP, Client: client, Server: server}
	named := &detect.Alert{Proto: decode.TCP, Client: netip.MustParseAddrPort("192.0.2.1:9"), Balancer: client, Server: server}
	if communityID(direct) != communityID(named) {
		t.Error("the ID follows the PROXY header")
	}
	sameHost := &detect.Alert{Proto: decode.TCP, Client: netip.MustParseAddrPort("10.0.0.5:51022"), Server: server}
	swapped := &detect.Alert{Proto: decode.TCP, Client: server, Server: sameHost.Client}
	if communityID(sameHost) != communityID(swapped) {
		t.Error("ports do not order two ends of one address")
	}
}
