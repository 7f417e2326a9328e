package tls

// Versions (RFC 8446 4.1.3 and those before).
const (
	SSL30 = 0x0300
	TLS10 = 0x0301
	TLS11 = 0x0302
	TLS12 = 0x0303
	TLS13 = 0x0304
)

var versionNames = map[uint16]string{SSL30: "SSL 3.0", TLS10: "TLS 1.0", TLS11: "TLS 1.1", TLS12: "TLS 1.2", TLS13: "TLS 1.3"}

// VersionName names a version; "": it is none of TLS.
func VersionName(v uint16) string { return versionNames[v] }

// Weak says whether a version is one that RFC 7568 and RFC 8996 retired.
func Weak(v uint16) bool { return v >= SSL30 && v < TLS12 }

// Hello is which side's hello a handshake record starts with.
type Hello uint8

// What a handshake record may start with.
const (
	NoHello Hello = iota
	ClientHello
	ServerHello
)

const (
	extSupportedVersions = 43 // RFC 8446 4.2.1
	recordHeader         = 5
)

// ReadHello looks at a handshake record, its header included. For a
// ServerHello it gives the version that was chosen, 0 if the record is cut
// before it tells.
func ReadHello(record []byte) (h Hello, version uint16) {
	if len(record) < recordHeader+1 || record[0] != Handshake {
		return NoHello, 0
	}
	b := record[recordHeader:]
	switch b[0] {
	case 1:
		return ClientHello, 0
	case 2:
		return ServerHello, chosen(b)
	}
	return NoHello, 0
}

// chosen reads a ServerHello: type 1, length 3, version 2, random 32, session
// 1+n, cipher suite 2, compression 1, extensions.
func chosen(b []byte) uint16 {
	if len(b) < 39 {
		return 0
	}
	version := uint16(b[4])<<8 | uint16(b[5])
	off := 39 + int(b[38]) + 3
	if len(b) < off+2 {
		return version
	}
	end := min(off+2+int(b[off])<<8+int(b[off+1]), len(b))
	for off += 2; off+4 <= end; {
		typ, size := int(b[off])<<8|int(b[off+1]), int(b[off+2])<<8|int(b[off+3])
		off += 4
		if typ == extSupportedVersions && size == 2 && off+2 <= end {
			return uint16(b[off])<<8 | uint16(b[off+1])
		}
		off += size
	}
	return version
}
