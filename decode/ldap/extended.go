package ldap

// Extended operations that mean something for exposure.
const (
	OIDStartTLS       = "1.3.6.1.4.1.1466.20037" // RFC 4511 4.14
	OIDDisconnection  = "1.3.6.1.4.1.1466.20036" // RFC 4511 4.4.1
	OIDPasswordModify = "1.3.6.1.4.1.4203.1.11.1"
	OIDWhoAmI         = "1.3.6.1.4.1.4203.1.11.3"
	OIDCancel         = "1.3.6.1.1.8"
	OIDFastBind       = "1.2.840.113556.1.4.1781" // MS-ADTS 3.1.1.3.4.2.3
	// Novell eDirectory's universal password: set one, and ask for one.
	OIDNovellSetPassword = "2.16.840.1.113719.1.39.42.100.11"
	OIDNovellGetPassword = "2.16.840.1.113719.1.39.42.100.13"
)

// Extended is an ExtendedRequest (RFC 4511 4.12).
type Extended struct {
	OID, Value []byte // borrowed; Value nil: absent
}

// ParseExtendedRequest reads its contents, which may be cut short.
func ParseExtendedRequest(body []byte) (req Extended, ok bool) {
	c := cursor{b: body}
	oid, ok := c.take(0x80)
	if !ok || oid.cut {
		return req, false
	}
	value, _ := c.take(0x81)
	return Extended{oid.value, value.value}, true
}

// PasswordModify is the value of RFC 3062's request, without its passwords.
type PasswordModify struct {
	User           []byte // borrowed; nil: the user of the connection
	HasOld, HasNew bool
}

// ParsePasswordModify reads that value, which may be cut short.
func ParsePasswordModify(value []byte) (req PasswordModify, ok bool) {
	outer := cursor{b: value}
	seq, ok := outer.take(tagSequence)
	c := cursor{b: seq.value}
	if user, ok := c.take(0x80); ok {
		req.User = user.value
	}
	old, _ := c.take(0x81)
	fresh, _ := c.take(0x82)
	req.HasOld, req.HasNew = old.size > 0, fresh.size > 0
	return req, ok
}

// GeneratesPassword says whether the value of RFC 3062's response holds a
// password that the server made.
func GeneratesPassword(value []byte) bool {
	outer := cursor{b: value}
	seq, _ := outer.take(tagSequence)
	c := cursor{b: seq.value}
	generated, _ := c.take(0x80)
	return generated.size > 0
}
