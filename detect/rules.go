package detect

// RuleID is a rule of the table below.
type RuleID uint8

// The rules; docs/rules has a page for each.
const (
	CleartextBind RuleID = iota
	CleartextSASL
	StartTLSFallback
	LateStartTLS
	CleartextPasswordChange
	CleartextCompare
	SecretReturned
	CleartextSearch
	SecretRequested
	CleartextWrite
	CrackableExchange
	UnsignedSASL
	SignedNotSealed
	UnauthenticatedBind
	AnonymousBind
	CleartextRefused
	PlaintextOnTLSPort
	LegacyLDAPv2
	InternetExposure
	WeakTLS
	PasswordGuessing
	PasswordSpraying
	DirectoryRecon
	CLDAPAmplification
	NumRules
)

// Rule is what is fixed about a finding.
type Rule struct {
	ID          string // stable: alerts, metrics, configuration and docs/rules name it
	Name        string // one line
	Severity    Severity
	Category    string // posture: something to fix; threat: somebody at work
	Remediation string // what to do, addressed to whoever runs the client or the server
}

const (
	posture = "posture"
	threat  = "threat"
)

var rules = [NumRules]Rule{
	CleartextBind: {"cleartext-bind", "Password sent in the clear by a simple bind", Critical, posture,
		"Change this password, then make the client use LDAPS or StartTLS (or a SASL mechanism that seals)."},
	CleartextSASL: {"cleartext-sasl", "Password sent in the clear by a SASL mechanism", Critical, posture,
		"Change this password, then make the client use LDAPS or StartTLS before it offers PLAIN, LOGIN or a bearer token."},
	StartTLSFallback: {"starttls-fallback", "StartTLS failed and the client went on in the clear", High, posture,
		"Make the client require StartTLS (ldapsearch -ZZ, tls_reqcert demand, …) and give the server a certificate: anybody on the path can refuse StartTLS."},
	LateStartTLS: {"late-starttls", "Password sent in the clear before StartTLS", High, posture,
		"Make the client start TLS first and bind afterwards; change this password."},
	CleartextPasswordChange: {"cleartext-password-change", "Password set in the clear", Critical, posture,
		"Set this password again over LDAPS or StartTLS: the one that was set here is known to whoever reads the wire."},
	CleartextCompare: {"cleartext-compare", "Password compared in the clear", High, posture,
		"Make the client bind over LDAPS or StartTLS instead of comparing a password attribute; change this password."},
	SecretReturned: {"secret-returned", "Secret attribute returned in the clear", Critical, posture,
		"Change the secret, forbid reading this attribute by access control, and move the client to LDAPS or StartTLS."},
	CleartextSearch: {"cleartext-search", "Directory searched in the clear", Medium, posture,
		"Move the client to LDAPS, StartTLS or a sealed SASL connection: query and answers are readable on the path."},
	SecretRequested: {"secret-requested", "Secret attribute asked for in the clear", Medium, posture,
		"Find out why this client reads or filters on a secret attribute, and move it to LDAPS or StartTLS."},
	CleartextWrite: {"cleartext-write", "Directory changed in the clear", Medium, posture,
		"Move the client to LDAPS, StartTLS or a sealed SASL connection: the change is readable on the path."},
	CrackableExchange: {"crackable-exchange", "Password exchange open to guessing", Medium, posture,
		"Move the client to Kerberos, or to LDAPS or StartTLS: this exchange lets anybody on the path guess the password off-line."},
	UnsignedSASL: {"unsigned-sasl", "SASL connection without signing", Medium, posture,
		"Make the client negotiate signing or sealing, or use TLS: it is refused once the server requires LDAP signing."},
	SignedNotSealed: {"signed-not-sealed", "SASL connection signed but not sealed", Low, posture,
		"Make the client ask for confidentiality (sealing), or use LDAPS: what it reads and writes is readable on the path."},
	UnauthenticatedBind: {"unauthenticated-bind", "Bind with a name and an empty password", Medium, posture,
		"Make the client refuse empty passwords (RFC 4513 5.1.2) and the server refuse unauthenticated binds: success here proves nothing."},
	AnonymousBind: {"anonymous-bind", "Anonymous bind used for more than the rootDSE", Low, posture,
		"Give the client an account, or forbid anonymous reads on the server."},
	CleartextRefused: {"cleartext-refused", "Password sent in the clear to a server that demands protection", High, posture,
		"Make the client use LDAPS or StartTLS: it does not work any more, and gives its password away at each try. Change this password."},
	PlaintextOnTLSPort: {"plaintext-on-tls-port", "LDAP in the clear on an LDAPS port", High, posture,
		"Make the server speak TLS on this port: its users take it for LDAPS."},
	LegacyLDAPv2: {"legacy-ldapv2", "LDAP version 2 bind", Low, posture,
		"Move the client to LDAP version 3: version 2 is historic (RFC 3494) and knows no StartTLS."},
	InternetExposure: {"internet-exposure", "LDAP in the clear with a peer on the Internet", High, posture,
		"Keep LDAP off the Internet: close the port at the border, or allow LDAPS to known peers only."},
	WeakTLS: {"weak-tls", "LDAP over TLS older than 1.2", Low, posture,
		"Forbid SSL 3, TLS 1.0 and TLS 1.1 on the server (RFC 8996) and update what then fails."},
	PasswordGuessing: {"password-guessing", "Many refused binds for one name", High, threat,
		"Find out who uses this client. Where it is no forgotten password in a service, block it and watch the account."},
	PasswordSpraying: {"password-spraying", "Refused binds over many names", High, threat,
		"Find out who uses this client and block it; look for a success among its binds."},
	DirectoryRecon: {"directory-recon", "Search known from reconnaissance", Medium, threat,
		"Find out who runs this query: administrators' tools send some of these, attackers all of them."},
	CLDAPAmplification: {"cldap-amplification", "Large CLDAP answers to the Internet", Medium, threat,
		"Close UDP 389 to the Internet: the answers hit somebody whose address was forged."},
}

// Rule gives what is fixed about r.
func (r RuleID) Rule() *Rule { return &rules[r] }

func (r RuleID) String() string { return rules[r].ID }
