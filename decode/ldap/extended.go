package ldap

// Extended operations that mean something for exposure.
const (
	OIDStartTLS       = "1.3.6.1.4.1.1466.20037"  // RFC 4511 4.14
	OIDPasswordModify = "1.3.6.1.4.1.4203.1.11.1" // RFC 3062
	OIDFastBind       = "1.2.840.113556.1.4.1781" // MS-ADTS 3.1.1.3.4.2.3
	// OIDNovellSetPassword sets eDirectory's universal password.
	OIDNovellSetPassword = "2.16.840.1.113719.1.39.42.100.11"
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

// GeneratesPassword says whether the value of RFC 3062's response holds a
// password that the server made.
func GeneratesPassword(value []byte) bool {
	outer := cursor{value}
	seq, _ := outer.take(tagSequence)
	c := cursor{seq.value}
	generated, _ := c.take(0x80)
	return generated.size > 0
}
