package decode

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
)

func at(s string) Endpoint {
	ap := netip.MustParseAddrPort(s)
	return Endpoint{Addr: ap.Addr().As16(), Port: ap.Port()}
}

// proxy2 makes a header of version 2.
func proxy2(command, family byte, body ...byte) string {
	return proxyV2 + string([]byte{command, family, byte(len(body) >> 8), byte(len(body))}) + string(body)
}

func TestReadProxy(t *testing.T) {
	four := slices.Clip([]byte{192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 1, 0x85})
	six := append(append(make([]byte, 15), 7), append(append(make([]byte, 15), 5), 0xdc, 0x04, 1, 0x85)...)
	known := func(src, dst string, n int) Proxy { return Proxy{Src: at(src), Dst: at(dst), Known: true, Len: n} }
	// A no-op, then TLS: what the client did, how it was verified, a version.
	ssl := func(client byte) []byte {
		return []byte{4, 0, 1, 0, 0x20, 0, 8, client, 0, 0, 0, 0, 0x21, 0, 0}
	}
	tls := known("192.0.2.1:56324", "198.51.100.2:389", 43)
	tls.TLS = true
	v1 := "PROXY TCP4 192.0.2.1 198.51.100.2 56324 389\r\n"
	for name, c := range map[string]struct {
		b    string
		want Proxy
		v    Verdict
	}{
		"version 1":                               {v1, known("192.0.2.1:56324", "198.51.100.2:389", len(v1)), Yes},
		"version 1, and LDAP behind it":           {v1 + "0\x0c\x02\x01\x01", known("192.0.2.1:56324", "198.51.100.2:389", len(v1)), Yes},
		"version 1, IPv6":                         {"PROXY TCP6 ::7 ::5 56324 389\r\n", known("[::7]:56324", "[::5]:389", 30), Yes},
		"version 1, unknown":                      {"PROXY UNKNOWN\r\n", Proxy{Len: 15}, Yes},
		"version 1, unknown and more":             {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", Proxy{Len: 35}, Yes},
		"version 1, an address of none":           {"PROXY TCP4 mira 198.51.100.2 56324 389\r\n", Proxy{Len: 40}, Yes},
		"version 1, a port of none":               {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 99999\r\n", Proxy{Len: 47}, Yes},
		"version 1, IPv6 that says it is not":     {"PROXY TCP4 ::7 ::5 56324 389\r\n", Proxy{Len: 30}, Yes},
		"version 1, a family of nobody":           {"PROXY UDP4 192.0.2.1 198.51.100.2 56324 389\r\n", Proxy{}, No},
		"version 1, a field too few":              {"PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n", Proxy{}, No},
		"version 1, a word like unknown":          {"PROXY UNKNOWNS\r\n", Proxy{}, No},
		"version 1, none as soon as seen":         {"PROXY /", Proxy{}, No},
		"version 1, so far":                       {"PROXY TCP4 192.0", Proxy{}, NeedMore},
		"version 1, without an end":               {"PROXY UNKNOWN " + string(bytes.Repeat([]byte("x"), 120)), Proxy{}, No},
		"version 2":                               {proxy2(0x21, 0x11, four...), known("192.0.2.1:56324", "198.51.100.2:389", 28), Yes},
		"version 2, IPv6":                         {proxy2(0x21, 0x21, six...), known("[::7]:56324", "[::5]:389", 52), Yes},
		"version 2, with more behind":             {proxy2(0x21, 0x11, append(four, 4, 0, 1, 0)...), known("192.0.2.1:56324", "198.51.100.2:389", 32), Yes},
		"version 2, TLS in front of the balancer": {proxy2(0x21, 0x11, append(four, ssl(1)...)...), tls, Yes},
		"version 2, no TLS in front of it":        {proxy2(0x21, 0x11, append(four, ssl(0)...)...), known("192.0.2.1:56324", "198.51.100.2:389", 43), Yes},
		"version 2, more that is cut":             {proxy2(0x21, 0x11, append(four, 0x20, 0, 9, 1)...), known("192.0.2.1:56324", "198.51.100.2:389", 32), Yes},
		"version 2, local, with addresses":        {proxy2(0x20, 0x11, four...), Proxy{Len: 28}, Yes},
		"version 2, another command":              {proxy2(0x22, 0x11, four...), Proxy{}, No},
		"version 2, local":                        {proxy2(0x20, 0), Proxy{Len: 16}, Yes},
		"version 2, a Unix socket":                {proxy2(0x21, 0x31, make([]byte, 216)...), Proxy{Len: 232}, Yes},
		"version 2, addresses too short":          {proxy2(0x21, 0x11, four[:8]...), Proxy{Len: 24}, Yes},
		"version 2, so far":                       {proxy2(0x21, 0x11, four...)[:20], Proxy{}, NeedMore},
		"version 3":                               {proxy2(0x31, 0x11, four...), Proxy{}, No},
		"version 2, larger than anybody's":        {proxyV2 + "\x21\x11\xff\xff", Proxy{}, No},
		"the first octet of either":               {"P", Proxy{}, NeedMore},
		"an LDAPMessage":                          {"0\x0c\x02\x01\x01", Proxy{}, No},
	} {
		t.Run(name, func(t *testing.T) {
			if have, v := ReadProxy([]byte(c.b)); have != c.want || v != c.v {
				t.Errorf("%+v %d, want %+v %d", have, v, c.want, c.v)
			}
			if c.v == Yes {
				for n := range c.want.Len {
					if have, v := ReadProxy([]byte(c.b[:n])); have != (Proxy{}) || v != NeedMore {
						t.Errorf("%d octets: %+v %d", n, have, v)
					}
				}
			}
		})
	}
	ldap := []byte("0\x0c\x02\x01\x01")
	if n := testing.AllocsPerRun(100, func() { ReadProxy(ldap) }); n != 0 {
		t.Errorf("%v allocations for what is none", n)
	}
}
