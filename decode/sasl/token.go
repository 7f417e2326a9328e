package sasl

import "bytes"

// Object identifiers, as they stand in tokens: 06 length octets.
var (
	oidSPNEGO     = []byte{0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02}
	oidKerberos   = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02}
	oidKerberosMS = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02} // an old mistake, still sent
)

// der takes the element at the front of b if it has the tag. A value that was
// cut short is given as far as it is there.
func der(b []byte, tag byte) (value, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return nil, b, false
	}
	size, off := int(b[1]), 2
	if size >= 0x80 {
		n := size & 0x7f
		if n == 0 || n > 4 || len(b) < 2+n {
			return nil, b, false
		}
		size = 0
		for _, c := range b[2 : 2+n] {
			size = size<<8 | int(c)
		}
		off += n
	}
	end := min(off+size, len(b))
	if end < off {
		return nil, b, false
	}
	return b[off:end], b[end:], true
}

// inner gives the mechanism token inside a GSS-SPNEGO token (RFC 4178 4.2), or
// the token itself where nothing is wrapped around it.
func inner(token []byte) []byte {
	body, _, ok := der(token, 0x60)
	if ok && bytes.HasPrefix(body, oidSPNEGO) {
		return negotiated(body[len(oidSPNEGO):], 0xa0)
	}
	if len(token) > 0 && (token[0] == 0xa0 || token[0] == 0xa1) {
		return negotiated(token, token[0]) // the first without its frame, or a later one
	}
	return token
}

// wrapped says whether a layer's token may have SPNEGO's frame around it. RFC
// 4178 has none there, but a peer that puts one around its signed tokens must
// not look as if it had sealed them.
func wrapped(token []byte) bool {
	switch token[0] {
	case 0xa0, 0xa1:
		return true
	case 0x60:
		body, _, ok := der(token, 0x60)
		return ok && bytes.HasPrefix(body, oidSPNEGO)
	}
	return false
}

// negotiated finds mechToken or responseToken, both [2], in a NegotiationToken.
func negotiated(b []byte, choice byte) []byte {
	b, _, _ = der(b, choice)
	b, _, _ = der(b, 0x30)
	for len(b) > 0 {
		if value, _, ok := der(b, 0xa2); ok {
			token, _, _ := der(value, 0x04)
			return token
		}
		_, rest, ok := der(b, b[0])
		if !ok {
			return nil
		}
		b = rest
	}
	return nil
}

// readToken reads a token of GSSAPI, GSS-SPNEGO, NTLM and whatever else wraps
// Kerberos or NTLM.
func (x *Exchange) readToken(creds []byte) Client {
	token := inner(creds)
	if n, ok := readAuthenticate(token); ok {
		return x.readNTLM(&n)
	}
	if bytes.HasPrefix(token, ntlmSignature) {
		return Client{Exposure: Guessable} // its first message: no name yet
	}
	// RFC 4752 3.1: the client's last word on GSSAPI is a wrap token, not
	// sealed, whose first octet chooses the layer. GSS-SPNEGO has none.
	if text, layer := unwrap(token); layer == LayerSigned && len(text) >= 4 && x.mechanism == "GSSAPI" {
		return x.readChoice(text)
	}
	if req, ok := kerberosToken(token); ok {
		return readTicket(req)
	}
	return Client{}
}

// readChoice reads a bit mask of layers, the largest message in three octets
// and the authorisation identity.
func (x *Exchange) readChoice(text []byte) Client {
	switch {
	case text[0]&4 != 0:
		x.layer = LayerSealed
	case text[0]&2 != 0:
		x.layer = LayerSigned
	default:
		x.layer = LayerNone
	}
	return Client{Exposure: Ticket, Identity: authzid(text[4:])}
}

func isKerberos(b []byte) bool {
	return bytes.HasPrefix(b, oidKerberos) || bytes.HasPrefix(b, oidKerberosMS)
}

func (x *Exchange) readNTLM(n *ntlm) Client {
	if n.Sign || n.Seal {
		x.layer = LayerUnknown // signed or sealed: the buffers tell
	} else {
		x.layer = LayerNone
	}
	c := Client{Identity: n.User, Domain: n.Domain, Workstation: n.Workstation}
	if !n.Anonymous {
		c.Exposure = Guessable
	}
	return c
}
