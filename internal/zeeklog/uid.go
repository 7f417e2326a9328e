package zeeklog

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

// uid names a connection in the form of Zeek's: C and 96 bits in base 62. Zeek
// draws lots; this is made of the connection's ends and the time of its first
// packet, so that the same capture gives the same name.
func uid(r *detect.Record) string {
	a, b := r.Client, r.Server
	if b.Compare(a) < 0 {
		a, b = b, a
	}
	var buf [2*(16+2) + 1 + 8]byte
	in := buf[:0]
	for _, end := range [2]struct {
		addr [16]byte
		port uint16
	}{{a.Addr().As16(), a.Port()}, {b.Addr().As16(), b.Port()}} {
		in = binary.BigEndian.AppendUint16(append(in, end.addr[:]...), end.port)
	}
	proto := byte(6)
	if r.Proto == decode.UDP {
		proto = 17
	}
	in = binary.BigEndian.AppendUint64(append(in, proto), uint64(r.Opened.UnixNano()))
	sum := sha256.Sum256(in)
	var text [1 + 11 + 6]byte // 64 bits take eleven digits at most, 32 six
	out := base62(append(text[:0], 'C'), binary.BigEndian.Uint64(sum[:]))
	return string(base62(out, uint64(binary.BigEndian.Uint32(sum[8:]))))
}

// base62 appends the digits of n, the least first.
func base62(b []byte, n uint64) []byte {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for first := true; first || n > 0; first = false {
		b = append(b, digits[n%62])
		n /= 62
	}
	return b
}
