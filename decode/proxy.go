package decode

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// Proxy is a PROXY protocol header (version 1 or 2): what a load balancer says
// of the client behind it, in front of the client's first octets.
type Proxy struct {
	Src, Dst Endpoint // valid iff Known
	Known    bool     // false: UNKNOWN, LOCAL, or a family that is not IP
	Len      int      // octets of the header
}

// Verdict is what a look at the front of some octets gives.
type Verdict uint8

// Verdicts of ReadProxy.
const (
	No       Verdict = iota // it is something else
	Yes                     // it is there, whole
	NeedMore                // so far it could be
)

const (
	proxyV1    = "PROXY "
	proxyV1Max = 107 // octets of a version 1 header, its CRLF included
	proxyV2    = "\r\n\r\n\x00\r\nQUIT\n"
	proxyV2Max = 4096 // octets of a version 2 header we believe in; TLVs are small
)

// ReadProxy reads a header at the front of b. It keeps nothing of b.
func ReadProxy(b []byte) (Proxy, Verdict) {
	switch {
	case bytes.HasPrefix(b, []byte(proxyV2)):
		return readProxyV2(b)
	case bytes.HasPrefix(b, []byte(proxyV1)):
		return readProxyV1(b)
	case bytes.HasPrefix([]byte(proxyV2), b) || bytes.HasPrefix([]byte(proxyV1), b):
		return Proxy{}, NeedMore
	}
	return Proxy{}, No
}

func readProxyV1(b []byte) (p Proxy, v Verdict) {
	end := bytes.Index(b[:min(len(b), proxyV1Max)], []byte("\r\n"))
	if end < 0 {
		if len(b) < proxyV1Max {
			return p, NeedMore
		}
		return p, No
	}
	p.Len = end + 2
	fields := bytes.Split(b[:end], []byte(" "))
	if len(fields) != 6 || string(fields[1]) != "TCP4" && string(fields[1]) != "TCP6" {
		return p, Yes // UNKNOWN, whatever follows: its addresses mean nothing
	}
	src, ok1 := proxyEndpoint(fields[2], fields[4])
	dst, ok2 := proxyEndpoint(fields[3], fields[5])
	if ok1 && ok2 {
		p.Src, p.Dst, p.Known = src, dst, true
	}
	return p, Yes
}

func proxyEndpoint(addr, port []byte) (Endpoint, bool) {
	a, err := netip.ParseAddr(string(addr))
	if err != nil || a.Zone() != "" || len(port) == 0 || len(port) > 5 {
		return Endpoint{}, false
	}
	n := 0
	for _, c := range port {
		if c < '0' || c > '9' {
			return Endpoint{}, false
		}
		n = n*10 + int(c-'0')
	}
	return Endpoint{Addr: a.As16(), Port: uint16(n)}, n <= 0xffff
}

func readProxyV2(b []byte) (p Proxy, v Verdict) {
	const fixed = len(proxyV2) + 4
	if len(b) < fixed {
		return p, NeedMore
	}
	command, family := b[12], b[13]
	p.Len = fixed + int(binary.BigEndian.Uint16(b[14:]))
	if command>>4 != 2 || p.Len > proxyV2Max {
		return p, No
	}
	if len(b) < p.Len {
		return p, NeedMore
	}
	addrs := b[fixed:p.Len]
	size := 0
	switch family >> 4 {
	case 1:
		size = 4
	case 2:
		size = 16
	}
	if command&15 == 1 && size > 0 && len(addrs) >= 2*size+4 {
		p.Src = proxyV2Endpoint(addrs[:size], addrs[2*size:])
		p.Dst = proxyV2Endpoint(addrs[size:2*size], addrs[2*size+2:])
		p.Known = true
	}
	return p, Yes
}

func proxyV2Endpoint(addr, port []byte) Endpoint {
	a, _ := netip.AddrFromSlice(addr)
	return Endpoint{Addr: a.As16(), Port: binary.BigEndian.Uint16(port)}
}
