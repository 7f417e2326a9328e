package detect

import (
	"bytes"

	"github.com/clearbind/clearbind/decode/ldap"
)

// signs are what a search may show of a reconnaissance pattern, as bits.
type signs uint32

const (
	signSPN         signs = 1 << iota // servicePrincipalName=*
	signUser                          // user accounts only
	signNotDisabled                   // !(userAccountControl…:=2)
	signNoPreauth
	signUnconstrained
	signConstrained
	signRBCD
	signAdminCount
	signNested // memberOf…1941:= on a group of administrators
	signLAPS
	signNeverExpires
	signNotRequired
	signTrust
	signADCS
	signGMSA
	signGMSAPassword
	signDescriptor // nTSecurityDescriptor asked for
	signSDFlags    // by the control that makes it readable to everybody
	signDomain     // all of a domain searched
	signPolicy     // group policy processing, which every Windows client does
	signAutoenroll // certificate autoenrolment, likewise
)

// pattern is a reconnaissance query: all of need, one of some, none of never.
type pattern struct {
	name              string
	need, some, never signs
}

// patterns are the queries of the tools in use (BloodHound, PowerView, Rubeus,
// Impacket, Certipy, ADExplorer, NetExec), by what they ask, in whatever order.
var patterns = [...]pattern{
	{"kerberoast", signSPN, signUser | signNotDisabled, 0},
	{"as-rep-roast", signNoPreauth, 0, 0},
	{"unconstrained-delegation", signUnconstrained, 0, 0},
	{"constrained-delegation", signConstrained, 0, 0},
	{"resource-based-delegation", signRBCD, 0, 0},
	{"privileged-accounts", 0, signAdminCount | signNested, 0},
	{"laps", signLAPS, 0, 0},
	{"password-never-expires", signNeverExpires, 0, 0},
	{"password-not-required", signNotRequired, 0, 0},
	{"trusts", signTrust, 0, 0},
	{"certificate-services", signADCS, 0, signAutoenroll},
	{"gmsa-passwords", signGMSA | signGMSAPassword, 0, 0},
	{"mass-collection", signDescriptor | signSDFlags | signDomain, 0, signPolicy},
}

// Matching rules of Active Directory (MS-ADTS 3.1.1.3.4.4) and the control that
// chooses parts of a security descriptor (3.1.1.3.4.1.11).
const (
	ruleBitAnd  = "1.2.840.113556.1.4.803"
	ruleInChain = "1.2.840.113556.1.4.1941"
	oidSDFlags  = "1.2.840.113556.1.4.801"
)

// recon gives the pattern a search shows; "": none. It does not allocate.
func recon(req *ldap.Search, sdFlags bool) string {
	var seen signs
	if sdFlags {
		seen |= signSDFlags
	}
	if req.Scope == ldap.ScopeSubtree && hasPrefix(req.Base, "DC=") {
		seen |= signDomain
	}
	for attr := range req.Attributes() {
		switch {
		case isAny(attr, "ms-Mcs-AdmPwd") || hasPrefix(attr, "msLAPS-"):
			seen |= signLAPS
		case isAny(attr, "msDS-ManagedPassword"):
			seen |= signGMSAPassword
		case isAny(attr, "nTSecurityDescriptor"):
			seen |= signDescriptor
		case isAny(attr, "pKIDefaultCSPs"):
			seen |= signAutoenroll
		}
	}
	ldap.WalkFilter(req.Filter, func(item ldap.FilterItem) bool {
		seen |= signsOf(&item)
		return true
	})
	for i := range patterns {
		p := &patterns[i]
		if seen&p.need == p.need && (p.some == 0 || seen&p.some != 0) && seen&p.never == 0 {
			return p.name
		}
	}
	return ""
}

// signLetters are those that the attributes of signsOf start with, in either case.
var signLetters = [32]bool{'a' & 31: true, 'g' & 31: true, 'm' & 31: true, 'o' & 31: true, 's' & 31: true, 'u' & 31: true}

// signsOf gives what one test of a filter shows.
func signsOf(item *ldap.FilterItem) signs {
	attr := item.Attribute
	if len(attr) == 0 || !signLetters[attr[0]&31] {
		return 0
	}
	switch {
	case isAny(attr, "servicePrincipalName") && item.Matches():
		return signSPN
	case isAny(attr, "samAccountType"):
		return when(isAny(item.Value, "805306368"), signUser)
	case isAny(attr, "objectCategory", "objectClass"):
		return signsOfClass(item.Value)
	case isAny(attr, "userAccountControl") && string(item.Rule) == ruleBitAnd:
		return signsOfControl(item)
	case isAny(attr, "msDS-AllowedToDelegateTo"):
		return signConstrained
	case isAny(attr, "msDS-AllowedToActOnBehalfOfOtherIdentity"):
		return signRBCD
	case isAny(attr, "adminCount"):
		return when(isAny(item.Value, "1"), signAdminCount)
	case isAny(attr, "memberOf") && string(item.Rule) == ruleInChain:
		return when(bytes.Contains(bytes.ToLower(item.Value), []byte("admins")), signNested)
	case hasPrefix(attr, "gPC"):
		return signPolicy
	case isAny(attr, "ms-Mcs-AdmPwd", "ms-Mcs-AdmPwdExpirationTime") || hasPrefix(attr, "msLAPS-"):
		return signLAPS
	}
	return 0
}

func signsOfClass(value []byte) signs {
	switch {
	case isAny(value, "person", "user") || hasPrefix(value, "CN=Person,"):
		return signUser
	case isAny(value, "trustedDomain"):
		return signTrust
	case isAny(value, "pKIEnrollmentService", "pKICertificateTemplate"):
		return signADCS
	case isAny(value, "msDS-GroupManagedServiceAccount"):
		return signGMSA
	}
	return 0
}

// signsOfControl reads a test of bits of userAccountControl (MS-ADTS 2.2.16).
func signsOfControl(item *ldap.FilterItem) signs {
	switch string(item.Value) {
	case "2":
		return signNotDisabled
	case "4194304":
		return signNoPreauth
	case "524288":
		return signUnconstrained
	case "16777216":
		return signConstrained
	case "65536":
		return signNeverExpires
	case "32":
		return signNotRequired
	}
	return 0
}

func when(is bool, s signs) signs {
	if is {
		return s
	}
	return 0
}

func isAny(b []byte, names ...string) bool {
	for _, n := range names {
		if len(b) == len(n) && equalFold(b, n) {
			return true
		}
	}
	return false
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && equalFold(b[:len(prefix)], prefix)
}

// equalFold compares ASCII without regard to case, and without allocating.
func equalFold(b []byte, s string) bool {
	for i := range b {
		c, d := b[i], s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if 'A' <= d && d <= 'Z' {
			d += 'a' - 'A'
		}
		if c != d {
			return false
		}
	}
	return true
}
