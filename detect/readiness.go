package detect

// Policy is something a server can be told to require.
type Policy uint8

// The policies that a migration ends with.
const (
	// RequireSigning is Active Directory's LDAPServerIntegrity=2 (MS-ADTS
	// 5.1.1.1, 5.1.2.2): simple binds without TLS are refused, and so are SASL
	// binds that negotiate no integrity without TLS.
	RequireSigning Policy = iota
	// RequireTLS is OpenLDAP's "security simple_bind=" and 389-ds'
	// nsslapd-require-secure-binds: a password has to be inside TLS.
	RequireTLS
	// RequireBinding is Active Directory's LdapEnforceChannelBinding=2: SASL
	// inside TLS has to be bound to it.
	RequireBinding
	NumPolicies
)

var policyNames = [NumPolicies]string{"require-signing", "require-tls", "require-channel-binding"}

func (p Policy) String() string { return policyNames[p] }

// Verdict is what would become of a client under a policy, the best first.
type Verdict uint8

// Verdicts. A wire that does not tell is no promise.
const (
	Ready   Verdict = iota // what was seen would go on working
	Unsure                 // what was seen does not tell
	Refused                // what was seen would be refused
	Already                // the server refuses it today
	NumVerdicts
)

var verdictNames = [NumVerdicts]string{"ready", "unknown", "refused", "refused-already"}

func (v Verdict) String() string { return verdictNames[v] }

// Reason is why.
type Reason uint8

// Reasons, and what to do about each.
const (
	ReasonNone           Reason = iota
	ReasonSimple                // a simple bind outside TLS
	ReasonUnsigned              // LDAP in the clear after a SASL bind
	ReasonPlainSASL             // PLAIN, LOGIN or a bearer token outside TLS
	ReasonDemanded              // result 8 or 13
	ReasonBindingMissing        // result 49 with 80090346
	ReasonInsideTLS             // what is bound inside TLS, and how, cannot be seen
	ReasonNothingAfter          // nothing was sent after a SASL bind, so its layer was not seen
	ReasonBindNotSeen           // operations, and no bind of theirs
	NumReasons
)

// Words of a reason: what was seen, and what to change.
type Words struct{ ID, Seen, Change string }

var reasonWords = [NumReasons]Words{
	ReasonNone: {"", "nothing that would be refused", ""},
	ReasonSimple: {"simple-bind-in-the-clear", "simple binds with a password outside TLS",
		"use ldaps:// or StartTLS before the bind, or a SASL mechanism that signs"},
	ReasonUnsigned: {"sasl-without-signing", "SASL binds that negotiate neither signing nor sealing",
		"let the client ask for signing or sealing (minssf=1 or more, LdapClientIntegrity, sasl_ssf), or use TLS"},
	ReasonPlainSASL: {"sasl-password-in-the-clear", "SASL binds that send the password itself outside TLS",
		"use ldaps:// or StartTLS before the bind, or a mechanism that does not send the password"},
	ReasonDemanded: {"server-refuses", "binds that the server refused with strongerAuthRequired or confidentialityRequired",
		"it fails today: use ldaps:// or StartTLS before the bind"},
	ReasonBindingMissing: {"channel-binding-missing", "binds inside TLS that the server refused for want of channel binding",
		"update the client's library, or use Kerberos through one that knows channel binding"},
	ReasonInsideTLS: {"inside-tls", "binds inside TLS, which the wire does not show",
		"look for events 3039 and 3074 on the domain controllers"},
	ReasonNothingAfter: {"nothing-after-bind", "a SASL bind after which nothing was sent",
		"watch the client while it works, or look at its settings"},
	ReasonBindNotSeen: {"bind-not-seen", "operations on connections whose bind was not seen",
		"watch until the client has connected anew"},
}

// Words puts a reason into words.
func (r Reason) Words() *Words { return &reasonWords[r] }

// Readiness says what would become of what this use did under a policy, and
// why. Only what was seen is judged: a client that did not run is not in it.
func (u *Use) Readiness(p Policy) (Verdict, Reason) {
	switch p {
	case RequireSigning:
		return u.underSigning()
	case RequireTLS:
		return u.underTLS()
	default:
		return u.underBinding()
	}
}

func (u *Use) underSigning() (Verdict, Reason) {
	switch v, r := u.underTLS(); {
	case v == Already || v == Refused:
		return v, r
	case u.Unsigned > 0 || u.Findings[UnsignedSASL] > 0:
		return Refused, ReasonUnsigned
	case u.negotiable() > 0 && !u.layered() && u.Refused < u.binds():
		return Unsure, ReasonNothingAfter
	}
	return u.unseen()
}

func (u *Use) underTLS() (Verdict, Reason) {
	switch {
	case u.Demanded != [2]uint64{} && u.Refused >= u.binds(): // nothing of it works
		return Already, ReasonDemanded
	case u.outsideTLS(Simple) > 0:
		return Refused, ReasonSimple
	case u.plainSASL():
		return Refused, ReasonPlainSASL
	case u.Demanded != [2]uint64{}:
		return Already, ReasonDemanded
	}
	return u.unseen()
}

func (u *Use) underBinding() (Verdict, Reason) {
	switch {
	case u.NoBinding > 0:
		return Already, ReasonBindingMissing
	case u.Connections[TLS] > 0 || len(u.TLSVersions) > 0:
		return Unsure, ReasonInsideTLS
	}
	return Ready, ReasonNone // the policy is about TLS alone
}

// unseen is the verdict where nothing that was seen would be refused.
func (u *Use) unseen() (Verdict, Reason) {
	if u.binds() == 0 && u.Operations[None] > 0 {
		return Unsure, ReasonBindNotSeen
	}
	return Ready, ReasonNone
}

func (u *Use) outsideTLS(m Method) uint64 { return u.Binds[m][None] + u.Binds[m][SASLSigned] }

func (u *Use) binds() (n uint64) {
	for m := range NumMethods {
		n += u.outsideTLS(m)
	}
	return n
}

// negotiable counts the binds that may have agreed on a layer.
func (u *Use) negotiable() uint64 {
	return u.outsideTLS(SASL) + u.outsideTLS(Sicily) - min(u.outsideTLS(SASL), u.Mechanisms["ANONYMOUS"]+u.Mechanisms["EXTERNAL"])
}

// layered says whether a security layer was seen.
func (u *Use) layered() bool {
	return u.Connections[SASLSigned]+u.Connections[SASLSealed]+u.Operations[SASLSigned] > 0
}

// plainSASL says whether SASL carried the password itself.
func (u *Use) plainSASL() bool {
	for _, mechanism := range [...]string{"PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"} {
		if u.Mechanisms[mechanism] > 0 {
			return true
		}
	}
	return false
}
