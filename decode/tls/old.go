package tls

// ReadOldHello reads a client's hello in the form of SSL 2 at the front of b,
// which asks for SSL 3 or TLS all the same (RFC 5246 E.2): Java 6 and OpenSSL
// 0.9.8 greet so. n is its octets; records follow. It does not allocate.
//
// Two octets of length with the highest bit set, type 1, version, then the
// lengths of cipher suites, session and challenge, and those three.
func ReadOldHello(b []byte) (h Hello, n int, v Verdict) {
	const fixed = 11
	switch {
	case len(b) > 0 && b[0]&0x80 == 0,
		len(b) > 2 && b[2] != 1,
		len(b) > 3 && b[3] != 3,
		len(b) > 4 && b[4] > 3:
		return h, 0, NotTLS
	case len(b) < fixed:
		return h, 0, NeedMore
	}
	size := int(b[0]&0x7f)<<8 | int(b[1])
	ciphers, session, challenge := int(b[5])<<8|int(b[6]), int(b[7])<<8|int(b[8]), int(b[9])<<8|int(b[10])
	switch {
	case ciphers == 0 || ciphers%3 != 0,
		session != 0 && session != 16,
		challenge < 16 || challenge > 32,
		size != fixed-2+ciphers+session+challenge:
		return h, 0, NotTLS
	}
	n = 2 + size
	return Hello{Side: ClientHello, Version: uint16(b[3])<<8 | uint16(b[4]), Whole: len(b) >= n}, n, OK
}
