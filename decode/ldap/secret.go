package ldap

import (
	"bytes"
	"maps"
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
	"msTPM-OwnerInformation",                     // MS-ADA2
	"sambaNTPassword", "1.3.6.1.4.1.7165.2.1.25", // Samba schema: NT hash
	"sambaLMPassword", "1.3.6.1.4.1.7165.2.1.24", // Samba schema: LM hash
	"sambaPasswordHistory", "sambaClearTextPassword", // Samba schema
	"sambaPreviousClearTextPassword", // Samba schema
	"ntPassword", "lmPassword",       // Samba 2 schema
	"ipaNTHash", "ipaNTSecurityHash", // FreeIPA
	"ipatokenOTPkey",                                    // FreeIPA
	"krbPrincipalKey", "2.16.840.1.113719.1.301.4.39.1", // MIT Kerberos schema
	"krbMKey", "krbPwdHistory", // MIT Kerberos schema
	"krb5Key",                       // Heimdal schema
	"pwdHistory", "passwordHistory", // draft-behera-ldap-password-policy; 389-ds
	"nsDS5ReplicaCredentials", "nsMultiplexorCredentials", // 389-ds
	"nsslapd-rootpw", "nsds5ReplicaBootstrapCredentials", // 389-ds
	"olcRootPW", "olcSyncrepl", // slapd-config(5); credentials= in the second
	"olcDbACLBind", "olcDbIDAssertBind", // slapd-ldap(5), slapo-chain(5): credentials=
	"radiusTunnelPassword",                      // RFC 2868 by FreeRADIUS' schema
	"dhcpFailOverSharedSecret", "dhcpKeySecret", // ISC DHCP schema
	"sshPrivateKey",                           // OpenSSH-LPK relatives
	"userPKCS12", "2.16.840.1.113730.3.1.216", // RFC 2798 2.7
	"oathSecret",                                                 // OATH-LDAP
	"nspmPassword", "nspmDistributionPassword", "sasLoginSecret", // eDirectory
}

// maxSecretName bounds the names that are looked up, in octets, so that looking
// one up needs no memory; no attribute has a name that long.
const maxSecretName = 128

// secretNames are secretAttributes in lower case.
var secretNames = nameSet(secretAttributes[:])

func nameSet(names []string) map[string]struct{} {
	set := make(map[string]struct{}, len(names))
	for _, name := range names {
		set[strings.ToLower(string(bareName([]byte(name))))] = struct{}{}
	}
	return set
}

// bareName strips options from a description (RFC 4512 2.5), and besides what a
// lenient server may ignore: spaces around it, and the "OID." that LDAPv2 put
// before numbers (RFC 1779 2.3).
func bareName(description []byte) []byte {
	name := description
	if i := bytes.IndexByte(name, ';'); i >= 0 {
		name = name[:i]
	}
	for len(name) > 0 && name[0] == ' ' {
		name = name[1:]
	}
	for len(name) > 0 && name[len(name)-1] == ' ' {
		name = name[:len(name)-1]
	}
	if len(name) > 4 && name[3] == '.' && bytes.EqualFold(name[:3], []byte("oid")) {
		name = name[4:]
	}
	return name
}

// SecretSet is a set of attributes whose values are secrets. The zero value
// holds those known to this package. It is immutable.
type SecretSet struct {
	names map[string]struct{} // lower case; nil: secretNames
	// shapes has, for the first octet of a name in either case, a bit for each
	// length there is. Of the attributes that directories hold next to none
	// starts like a secret and is as long, so few are looked up.
	shapes [256]uint64 // valid iff names is set
}

// NewSecretSet gives the known secret attributes and more of them, by name or
// OID.
func NewSecretSet(extra ...string) *SecretSet {
	s := &SecretSet{names: maps.Clone(secretNames)}
	maps.Copy(s.names, nameSet(extra))
	for name := range s.names {
		if name == "" {
			continue
		}
		s.shapes[name[0]] |= shape(len(name))
		s.shapes[strings.ToUpper(name[:1])[0]] |= shape(len(name))
	}
	return s
}

// shape gives the bit of a length; those from 63 on share one.
func shape(n int) uint64 { return 1 << min(n, 63) }

// Contains says whether an attribute description names a secret: case and
// options (;binary, ;range=0-*) do not matter. It does not allocate.
func (s *SecretSet) Contains(description []byte) bool {
	name := bareName(description)
	if len(name) == 0 || len(name) > maxSecretName {
		return false
	}
	if s.names != nil && s.shapes[name[0]]&shape(len(name)) == 0 {
		return false
	}
	var lower [maxSecretName]byte
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	names := s.names
	if names == nil {
		names = secretNames
	}
	_, ok := names[string(lower[:len(name)])]
	return ok
}
