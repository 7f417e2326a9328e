package ldap

import (
	"bytes"
	"strings"
)

// secretAttributes are the attributes whose values are secrets, each with who
// says so. The OID forms stand beside the names that have well-known ones.
var secretAttributes = [...]string{
	"userPassword", "2.5.4.35", // RFC 4519 2.41
	"authPassword", "1.3.6.1.4.1.4203.1.3.4", // RFC 3112
	"unicodePwd", "1.2.840.113556.1.4.90", // MS-ADA3, MS-ADTS 3.1.1.3.1.5
	"clearTextPassword", "clearPassword", // Samba, Sun
	"dBCSPwd", "1.2.840.113556.1.4.55", // MS-ADA1: LM hash
	"ntPwdHistory", "lmPwdHistory", // MS-ADA2, MS-ADA3
	"unixUserPassword", "1.2.840.113556.1.4.1910", // MS-ADA3
	"msSFU30Password",                                   // Services for UNIX
	"supplementalCredentials", "1.2.840.113556.1.4.125", // MS-ADA3
	"trustAuthIncoming", "trustAuthOutgoing", // MS-ADA3
	"initialAuthIncoming", "initialAuthOutgoing", // MS-ADA1
	"currentValue", "priorValue", // MS-ADA1, MS-ADA3: LSA secrets
	"ms-Mcs-AdmPwd",                               // LAPS, in the clear
	"msLAPS-Password", "msLAPS-EncryptedPassword", // Windows LAPS
	"msLAPS-EncryptedPasswordHistory",            // Windows LAPS
	"msLAPS-EncryptedDSRMPassword",               // Windows LAPS
	"msLAPS-EncryptedDSRMPasswordHistory",        // Windows LAPS
	"msDS-ManagedPassword",                       // MS-ADA2: gMSA
	"msFVE-RecoveryPassword", "msFVE-KeyPackage", // BitLocker
	"msPKI-AccountCredentials", "msPKIAccountCredentials", // MS-ADA2: credential roaming
	"msTPM-OwnerInformation",             // MS-ADA2
	"sambaNTPassword", "sambaLMPassword", // Samba schema
	"sambaPasswordHistory", "sambaClearTextPassword", // Samba schema
	"sambaPreviousClearTextPassword", // Samba schema
	"ntPassword", "lmPassword",       // Samba 2 schema
	"ipaNTHash", "ipaNTSecurityHash", // FreeIPA
	"ipatokenOTPkey",                              // FreeIPA
	"krbPrincipalKey", "krbMKey", "krbPwdHistory", // MIT Kerberos schema
	"krb5Key",                       // Heimdal schema
	"pwdHistory", "passwordHistory", // draft-behera-ldap-password-policy; 389-ds
	"nsDS5ReplicaCredentials", "nsMultiplexorCredentials", // 389-ds
	"nsslapd-rootpw", "nsds5ReplicaBootstrapCredentials", // 389-ds
	"olcRootPW", "olcSyncrepl", "olcSyncRepl", "olcDbACLBind", // slapd-config(5): credentials=
	"olcDbIDAssertBind", "olcChainDatabase", // slapd-config(5)
	"radiusTunnelPassword",                      // RFC 2868 by FreeRADIUS' schema
	"dhcpFailOverSharedSecret", "dhcpKeySecret", // ISC DHCP schema
	"sshPrivateKey",                           // OpenSSH-LPK relatives
	"userPKCS12", "2.16.840.1.113730.3.1.216", // RFC 2798 2.7
	"oathSecret",                                                 // OATH-LDAP
	"nspmPassword", "nspmDistributionPassword", "sasLoginSecret", // eDirectory
}

// SecretSet is a set of attributes whose values are secrets. It is immutable.
type SecretSet struct {
	names map[string]struct{} // lower case
	max   int                 // octets of the longest
}

// NewSecretSet gives the known secret attributes and more of them, by name or
// OID.
func NewSecretSet(extra ...string) *SecretSet {
	s := &SecretSet{names: make(map[string]struct{}, len(secretAttributes)+len(extra))}
	for _, name := range append(secretAttributes[:len(secretAttributes):len(secretAttributes)], extra...) {
		name = strings.ToLower(name)
		s.names[name] = struct{}{}
		s.max = max(s.max, len(name))
	}
	return s
}

// maxSecretName bounds the names in a SecretSet, so that looking one up needs
// no memory.
const maxSecretName = 128

// Contains says whether an attribute description names a secret: case and
// options (;binary, ;range=0-*) do not matter. It does not allocate.
func (s *SecretSet) Contains(description []byte) bool {
	name := description
	if i := bytes.IndexByte(description, ';'); i >= 0 {
		name = description[:i]
	}
	if len(name) == 0 || len(name) > min(s.max, maxSecretName) {
		return false
	}
	var lower [maxSecretName]byte
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	_, ok := s.names[string(lower[:len(name)])]
	return ok
}
