package ldap

import "bytes"

// Result codes that decide something (RFC 4511 appendix A).
const (
	Success                 = 0
	CompareFalse            = 5
	CompareTrue             = 6
	StrongerAuthRequired    = 8
	ConfidentialityRequired = 13
	SASLBindInProgress      = 14
	InvalidCredentials      = 49
)

// Result is an LDAPResult (RFC 4511 4.1.9) with what a BindResponse and an
// ExtendedResponse add to it.
type Result struct {
	Code            int
	MatchedDN       []byte  // borrowed; holds an NTLM challenge in answers to Sicily binds; as far as it is there
	Diagnostic      []byte  // borrowed; as far as it is there
	SASLCredentials []byte  // BindResponse; borrowed; nil: absent, which is not the same as empty
	OID, Value      []byte  // ExtendedResponse; borrowed; OID whole or nil
	Verified        *Result // of a bind inside an ExtendedResponse: of OIDVerifyCredentials; nil: there is none
	Policy          Policy  // what a control beside it says; ParseResult does not see that: see PasswordPolicy
}

// ParseResult reads the contents of a response that is an LDAPResult. They may
// be cut short, or end early as some servers' do; it is false without a code.
func ParseResult(op Op, body []byte) (res Result, ok bool) {
	c := cursor{body}
	code, ok := c.take(0x0a)
	if !ok || code.integer() < 0 {
		return res, false
	}
	res.Code = code.integer()
	matched, _ := c.take(0x04)
	diagnostic, _ := c.take(0x04)
	res.MatchedDN, res.Diagnostic = matched.value, diagnostic.value
	for e, more := c.next(); more; e, more = c.next() {
		switch {
		case e.tag == 0x87 && op == BindResponse:
			res.SASLCredentials = e.value
		case e.tag == 0x8a && op == ExtendedResponse:
			res.OID = e.whole()
		case e.tag == 0x8b && op == ExtendedResponse:
			res.Value, res.Verified = e.value, verifiedCredentials(e.value)
		}
	}
	return res, true
}

var codeNames = map[int]string{
	0: "success", 1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded", 5: "compareFalse",
	6: "compareTrue", 7: "authMethodNotSupported", 8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded",
	12: "unavailableCriticalExtension", 13: "confidentialityRequired", 14: "saslBindInProgress", 16: "noSuchAttribute",
	17: "undefinedAttributeType", 18: "inappropriateMatching", 19: "constraintViolation", 20: "attributeOrValueExists",
	21: "invalidAttributeSyntax", 32: "noSuchObject", 33: "aliasProblem", 34: "invalidDNSyntax", 36: "aliasDereferencingProblem",
	48: "inappropriateAuthentication", 49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy", 52: "unavailable",
	53: "unwillingToPerform", 54: "loopDetect", 64: "namingViolation", 65: "objectClassViolation", 66: "notAllowedOnNonLeaf",
	67: "notAllowedOnRDN", 68: "entryAlreadyExists", 69: "objectClassModsProhibited", 71: "affectsMultipleDSAs", 80: "other",
	118: "canceled", 119: "noSuchOperation", 120: "tooLate", 121: "cannotCancel", 122: "assertionFailed", // RFC 3909, 4528
	123: "authorizationDenied", 4096: "e-syncRefreshRequired", // RFC 4370, 4533
}

// CodeName names a result code as RFC 4511 appendix A does; "": it has none.
func CodeName(code int) string { return codeNames[code] }

// adReason is what Active Directory means by a "data" code (MS-ADTS 5.1.1.1.1
// and the Win32 error of that number).
type adReason struct {
	code, words string
	right       bool // the password was right all the same
}

var adReasons = [...]adReason{
	{"525", "no such user", false},
	{"52e", "wrong password", false},
	{"52f", "account restriction", true},
	{"530", "not permitted at this time", true},
	{"531", "not permitted from this workstation", true},
	{"532", "password expired", true},
	{"533", "account disabled", true},
	{"568", "too many context identifiers", false},
	{"701", "account expired", true},
	{"773", "password must be changed", true},
	{"775", "account locked out", false},
	{"80090346", "channel binding missing or wrong", false},
}

func reasonOf(diagnostic []byte) *adReason {
	_, data, found := bytes.Cut(diagnostic, []byte(", data "))
	if !found {
		return nil
	}
	code, _, _ := bytes.Cut(data, []byte(","))
	for i := range adReasons {
		if string(bytes.TrimRight(code, " \x00")) == adReasons[i].code {
			return &adReasons[i]
		}
	}
	return nil
}

// ADReason puts the reason in an Active Directory diagnostic ("… data 52e, …")
// into words; "": there is none.
func ADReason(diagnostic []byte) string {
	if r := reasonOf(diagnostic); r != nil {
		return r.words
	}
	return ""
}

// ADBindingMissing says whether a bind was refused for want of a channel binding
// token, or for a wrong one (MS-ADTS 5.1.1.1.2: LdapEnforceChannelBinding).
func ADBindingMissing(diagnostic []byte) bool {
	r := reasonOf(diagnostic)
	return r != nil && r.code == "80090346"
}
