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
	if len(token) > 0 && token[0] == 0xa1 {
		return negotiated(token, 0xa1)
	}
	return token
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
	if n, ok := ReadNTLM(token); ok {
		return x.readNTLM(&n)
	}
	if bytes.HasPrefix(token, ntlmSignature) {
		return Client{Exposure: Guessable} // its first message: no name yet
	}
	if body, _, ok := der(token, 0x60); ok && isKerberos(body) {
		return readTicket(body)
	}
	// RFC 4752 3.1: the client's last word on GSSAPI is a wrap token, not
	// sealed, whose first octet chooses the layer.
	if text, layer := unwrap(creds, nil); layer == LayerSigned && len(text) >= 4 && x.mechanism == "GSSAPI" {
		switch {
		case text[0]&4 != 0:
			x.layer = LayerSealed
		case text[0]&2 != 0:
			x.layer = LayerSigned
		default:
			x.layer = LayerNone
		}
		return Client{Exposure: Ticket, Identity: clip(text[4:])}
	}
	return Client{}
}

func isKerberos(b []byte) bool {
	return bytes.HasPrefix(b, oidKerberos) || bytes.HasPrefix(b, oidKerberosMS)
}

func (x *Exchange) readNTLM(n *NTLM) Client {
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

// readTicket reads what an AP-REQ tells in the clear (RFC 4120 5.5.1): the
// realm and the service of its ticket. Who the client is, is sealed.
func readTicket(b []byte) Client {
	c := Client{Exposure: Ticket}
	b = b[len(oidKerberos):]
	if len(b) < 2 || b[0] != 1 || b[1] != 0 { // token ID of an AP-REQ (RFC 4121 4.1)
		return c
	}
	req, _, _ := der(b[2:], 0x6e)
	req, _, _ = der(req, 0x30)
	for len(req) > 0 && req[0] != 0xa3 {
		_, rest, ok := der(req, req[0])
		if !ok {
			return c
		}
		req = rest
	}
	ticket, _, _ := der(req, 0xa3)
	ticket, _, _ = der(ticket, 0x61)
	ticket, _, _ = der(ticket, 0x30)
	_, ticket, _ = der(ticket, 0xa0) // tkt-vno
	realm, ticket, _ := der(ticket, 0xa1)
	realm, _, _ = der(realm, 0x1b)
	c.Realm = clip(realm)
	name, _, _ := der(ticket, 0xa2)
	name, _, _ = der(name, 0x30)
	_, name, _ = der(name, 0xa0) // name-type
	name, _, _ = der(name, 0xa1)
	name, _, _ = der(name, 0x30)
	for part, rest, ok := der(name, 0x1b); ok && len(c.Service) < maxName; part, rest, ok = der(rest, 0x1b) {
		if c.Service != "" {
			c.Service += "/"
		}
		c.Service += clip(part)
	}
	return c
}
