package ldap

import "iter"

// Extended operations that mean something for exposure.
const (
	OIDStartTLS       = "1.3.6.1.4.1.1466.20037"  // RFC 4511 4.14
	OIDDisconnection  = "1.3.6.1.4.1.1466.20036"  // RFC 4511 4.4.1
	OIDPasswordModify = "1.3.6.1.4.1.4203.1.11.1" // RFC 3062
	OIDWhoAmI         = "1.3.6.1.4.1.4203.1.11.3" // RFC 4532
	OIDCancel         = "1.3.6.1.1.8"             // RFC 3909
	OIDFastBind       = "1.2.840.113556.1.4.1781" // MS-ADTS 3.1.1.3.4.2.3
	// Novell eDirectory's universal password: set one, and ask for one.
	OIDNovellSetPassword = "2.16.840.1.113719.1.39.42.100.11"
	OIDNovellGetPassword = "2.16.840.1.113719.1.39.42.100.13"
)

var extendedNames = map[string]string{
	OIDStartTLS: "StartTLS", OIDDisconnection: "notice of disconnection", OIDPasswordModify: "password modify",
	OIDWhoAmI: "who am I", OIDCancel: "cancel", OIDFastBind: "fast bind",
	OIDNovellSetPassword: "set universal password", OIDNovellGetPassword: "get universal password",
	"1.3.6.1.1.21.1": "start transaction", "1.3.6.1.1.21.3": "end transaction", // RFC 5805
	"1.3.6.1.1.21.4":             "aborted transaction notice", // RFC 5805
	"1.3.6.1.4.1.1466.101.119.1": "dynamic refresh",            // RFC 2589
	"1.3.6.1.4.1.4203.1.9.1.4":   "sync info",                  // RFC 4533 2.5: an intermediate response
}

// ExtendedName names an extended operation or intermediate response; "": it is
// not known. It does not allocate.
func ExtendedName(oid []byte) string { return extendedNames[string(oid)] }

// Extended is an ExtendedRequest (RFC 4511 4.12) or an IntermediateResponse
// (4.13).
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

// ParseIntermediateResponse reads its contents, which may be cut short. Unlike
// a request's, its OID is optional.
func ParseIntermediateResponse(body []byte) Extended {
	c := cursor{body}
	oid, _ := c.take(0x80)
	value, _ := c.take(0x81)
	return Extended{oid.whole(), value.value}
}

// References gives the URIs in the contents of a SearchResultReference (RFC
// 4511 4.5.3), borrowed; one that is cut ends it.
func References(body []byte) iter.Seq[[]byte] { return octetStrings(body) }

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
