package ldap

import (
	"bytes"
	"strings"
	"testing"
)

// hush is what must not stand in a redacted message, and loud what must.
const (
	hush = "Velvet-Hammer-9"
	loud = "cn=loud"
)

// redactions are messages with a secret in every place where one may stand. The
// name says which.
var redactions = map[string][]byte{
	"simple bind":               message(1, elem(0x60, integer(3), str(loud), in(0, hush))),
	"simple bind, long lengths": long(0x30, integer(1), long(0x60, integer(3), long(0x04, []byte(loud)), long(0x80, []byte(hush)))),
	"an unknown choice":         message(1, elem(0x60, integer(3), str(loud), in(7, hush))),
	"octets behind the choice":  message(1, elem(0x60, integer(3), str(loud), in(0, hush), str(hush))),
	"a length of nothing":       list(integer(1), []byte{0x60, 0}, integer(3), str(loud), in(0, hush), elem(tagControls, list(str("1.3.6.1.1.12"), str(hush)))),
	"SASL PLAIN":                message(1, elem(0x60, integer(3), str(loud), elem(0xa3, str("PLAIN"), str("\x00joe\x00"+hush)))),
	"a mechanism that is none":  message(1, elem(0x60, integer(3), str(loud), elem(0xa3, str("a "+hush), str(hush)))),
	"Sicily":                    message(1, elem(0x60, integer(3), str(loud), in(11, hush))),
	"password modify":           message(1, elem(0x77, in(0, OIDPasswordModify), in(1, string(list(in(0, loud), in(1, hush), in(2, hush)))))),
	"password modify, not BER":  message(1, elem(0x77, in(0, OIDPasswordModify), in(1, hush)), control(loud)),
	"another operation":         message(1, elem(0x77, in(0, OIDSetPassword), in(1, string(list(str(loud), str(hush))))), control(loud)),
	"password made":             message(1, elem(0x78, enum(0), str(loud), str(""), in(11, string(list(in(0, hush)))))),
	"password asked for":        message(1, elem(0x78, enum(0), str(loud), str(""), in(10, "2.16.840.1.113719.1.39.42.100.13"), in(11, string(list(integer(0), str(hush)))))),
	"answer of SASL":            message(1, elem(0x61, enum(14), str(loud), str(""), in(7, hush))),
	"answer of Sicily":          message(1, elem(0x61, enum(0), str("NTLMSSP\x00"+hush), str(loud))),
	"intermediate response":     message(1, elem(0x79, in(0, loud), in(1, hush))),
	"add":                       message(1, elem(0x68, str(loud), list(list(str("userPassword"), values(hush, hush)), list(str("cn"), values("x"))))),
	"entry":                     message(1, elem(0x64, str("dc=x"), list(list(str("ms-Mcs-AdmPwd;range=0-*"), values(hush)), list(str("cn"), values(loud))))),
	"entry, a form forbidden":   message(1, elem(0x64, str(loud), list(list(elem(0x24, str("userPassword")), values(hush))))),
	"entry, value of values":    message(1, elem(0x64, str(loud), list(list(str("cn"), elem(0x31, elem(0x24, str(hush))))))),
	"modify":                    message(1, elem(0x66, str(loud), list(list(enum(2), list(str("unicodePwd"), values(hush)))))),
	"compare":                   message(1, elem(0x6e, str(loud), list(str("userpassword"), str(hush)))),
	"filter":                    search(elem(filterAnd, equality("cn", loud), elem(filterNot, equality("userPassword", hush)))),
	"filter, substrings":        search(elem(filterOr, equality("cn", loud), elem(filterSubstrings, str("userPassword"), list(in(0, hush), in(2, hush))))),
	"filter, extensible":        search(elem(filterOr, equality("cn", loud), elem(filterExtensible, in(3, hush), in(2, "userPassword")))),
	"filter, two attributes":    search(elem(filterOr, equality("cn", loud), elem(filterExtensible, in(2, "userPassword"), in(2, "cn"), in(3, hush)))),
	"filter, no attribute":      search(elem(filterOr, equality("cn", loud), elem(filterExtensible, in(1, "2.5.13.2"), in(3, hush)))),
	"filter, no choice":         search(elem(filterAnd, equality("cn", loud), elem(0xaf, str("cn"), str(hush)))),
	"control":                   message(1, elem(0x4a, []byte(loud)), elem(tagControls, list(str("1.3.6.1.1.12"), str(hush)))),
	"behind the controls":       list(integer(1), elem(0x4a, []byte(loud)), elem(tagControls, list(str(oidPaged))), str(hush)),
}

