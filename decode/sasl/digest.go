package sasl

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// readDigest reads the digest-response (RFC 2831 2.1.2), of a first or of a
// subsequent authentication. An absent qop is auth, in a response that is whole.
func (x *Exchange) readDigest(creds []byte) Client {
	user, ok := directive(creds, "username")
	if !ok {
		return Client{}
	}
	realm, _ := directive(creds, "realm")
	if charset, _ := directive(creds, "charset"); charset == "" {
		user, realm = latin1(user), latin1(realm)
	}
	qop, told := directive(creds, "qop")
	_, answered := directive(creds, "response")
	switch {
	case strings.EqualFold(qop, "auth-int"):
		x.layer = LayerSigned
	case strings.EqualFold(qop, "auth-conf"):
		x.layer = LayerSealed
	case told || answered:
		x.layer = LayerNone
	}
	return Client{Exposure: Guessable, Identity: user, Realm: realm}
}

// latin1 gives text of ISO 8859-1, which is what names are in without a charset
// directive (RFC 2831 2.1.1), as UTF-8. Clients that send UTF-8 all the same are
// told by it.
func latin1(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// directive finds key=value or key="value" in a list of RFC 2831 7.1.
func directive(b []byte, key string) (value string, ok bool) {
	for len(b) > 0 {
		name, rest, found := bytes.Cut(b, []byte{'='})
		if !found {
			return "", false
		}
		value, b = directiveValue(rest)
		if strings.EqualFold(string(bytes.Trim(name, ", \t\r\n")), key) {
			return value, true
		}
	}
	return "", false
}

// directiveValue takes a token or quoted string off the front of b.
func directiveValue(b []byte) (value string, rest []byte) {
	b = bytes.TrimLeft(b, " \t")
	if len(b) == 0 || b[0] != '"' {
		end := bytes.IndexByte(b, ',')
		if end < 0 {
			end = len(b)
		}
		return clip(bytes.TrimSpace(b[:end])), b[end:]
	}
	var out []byte
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '"':
			return string(out), b[i+1:]
		case b[i] == '\\' && i+1 < len(b):
			i++
		}
		if len(out) < maxName {
			out = append(out, b[i])
		}
	}
	return string(out), nil
}
