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

// ntlm is what an AUTHENTICATE_MESSAGE reveals (MS-NLMP 2.2.1.3). Its strings
// are clones.
type ntlm struct {
	Domain, User, Workstation string
	Sign, Seal                bool
	Anonymous                 bool // no identity, no password
}

// Places of the security buffers in an AUTHENTICATE_MESSAGE.
const (
	ntlmLM          = 12
	ntlmNT          = 20
	ntlmDomain      = 28
	ntlmUser        = 36
	ntlmWorkstation = 44
	ntlmOldHeader   = 52 // clients from before NT 4 SP 4 end theirs here, without key and flags
	ntlmFlags       = 60
	ntlmHeader      = 64
)

// readAuthenticate reads an AUTHENTICATE_MESSAGE (type 3) at the front of b; false: it
// is another message, or none. Offsets are the sender's: each is checked.
func readAuthenticate(b []byte) (n ntlm, ok bool) {
	if len(b) < ntlmOldHeader || !bytes.HasPrefix(b, ntlmSignature) || binary.LittleEndian.Uint32(b[8:]) != 3 {
		return n, false
	}
	var flags uint32
	switch {
	case ntlmOld(b):
		if user := securityBuffer(b, ntlmUser); len(user) > 1 && user[1] == 0 {
			flags = ntlmUnicode
		}
	case len(b) < ntlmHeader:
		return n, false // cut
	default:
		flags = binary.LittleEndian.Uint32(b[ntlmFlags:])
	}
	text := func(at int) string {
		raw := securityBuffer(b, at)
		if flags&ntlmUnicode != 0 {
			return utf16LE(raw)
		}
		return clip(raw)
	}
	n = ntlm{Domain: text(ntlmDomain), User: text(ntlmUser), Workstation: text(ntlmWorkstation), Sign: flags&ntlmSign != 0, Seal: flags&ntlmSeal != 0}
	lm, nt := binary.LittleEndian.Uint16(b[ntlmLM:]), binary.LittleEndian.Uint16(b[ntlmNT:])
	// MS-NLMP 3.2.5.1.2: nobody has no response, or one octet of it. A flag alone
	// makes nobody of a client that sent something to guess at.
	n.Anonymous = nt == 0 && lm <= 1 && (n.User == "" || flags&ntlmAnonymous != 0)
	return n, true
}

// ntlmOld says whether something stands where newer clients have key and flags.
func ntlmOld(b []byte) bool {
	for _, at := range [...]int{ntlmLM, ntlmNT, ntlmDomain, ntlmUser, ntlmWorkstation} {
		size, off := binary.LittleEndian.Uint16(b[at:]), binary.LittleEndian.Uint32(b[at+4:])
		if size > 0 && off >= ntlmOldHeader && off < ntlmHeader {
			return true
		}
	}
	return false
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
