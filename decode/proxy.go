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
	TLS      bool     // version 2: the client spoke TLS to the balancer
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
	family := proxyFamily(b[len(proxyV1):])
	if family == "" {
		return p, No
	}
	end := bytes.Index(b[:min(len(b), proxyV1Max)], []byte("\r\n"))
	if end < 0 {
		if len(b) < proxyV1Max {
			return p, NeedMore
		}
		return p, No
	}
	fields := bytes.Split(b[:end], []byte(" "))
	switch {
	case family == proxyUnknown && string(fields[1]) == proxyUnknown:
		return Proxy{Len: end + 2}, Yes // whatever follows means nothing
	case family == proxyUnknown, len(fields) != 6:
		return p, No
	}
	p.Len = end + 2
	src, ok1 := proxyEndpoint(family, fields[2], fields[4])
	dst, ok2 := proxyEndpoint(family, fields[3], fields[5])
	if ok1 && ok2 {
		p.Src, p.Dst, p.Known = src, dst, true
	}
	return p, Yes
}

const (
	proxyTCP4    = "TCP4 "
	proxyTCP6    = "TCP6 "
	proxyUnknown = "UNKNOWN"
)

// proxyFamily gives the family at the front of b, or the one that it may become;
// "": there is none.
func proxyFamily(b []byte) string {
	for _, f := range [...]string{proxyTCP4, proxyTCP6, proxyUnknown} {
		if n := min(len(b), len(f)); string(b[:n]) == f[:n] {
			return f
		}
	}
	return ""
}

func proxyEndpoint(family string, addr, port []byte) (Endpoint, bool) {
	a, err := netip.ParseAddr(string(addr))
	if err != nil || a.Zone() != "" || a.Is4() != (family == proxyTCP4) || len(port) == 0 || len(port) > 5 {
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
	if len(b) > len(proxyV2) {
		if command := b[len(proxyV2)]; command != proxyLocal && command != proxyProxy {
			return p, No
		}
	}
	if len(b) < fixed {
		return p, NeedMore
	}
	size := fixed + int(binary.BigEndian.Uint16(b[14:]))
	switch {
	case size > proxyV2Max:
		return p, No
	case len(b) < size:
		return p, NeedMore
	}
	p.Len = size
	if b[12] == proxyProxy {
		p.believe(b[13]>>4, b[fixed:size])
	}
	return p, Yes
}

// Versions and commands of version 2.
const (
	proxyLocal = 0x20 // the balancer itself, looking whether the server is alive
	proxyProxy = 0x21
)

// believe reads addresses of a family, and what stands behind them as type,
// length, value.
func (p *Proxy) believe(family byte, b []byte) {
	size := 0
	switch family {
	case 1:
		size = 4
	case 2:
		size = 16
	}
	if size == 0 || len(b) < 2*size+4 {
		return
	}
	p.Src = proxyV2Endpoint(b[:size], b[2*size:])
	p.Dst = proxyV2Endpoint(b[size:2*size], b[2*size+2:])
	p.Known = true
	const typeSSL, clientSSL = 0x20, 1
	for b = b[2*size+4:]; len(b) >= 3; {
		kind, n := b[0], int(binary.BigEndian.Uint16(b[1:]))
		if b = b[3:]; n > len(b) {
			return
		}
		if kind == typeSSL && n > 0 {
			p.TLS = b[0]&clientSSL != 0
		}
		b = b[n:]
	}
}

func proxyV2Endpoint(addr, port []byte) Endpoint {
	a, _ := netip.AddrFromSlice(addr)
	return Endpoint{Addr: a.As16(), Port: binary.BigEndian.Uint16(port)}
}
