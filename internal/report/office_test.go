package report

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/metrics"
)

// office is a made-up company of so many clients over two weeks: the page at
// the size that people will see.
func office(clients int) *Input {
	r := rand.New(rand.NewPCG(1, 2))
	n := &detect.Inventory{
		Uses: make(map[detect.UseKey]*detect.Use), Accounts: make(map[string]*detect.Account),
		Queries: make(map[detect.QueryKey]*detect.Query), Hours: make(map[int64]*detect.Hour),
	}
	in := &Input{Inventory: n, Version: "1.2.3", Sources: []string{"mirror-monday.pcapng", "mirror-tuesday.pcapng"}, From: noon(), To: noon().Add(14 * 24 * time.Hour),
		Blind: []string{"12 gaps in streams, 48213 octets.", "3 connections in one direction only."}}
	in.Snapshot.Sources = []metrics.Source{{Name: "file", Stats: capture.Stats{Frames: 48211904, Bytes: 31 << 30}}}
	servers := []netip.AddrPort{
		netip.MustParseAddrPort("10.20.0.5:389"), netip.MustParseAddrPort("10.20.0.6:389"), netip.MustParseAddrPort("10.20.0.5:636"),
		netip.MustParseAddrPort("10.20.0.5:3268"), netip.MustParseAddrPort("[2001:db8:20::1234:5678:9abc:def0]:636"), netip.MustParseAddrPort("192.168.100.100:389"),
	}
	c := &in.Snapshot.Detect
	for i := range clients {
		client := netip.AddrFrom4([4]byte{10, 21, byte(i / 250), byte(i%250 + 4)})
		if i%17 == 3 {
			client = netip.MustParseAddr(fmt.Sprintf("2001:db8:21::%x:aaaa:bbbb:%x", i, i+4096))
		}
		name := fmt.Sprintf("cn=svc-%03d,ou=service accounts,ou=it,dc=corp,dc=example,dc=org", i)
		u := &detect.Use{First: noon().Add(time.Duration(i) * time.Hour / 4), Last: noon().Add(13*24*time.Hour + time.Duration(i)*time.Minute)}
		times := uint64(r.ExpFloat64()*400) + 1
		protection := detect.Protection([]int{0, 0, 3, 3, 3, 2, 2, 1, 3, 0}[r.IntN(10)])
		server := servers[r.IntN(len(servers))]
		u.Connections[protection] = times
		c.Connections[protection] += times
		switch protection {
		case detect.None:
			u.Operations[detect.None] = times * 3
			if i%3 == 0 {
				u.Binds[detect.SASL][detect.None], u.Unsigned, u.Mechanisms = times, times*3, map[string]uint64{"GSSAPI": times}
				u.Findings[detect.UnsignedSASL] = times
				c.Alerts[detect.UnsignedSASL][detect.Medium] += times
			} else {
				u.Binds[detect.Simple][detect.None], u.Passwords = times, times
				u.Findings[detect.CleartextBind], u.Findings[detect.CleartextSearch] = times, times*3
				c.Alerts[detect.CleartextBind][detect.Critical] += times
				c.Alerts[detect.CleartextSearch][detect.Medium] += times * 3
				n.Accounts[name] = &detect.Account{Clients: map[netip.Addr]struct{}{client: {}}, Servers: map[netip.Addr]struct{}{server.Addr(): {}},
					Count: int(times), Accepted: i%4 != 0, First: u.First, Last: u.Last}
			}
			if i%11 == 5 {
				u.Demanded[0] = times
				u.Findings[detect.CleartextRefused] = times
				c.Alerts[detect.CleartextRefused][detect.High] += times
			}
			u.LastFinding = u.Last
		case detect.SASLSigned:
			u.Operations[detect.SASLSigned], u.Binds[detect.SASL][detect.None] = times*2, times
			u.Mechanisms = map[string]uint64{"GSS-SPNEGO": times}
			u.Findings[detect.SignedNotSealed], u.LastFinding = times, u.Last
			c.Alerts[detect.SignedNotSealed][detect.Low] += times
		case detect.SASLSealed:
			u.Binds[detect.SASL][detect.None], u.Mechanisms = times, map[string]uint64{"GSSAPI": times}
		default:
			u.TLSVersions, name = map[string]uint64{"1.3": times}, ""
		}
		n.Uses[detect.UseKey{Client: client, Server: server, Identity: name}] = u
	}
	for i := range 30 {
		filter := []string{"(&(objectClass=?)(sAMAccountName=?))", "(uid=?)", "(memberOf=?)", "(&(objectCategory=?)(|(mail=?)(proxyAddresses=?)))"}[i%4]
		n.Queries[detect.QueryKey{Scope: []string{"subtree", "base", "one"}[i%3], Filter: filter}] = &detect.Query{Count: uint64(40000 / (i + 1)), Base: "dc=corp,dc=example,dc=org",
			Clients: map[netip.Addr]struct{}{netip.AddrFrom4([4]byte{10, 21, 0, byte(i)}): {}}, First: noon(), Last: noon().Add(time.Hour)}
	}
	for h := range int64(14 * 24) {
		busy := uint64(3)
		if h%24 > 7 && h%24 < 18 && h/24%7 < 5 {
			busy = 60
		}
		at := &detect.Hour{}
		at.Connections = [detect.NumProtections]uint64{busy/4 + uint64(r.IntN(9)), busy / 9, busy / 3, busy + uint64(r.IntN(20))}
		at.Operations[detect.None] = busy
		if h%24 == 9 {
			at.Passwords = busy
		}
		n.Hours[noon().Unix()/3600+h] = at
	}
	return in
}
