package sasl

import (
	"bytes"
	"strings"
)

// gs2Header reads the header of RFC 5801 4 and RFC 5802 7 at the front of b:
// whether the client binds channels (n, y, p=name), and an authorisation
// identity. The mark F, of RFC 5801 is skipped.
func gs2Header(b []byte) (name, rest []byte, ok bool) {
	b = bytes.TrimPrefix(b, []byte("F,"))
	flag, b, ok := bytes.Cut(b, []byte{','})
	if !ok || string(flag) != "n" && string(flag) != "y" && !bytes.HasPrefix(flag, []byte("p=")) {
		return nil, nil, false
	}
	name, rest, _ = bytes.Cut(b, []byte{','})
	name, ok = bytes.CutPrefix(name, []byte("a="))
	return name, rest, ok || len(name) == 0
}

// saslName undoes the escapes of a saslname (RFC 5801 4).
func saslName(b []byte) string {
	return strings.NewReplacer("=2C", ",", "=3D", "=").Replace(clip(b))
}

// readSCRAM reads client-first-message "n,,n=user,r=…" (RFC 5802 7). Drafts of
// it had no header.
func readSCRAM(creds []byte) Client {
	if bytes.HasPrefix(creds, []byte("c=")) {
		return Client{Exposure: Salted} // client-final-message
	}
	_, rest, ok := gs2Header(creds)
	if !ok {
		rest = creds
	}
	for part := range bytes.SplitSeq(rest[:min(len(rest), 4*maxName)], []byte{','}) {
		if name, ok := bytes.CutPrefix(part, []byte("n=")); ok {
			return Client{Exposure: Salted, Identity: saslName(name)}
		}
	}
	return Client{}
}

// readGS2 reads a step of GS2-KRB5 and its like (RFC 5801 3): the first one has
// a header of its own in place of GSS-API's.
func (x *Exchange) readGS2(creds []byte) Client {
	name, token, ok := gs2Header(creds)
	if !ok {
		return x.readToken(creds)
	}
	c := x.readToken(token)
	c.Identity = saslName(name)
	return c
}
