package sasl

import "bytes"

// Tokens of an initial context exchange (RFC 4121 4.1) and the tag of an
// AP-REQ (RFC 4120 5.5.1).
var tokenAPREQ = []byte{1, 0}

const tagAPREQ = 0x6e

// kerberosToken gives the AP-REQ in a client's Kerberos token, nil if it is a
// token of another kind. GS2 leaves out GSS-API's frame (RFC 5801 3), and DCE
// style the token ID too (MS-KILE 3.4.5).
func kerberosToken(token []byte) (req []byte, ok bool) {
	if body, _, framed := der(token, 0x60); framed && isKerberos(body) {
		req, _ = bytes.CutPrefix(body[len(oidKerberos):], tokenAPREQ)
		ok = true
	} else {
		req, _ = bytes.CutPrefix(token, tokenAPREQ)
	}
	if len(req) == 0 || req[0] != tagAPREQ {
		return nil, ok
	}
	return req, true
}

// readTicket reads what an AP-REQ tells in the clear (RFC 4120 5.5.1): the
// realm and the service of its ticket. Who the client is, is sealed.
func readTicket(req []byte) Client {
	c := Client{Exposure: Ticket}
	req, _, _ = der(req, tagAPREQ)
	req, _, _ = der(req, 0x30)
	ticket := field(&req, 0xa3)
	ticket, _, _ = der(ticket, 0x61)
	ticket, _, _ = der(ticket, 0x30)
	realm, _, _ := der(field(&ticket, 0xa1), 0x1b)
	c.Realm = clip(realm)
	name, _, _ := der(field(&ticket, 0xa2), 0x30)
	name, _, _ = der(field(&name, 0xa1), 0x30)
	for part, rest, ok := der(name, 0x1b); ok && len(c.Service) < maxName; part, rest, ok = der(rest, 0x1b) {
		if c.Service != "" {
			c.Service += "/"
		}
		c.Service += clip(part)
	}
	return c
}

// field takes elements off the front of b up to the one with the tag, and gives
// its value; nil: it is not there, or behind the end of the capture.
func field(b *[]byte, tag byte) []byte {
	for len(*b) > 0 {
		first := (*b)[0]
		value, rest, ok := der(*b, first)
		if !ok {
			return nil
		}
		*b = rest
		if first == tag {
			return value
		}
	}
	return nil
}