func search(filter []byte) []byte {
	return message(1, elem(0x63, str("dc=x"), enum(2), enum(0), integer(0), integer(0), elem(0x01, []byte{0}), filter, list(str("mail"))))
}

func control(oid string) []byte { return elem(tagControls, list(str(oid))) }

func TestRedact(t *testing.T) {
	secrets := NewSecretSet()
	for name, msg := range redactions {
		t.Run(name, func(t *testing.T) {
			out := Redact(msg, secrets)
			redacted := string(out)
			if strings.Contains(redacted, hush) {
				t.Error("the secret is still there")
			}
			if !strings.Contains(redacted, loud) {
				t.Errorf("what is no secret is gone: %q", redacted)
			}
			for n := range len(msg) { // a capture may end anywhere
				short := string(Redact(msg[:n:n], secrets))
				for from := range len(hush) - 3 {
					if strings.Contains(short, hush[from:from+4]) {
						t.Fatalf("cut at %d: a part of the secret is there", n)
					}
				}
			}
			before, _ := Scan(msg)
			if after, v := Scan(out); v != OK || after != before {
				t.Errorf("the envelope is %+v, was %+v", after, before)
			}
		})
	}
}

// TestRedactKeepsWhatIsNoSecret: where there is none, nothing is changed.
func TestRedactKeepsWhatIsNoSecret(t *testing.T) {
	for name, msg := range map[string][]byte{
		"search": search(elem(filterAnd, elem(filterPresent, []byte("userPassword")), equality("cn", "x"), elem(filterSubstrings, str("cn"), list(in(0, "a"), in(1, "b"), in(2, "c"))),
			elem(filterExtensible, in(1, "1.2.840.113556.1.4.803"), in(2, "userAccountControl"), in(3, "2"), elem(0x84, []byte{0xff})))),
		"paged search": message(1, elem(0x63, str("dc=x"), enum(2), enum(0), integer(0), integer(0), elem(0x01, []byte{0}), equality("cn", "x"), list()),
			elem(tagControls, list(str(oidPaged), elem(0x01, []byte{0xff}), str(string(list(integer(5), str("cookie"))))))),
		"empty password":   message(1, elem(0x60, integer(3), str("cn=x"), in(0, ""))),
		"modify":           message(1, elem(0x66, str("cn=x"), list(list(enum(1), list(str("mail"), values("a", "b"))), list(enum(0), list(str("sn"), values()))))),
		"add":              message(1, elem(0x68, str("cn=x"), list(list(str("mail"), values("a", "b"))))),
		"delete":           message(1, elem(0x4a, []byte("cn=x"))),
		"delete, odd":      message(1, elem(0x6a, str("cn=x"))),
		"rename":           message(1, elem(0x6c, str("cn=x"), str("cn=y"), elem(0x01, []byte{0xff}), in(0, "dc=z"))),
		"compare":          message(1, elem(0x6e, str("cn=x"), list(str("mail"), str("a")))),
		"abandon":          message(1, elem(0x50, []byte{7})),
		"unbind":           message(1, elem(0x42)),
		"StartTLS":         message(1, elem(0x77, in(0, OIDStartTLS))),
		"answer":           message(1, elem(0x61, enum(49), str("dc=x"), str("80090308: LdapErr, data 52e"))),
		"answer, referral": message(1, elem(0x65, enum(10), str(""), str(""), elem(0xa3, str("ldap://a"), str("ldap://b")))),
		"reference":        message(1, elem(0x73, str("ldap://a"))),
		"extended":         message(1, elem(0x78, enum(0), str(""), str(""), in(10, OIDStartTLS))),
	} {
		if out := Redact(msg, NewSecretSet()); !bytes.Equal(out, msg) {
			t.Errorf("%s: %q became %q", name, msg, out)
		}
	}
}

// FuzzRedact holds that every octet is what it was or blank, and that what is
// cut short shows no more than the whole.
func FuzzRedact(f *testing.F) {
	for _, msg := range redactions {
		f.Add(msg, len(msg)/2)
	}
	secrets := NewSecretSet()
	f.Fuzz(func(t *testing.T, msg []byte, cut int) {
		out := Redact(msg, secrets)
		if len(out) != len(msg) {
			t.Fatalf("%d octets became %d", len(msg), len(out))
		}
		for i := range out {
			if out[i] != msg[i] && out[i] != Blank {
				t.Fatalf("octet %d was made up", i)
			}
		}
		if cut < 0 || cut > len(msg) {
			return
		}
		for i, c := range Redact(msg[:cut], secrets) {
			if c != out[i] && out[i] == Blank && c != Blank {
				t.Fatalf("octet %d shows only where the message is cut", i)
			}
		}
	})
}
