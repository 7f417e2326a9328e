package ldap

import (
	"strings"
	"testing"
)

// isSecret asks the attributes that every set knows.
func isSecret(description []byte) bool {
	var known SecretSet
	return known.Contains(description)
}

func TestSecretSet(t *testing.T) {
	s := NewSecretSet("x-Company-Token;binary")
	for _, yes := range []string{
		"userPassword", "USERPASSWORD", "userPassword;binary", "unicodePwd", "ms-Mcs-AdmPwd", "msLAPS-Password;range=0-*",
		"2.5.4.35", "OID.2.5.4.35", " userPassword ", "userPassword ;x", "1.2.840.113556.1.4.90",
	} {
		if !s.Contains([]byte(yes)) || !isSecret([]byte(yes)) {
			t.Errorf("%q is no secret", yes)
		}
	}
	for _, no := range []string{"", " ", "cn", "userPasswordHint", ";binary", "oid.", strings.Repeat("a", 1000)} {
		if s.Contains([]byte(no)) || isSecret([]byte(no)) {
			t.Errorf("%q is a secret", no)
		}
	}
	if own := []byte("x-company-token"); !s.Contains(own) || isSecret(own) {
		t.Error("what the configuration adds is not a secret, or is one for all")
	}
}

// TestEverySecretIsFound holds the table to the bound on what is looked up.
func TestEverySecretIsFound(t *testing.T) {
	for _, name := range secretAttributes {
		if !isSecret([]byte(name)) {
			t.Errorf("%s is not found", name)
		}
	}
	if len(secretNames) != len(secretAttributes) {
		t.Errorf("%d names, %d of them different", len(secretAttributes), len(secretNames))
	}
}

func TestSecretLookupAllocatesNothing(t *testing.T) {
	s := NewSecretSet("x-Company-Token")
	for _, name := range []string{"sAMAccountName;range=0-*", "userPassword", "OID.2.5.4.35"} {
		attr := []byte(name)
		if n := testing.AllocsPerRun(100, func() { s.Contains(attr); isSecret(attr) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkSecretSet(b *testing.B) {
	s := NewSecretSet("x-Company-Token")
	attr := []byte("sAMAccountName")
	b.ReportAllocs()
	for b.Loop() {
		s.Contains(attr)
	}
}
