package ldap

import (
	"bytes"
	"testing"
)

// slowSecret is what Entry.Secret has to find.
func slowSecret(e *Entry, s *SecretSet) []byte {
	for desc, hasValue := range e.Attributes() {
		if hasValue && s.Contains(desc) {
			return desc
		}
	}
	return nil
}

// secretEntries are contents of entries, whole.
func secretEntries() [][]byte {
	return [][]byte{
		body(str("cn=a"), list(list(str("cn"), values("a")), list(str("userPassword"), values("x")), list(str("sn"), values("b")))),
		body(str("cn=a"), list(list(str("userPassword"), values("")), list(str("unicodePwd"), values("", "x")))),
		body(str("cn=a"), list(list(str("userPassword"), values()))),
		body(str("cn=a"), list(list(str("jpegPhoto"), values(string(make([]byte, 70000)))), list(str("UserPassword;binary"), values("x")))),
		body(long(0x04, []byte("cn=a")), long(0x30, long(0x30, long(0x04, []byte("2.5.4.35")), long(0x31, long(0x04, []byte("x")))))),
		body(str("cn=a"), list(list(enum(1)), list(), []byte{0x30}, list(str("userPassword"), values("x")))),
		body(str("cn=a"), list(enum(1), list(str("userPassword"), values("x")))),
		body(str("cn=a"), list(list([]byte{0x04, 0x80, 0}, values("x")), list([]byte{0x04, 0x82, 0, 12}, []byte("userPassword"), values("x")))),
		body(str("cn=a"), list(list([]byte{0x04, 100}, []byte("userPassword")))),
		body(str("cn=a"), list(elem(0x31, elem(0x0c, []byte("cn")), values("a")), elem(0x31, elem(0x0c, []byte("userPassword")), list(str("x"))))),
		body(str("cn=a"), list(list(append([]byte{0x1f, 4, 12}, "userPassword"...), values("x")))),
		body(str("cn=a"), list([]byte{0x1f, 0x90, 4, 17}, append([]byte{0x04, 12}, "userPassword"...), []byte{0x31, 1, 1})),
	}
}

// TestEntrySecret holds the quick walk against the plain one, wherever an entry
// is cut.
func TestEntrySecret(t *testing.T) {
	known, found := NewSecretSet(), 0
	for i, b := range secretEntries() {
		for n := range min(len(b), 200) + 1 {
			n = len(b) - n
			entry, _ := ParseEntry(b[:n])
			got, want := entry.Secret(known), slowSecret(&entry, known)
			if !bytes.Equal(got, want) || !within(b, got) {
				t.Errorf("entry %d, cut at %d: %q, and the plain walk says %q", i, n, got, want)
			}
			if got != nil {
				found++
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d secrets", found)
	}
}

func TestEntrySecretAllocatesNothing(t *testing.T) {
	known := NewSecretSet()
	entry, _ := ParseEntry(secretEntries()[0])
	if n := testing.AllocsPerRun(100, func() { entry.Secret(known) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzEntrySecret(f *testing.F) {
	known := NewSecretSet()
	for _, b := range secretEntries() {
		f.Add(b)
	}
	for _, m := range samples {
		if h, v := Scan(m); v == OK {
			f.Add(m[h.Body:min(h.Body+h.BodyLen, len(m))])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		entry, _ := ParseEntry(b)
		if got, want := entry.Secret(known), slowSecret(&entry, known); !bytes.Equal(got, want) {
			t.Errorf("%q, and the plain walk says %q", got, want)
		}
	})
}

func BenchmarkEntrySecret(b *testing.B) {
	known := NewSecretSet()
	var attributes []byte
	for _, name := range []string{"objectClass", "cn", "sn", "givenName", "uid", "mail", "memberOf", "telephoneNumber", "userCertificate", "manager", "title", "description"} {
		attributes = append(attributes, list(str(name), values("some value", "another value"))...)
	}
	entry, _ := ParseEntry(body(str("cn=a"), list(attributes)))
	for name, run := range map[string]func() []byte{
		"quick": func() []byte { return entry.Secret(known) },
		"plain": func() []byte { return slowSecret(&entry, known) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
