package ldap

// Choice is a bind's authentication (RFC 4511 4.2, MS-ADTS 5.1.1.1.3).
type Choice uint8

// Authentication choices.
const (
	NoChoice Choice = iota // unknown, or behind the end of the capture
	Simple
	Kerberos42LDAP // LDAPv2, RFC 1777
	Kerberos42DSA
	SASL
	SicilyDiscovery
	SicilyNegotiate
	SicilyResponse
)

func choiceByTag(tag byte) Choice {
	switch tag {
	case 0x80:
		return Simple
	case 0x81:
		return Kerberos42LDAP
	case 0x82:
		return Kerberos42DSA
	case 0xa3:
		return SASL
	case 0x89:
		return SicilyDiscovery
	case 0x8a:
		return SicilyNegotiate
	case 0x8b:
		return SicilyResponse
	}
	return NoChoice
}

// Bind is a BindRequest (RFC 4511 4.2). The password of a simple bind is never
// in it.
type Bind struct {
	Version        int
	Name           []byte // borrowed; as sent, or the front of it if the body is cut there
	Choice         Choice
	SecretLen      int    // Simple: octets of the password on the wire
	Mechanism      []byte // SASL; borrowed; whole or nil
	Credentials    []byte // SASL, and NTLMSSP of the Sicily choices; borrowed; as far as they are there
	HasCredentials bool   // absent and empty credentials differ (RFC 4513 5.2.1.2)
}

// ParseBindRequest reads a BindRequest's contents (Header.Contents), which may
// be cut short: what lies behind the cut is left zero. It is false without
// version and name.
//
// OpenLDAP and 389-ds take both under any tag, and do not look at the length of
// sasl. So does this, lest a password hide there. A version that is none is 0.
func ParseBindRequest(body []byte) (req Bind, ok bool) {
	c := cursor{body}
	version, ok1 := c.next()
	name, ok2 := c.next()
	if !ok1 || !ok2 {
		return req, false
	}
	req.Version, req.Name = max(version.integer(), 0), name.name()
	req.authentication(c)
	return req, true
}

// authentication reads an AuthenticationChoice (RFC 4511 4.2); there may be none.
func (req *Bind) authentication(c cursor) {
	behind := c.b
	auth, ok := c.next()
	if !ok {
		return
	}
	req.Choice = choiceByTag(auth.tag)
	switch req.Choice {
	case Simple:
		req.SecretLen = auth.size
	case SASL:
		_, head, _ := length(behind, 1)
		inner := cursor{behind[head:]} // whatever length it claims
		mechanism, _ := inner.universal()
		req.Mechanism = mechanism.whole()
		var creds element
		creds, req.HasCredentials = inner.take(0x04)
		req.Credentials = creds.value
	case SicilyDiscovery, SicilyNegotiate, SicilyResponse:
		req.Credentials, req.HasCredentials = auth.value, true
	default: // Kerberos 4 of LDAPv2, or a choice nobody knows: a bind all the same
	}
}

// SimplePassword gives the password of a simple bind's contents, borrowed; nil
// if it is none or is cut. It is for a keyed hash and nothing else: whoever
// calls it must have wiped what he made of it when the message is done.
func SimplePassword(body []byte) []byte {
	c := cursor{body}
	c.next() // version
	c.next() // name
	auth, _ := c.take(0x80)
	return auth.whole()
}
