package sasl

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

var ntlmSignature = []byte("NTLMSSP\x00")

// NTLM flags (MS-NLMP 2.2.2.5).
const (
	ntlmUnicode   = 0x1
	ntlmSign      = 0x10
	ntlmSeal      = 0x20
	ntlmAnonymous = 0x800
)

// NTLM is what an AUTHENTICATE_MESSAGE reveals (MS-NLMP 2.2.1.3). Its strings
// are clones.
type NTLM struct {
	Domain, User, Workstation string
	Sign, Seal                bool
	V1                        bool // NTLMv1, weaker than v2
	Anonymous                 bool // no identity, no password
}

// ReadNTLM reads an AUTHENTICATE_MESSAGE (type 3) at the front of b; false: it
// is another message, or none. Offsets are the sender's: each is checked.
func ReadNTLM(b []byte) (n NTLM, ok bool) {
	if len(b) < 64 || !bytes.HasPrefix(b, ntlmSignature) || binary.LittleEndian.Uint32(b[8:]) != 3 {
		return n, false
	}
	flags := binary.LittleEndian.Uint32(b[60:])
	text := func(at int) string {
		raw := securityBuffer(b, at)
		if flags&ntlmUnicode != 0 {
			return utf16LE(raw)
		}
		return clip(raw)
	}
	n = NTLM{Domain: text(28), User: text(36), Workstation: text(44), Sign: flags&ntlmSign != 0, Seal: flags&ntlmSeal != 0}
	response := int(binary.LittleEndian.Uint16(b[20:]))
	n.V1 = response == 24
	n.Anonymous = flags&ntlmAnonymous != 0 || n.User == "" && response == 0
	return n, true
}

// securityBuffer gives the octets a length and an offset name; nil where they
// lie outside.
func securityBuffer(b []byte, at int) []byte {
	size, off := uint64(binary.LittleEndian.Uint16(b[at:])), uint64(binary.LittleEndian.Uint32(b[at+4:]))
	if off > uint64(len(b)) || size > uint64(len(b))-off {
		return nil
	}
	return b[off : off+size]
}

func utf16LE(b []byte) string {
	b = b[:min(len(b), 2*maxName)]
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
