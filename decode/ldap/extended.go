package ldap

import "bytes"

// Extended operations that mean something for exposure.
const (
	OIDStartTLS       = "1.3.6.1.4.1.1466.20037"  // RFC 4511 4.14
	OIDPasswordModify = "1.3.6.1.4.1.4203.1.11.1" // RFC 3062
	OIDFastBind       = "1.2.840.113556.1.4.1781" // MS-ADTS 3.1.1.3.4.2.3
	// OIDVerifyCredentials is OpenLDAP's: a bind that changes nothing. Its load
	// balancer sends those of its clients on so.
	OIDVerifyCredentials = "1.3.6.1.4.1.4203.666.6.5"
)

// Operations of eDirectory (NMAS) that carry a password: those that come with one,
// and the one that is answered with one.
const (
	OIDPutLoginSecret      = "2.16.840.1.113719.1.39.42.100.7"
	OIDSetPassword         = "2.16.840.1.113719.1.39.42.100.11"
	OIDGetPassword         = "2.16.840.1.113719.1.39.42.100.13"
	OIDCheckPasswordPolicy = "2.16.840.1.113719.1.39.42.100.17"
	OIDChangePassword      = "2.16.840.1.113719.1.39.42.100.21"
)

// Extended is an ExtendedRequest (RFC 4511 4.12).
type Extended struct {
	OID   []byte // borrowed; whole or nil
	Value []byte // borrowed; as far as it is there; nil: absent
}

// ParseExtendedRequest reads its contents (Header.Contents), which may be cut
// short; it is false without an OID. The OID may have any primitive tag but the
// value's.
func ParseExtendedRequest(body []byte) (req Extended, ok bool) {
	c := cursor{body}
	oid, _ := c.next()
	if req.OID = oid.whole(); req.OID == nil || oid.tag == 0x81 || oid.tag&0x20 != 0 {
		return Extended{}, false
	}
	value, _ := c.take(0x81)
	req.Value = value.value
	return req, true
}

// PasswordModify is the value of RFC 3062's request, without its passwords.
type PasswordModify struct {
	User           []byte // borrowed; as far as it is there; nil: the user of the connection
	HasOld, HasNew bool   // and not empty
}

// ParsePasswordModify reads that value, which may be cut short.
func ParsePasswordModify(value []byte) (req PasswordModify, ok bool) {
	outer := cursor{value}
	seq, ok := outer.next()
	c := cursor{seq.value}
	user, _ := c.take(0x80)
	old, _ := c.take(0x81)
	fresh, _ := c.take(0x82)
	return PasswordModify{user.value, old.size > 0, fresh.size > 0}, ok
}

// ReturnsPassword says whether the value of an answer holds a password: one that
// the server made (RFC 3062), or eDirectory's answer to OIDGetPassword.
func ReturnsPassword(value []byte) bool {
	outer := cursor{value}
	seq, _ := outer.take(tagSequence)
	c := cursor{seq.value}
	if _, ok := c.take(0x02); ok { // NMAS: its version, an error, and the password
		c.take(0x02)
		password, _ := c.take(0x04)
		return password.size > 0
	}
	generated, _ := c.take(0x80)
	return generated.size > 0
}

// ParseNMAS gives whose password the value of an NMAS request is about, borrowed
// and as far as it is there; nil: it does not say, or not in that place, where a
// password could be.
func ParseNMAS(value []byte) []byte {
	outer := cursor{value}
	seq, _ := outer.take(tagSequence)
	c := cursor{seq.value}
	if _, ok := c.take(0x02); !ok { // version
		return nil
	}
	dn, _ := c.take(0x04)
	return bytes.TrimRight(dn.value, "\x00")
}

// ParseVerifyCredentials reads the value of OIDVerifyCredentials, which may be cut
// short: a bind, with a cookie in front, and with or without a version.
func ParseVerifyCredentials(value []byte) (req Bind, ok bool) {
	outer := cursor{value}
	seq, _ := outer.take(tagSequence)
	c := cursor{seq.value}
	c.take(0x80)
	c.take(0x02)
	name, ok := c.take(0x04)
	if !ok {
		return req, false
	}
	req.Version, req.Name = 3, name.value
	req.authentication(c)
	return req, true
}

// verifiedCredentials reads what would be the value of the answer to it: the result
// that a bind would have had. The operation itself succeeds either way. nil: it
// is none.
func verifiedCredentials(value []byte) *Result {
	outer := cursor{value}
	seq, _ := outer.take(tagSequence)
	c := cursor{seq.value}
	code, ok := c.universal()
	if !ok || code.integer() < 0 {
		return nil
	}
	diagnostic, _ := c.take(0x04)
	if next, ok := c.take(0x04); ok { // there was a matchedDN
		diagnostic = next
	}
	return &Result{Code: code.integer(), Diagnostic: diagnostic.value}
}
