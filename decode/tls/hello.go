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

// Hello is what a hello tells in the clear. Its octets are borrowed.
type Hello struct {
	Side Side
	// Version is the one a server chose, or the highest that a client offers;
	// 0: the hello is cut before it tells.
	Version uint16
	// ServerName is the one a client asks for (RFC 6066 3); nil: none.
	ServerName []byte
	// Whole says that the hello was read to its end.
	Whole bool
}

// Extensions that tell something (RFC 8446 4.2).
const (
	extServerName        = 0
	extSupportedVersions = 43

	hostName = 0 // the one kind of server name there is (RFC 6066 3)
)

// ReadHello looks at the handshake record at the front of b, its header
// included, and at the records behind it as far as the hello goes on there. It
// may be cut anywhere. Of a hello in several records, a name that lies in two
// of them is not told: it is borrowed. It does not allocate.
func ReadHello(b []byte) Hello {
	if len(b) == 0 || b[0] != Handshake {
		return Hello{}
	}
	r := fields{more: b, left: len(b)}
	kind, _ := r.number(1)
	h := Hello{Side: sideByType(kind)}
	if h.Side == NoHello {
		return h
	}
	body, whole := r.vector(3)
	version := body.u16()
	body.skip(32) // random
	body.vector(1)
	if h.Side == ClientHello {
		body.vector(2) // cipher suites
		body.vector(1) // compression methods
	} else {
		body.skip(3) // cipher suite and compression method
	}
	h.Whole = whole
	extensions, _ := body.vector(2)
	h.extensions(extensions)
	if h.Version == 0 && (whole || version < TLS12) {
		h.Version = version // TLS 1.3 says 1.2 here, and the truth in an extension
	}
	return h
}

func sideByType(handshake int) Side {
	switch handshake {
	case 1:
		return ClientHello
	case 2:
		return ServerHello
	}
	return NoHello
}

// extensions reads those that tell something. None comes twice (RFC 8446 4.2);
// if one does, the first is believed.
func (h *Hello) extensions(r fields) {
	for r.left >= 4 {
		kind := r.u16()
		value, whole := r.vector(2)
		switch {
		case !whole:
			return
		case kind == extSupportedVersions && h.Version == 0 && h.Side == ServerHello:
			h.Version = value.u16()
		case kind == extSupportedVersions && h.Version == 0:
			list, _ := value.vector(1)
			h.Version = highest(list)
		case kind == extServerName && h.ServerName == nil && h.Side == ClientHello:
			list, _ := value.vector(2)
			if kind, ok := list.number(1); ok && kind == hostName {
				name, _ := list.vector(2)
				h.ServerName = name.text()
			}
		}
	}
}

// highest takes the highest version of a client's list. Values that are none
// of TLS are there to see whether servers mind (RFC 8701).
func highest(list fields) (version uint16) {
	for list.left >= 2 {
		if v := list.u16(); VersionName(v) != "" {
			version = max(version, v)
		}
	}
	return version
}
