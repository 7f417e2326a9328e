package ldap

// Password is what an answer says of the password that came with the request.
type Password uint8

// What it may say.
const (
	PasswordRefused Password = iota // it is wrong, or the server does not say
	PasswordRight                   // it was accepted, or refused for another reason than the password
	PasswordUntried                 // the server did not come to it
)

// Password judges the answer to a bind or another request with a password.
func (r *Result) Password() Password {
	if ad := reasonOf(r.Diagnostic); r.Code == Success || ad != nil && ad.right || r.Policy.right() {
		return PasswordRight
	}
	switch r.Code {
	case 1, 2, 3, 10, 11, 12, 51, 52, 54, 80: // see codeNames: something else was wrong, or nobody had time
		return PasswordUntried
	}
	return PasswordRefused
}

// Policy is what a server says about a password beside its answer: the error of
// the password policy response control (draft-behera-ldap-password-policy 6.2),
// plus one. 389-ds, OpenLDAP, OpenDJ and others send it to clients that ask.
type Policy uint8

// Those errors that an answer to a bind has.
const (
	_ Policy = iota // zero: none
	PolicyExpired
	PolicyLocked
	PolicyMustChange
)

var policyWords = [...]string{
	"", "password expired", "account locked out", "password must be changed", "password may not be changed", "old password not given",
	"password too simple", "password too short", "password too young", "password used before",
}

// String gives it in words; "": it is none, or one that the draft does not know.
func (p Policy) String() string {
	if int(p) < len(policyWords) {
		return policyWords[p]
	}
	return ""
}

// right says whether the password was. Both are looked at only when it was found
// to be (8.1.2.2 of the draft; slapd and 389-ds do so too).
func (p Policy) right() bool { return p == PolicyExpired || p == PolicyMustChange }

const (
	oidPasswordPolicy  = "1.3.6.1.4.1.42.2.27.8.5.1"
	oidPasswordExpired = "2.16.840.1.113730.3.4.4" // older, of Netscape: that it must be changed now
)

// PasswordPolicy gives what the controls behind an answer say of the password.
func PasswordPolicy(rest []byte) (p Policy) {
	for oid, value := range controls(rest) {
		switch string(oid) {
		case oidPasswordExpired:
			p = max(p, PolicyExpired)
		case oidPasswordPolicy:
			outer := cursor{value}
			seq, _ := outer.take(tagSequence)
			c := cursor{seq.value}
			c.take(0xa0) // a warning
			if e, ok := c.take(0x81); ok && e.integer() >= 0 && e.integer() < len(policyWords)-1 {
				return Policy(e.integer() + 1)
			}
		}
	}
	return p
}
