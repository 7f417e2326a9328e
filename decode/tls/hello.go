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

// Side is whose hello a handshake record starts with.
type Side uint8

// What a handshake record may start with.
const (
	NoHello Side = iota
	ClientHello
	ServerHello
)

// Hello is what a hello tells in the clear.
type Hello struct {
	Side Side
	// Version is the one a server chose, or the highest that a client offers;
	// 0: the record is cut before it tells.
	Version uint16
	// ServerName is the one a client asks for (RFC 6066 3), borrowed; nil: none.
	ServerName []byte
}

const (
	recordHeader         = 5
	extServerName        = 0  // RFC 6066 3
	extSupportedVersions = 43 // RFC 8446 4.2.1
)

// ReadHello looks at a handshake record, its header included, which may be cut
// short. A hello that goes on in a second record, as only clients with very
// long lists of keys send, is read as far as the first one goes. It does not
// allocate.
func ReadHello(record []byte) Hello {
	if len(record) < recordHeader+1 || record[0] != Handshake {
		return Hello{}
	}
	h := Hello{}
	switch record[recordHeader] {
	case 1:
		h.Side = ClientHello
	case 2:
		h.Side = ServerHello
	default:
		return h
	}
	// Type 1 and length 3, then version 2 and random 32.
	b := fields{record[min(recordHeader+4, len(record)):]}
	version := b.take(2)
	if b.take(32) == nil {
		return h
	}
	h.Version = u16(version)
	b.vector(1) // session
	if h.Side == ClientHello {
		b.vector(2) // cipher suites
		b.vector(1) // compression methods
	} else {
		b.take(3) // the chosen ones
	}
	h.extensions(fields{b.vector(2)})
	return h
}

// extensions reads those that tell something (RFC 8446 4.2).
func (h *Hello) extensions(b fields) {
	for len(b.rest) >= 4 {
		kind := u16(b.take(2))
		value := fields{b.vector(2)}
		switch {
		case kind == extSupportedVersions && h.Side == ServerHello && len(value.rest) == 2:
			h.Version = u16(value.rest)
		case kind == extSupportedVersions && h.Side == ClientHello:
			h.offered(fields{value.vector(1)})
		case kind == extServerName && h.Side == ClientHello:
			list := fields{value.vector(2)}
			if typ := list.take(1); len(typ) == 1 && typ[0] == 0 { // host_name
				h.ServerName = list.vector(2)
			}
		}
	}
}

// offered takes the highest version of a client's list. Values that are none
// of TLS are there to see whether servers mind (RFC 8701).
func (h *Hello) offered(list fields) {
	highest := uint16(0)
	for v := list.take(2); v != nil; v = list.take(2) {
		if n := u16(v); VersionName(n) != "" {
			highest = max(highest, n)
		}
	}
	if highest != 0 {
		h.Version = highest
	}
}

// fields are octets read from the front.
type fields struct{ rest []byte }

// take gives the next n octets, nil if there are fewer.
func (f *fields) take(n int) []byte {
	if len(f.rest) < n {
		f.rest = nil
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

// vector gives what a length of size octets announces, as far as it is there.
func (f *fields) vector(size int) []byte {
	n := 0
	for _, c := range f.take(size) {
		n = n<<8 | int(c)
	}
	return f.take(min(n, len(f.rest)))
}

// u16 reads two octets; 0 if there are none.
func u16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return uint16(b[0])<<8 | uint16(b[1])
}
