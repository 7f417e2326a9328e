package ldap

import (
	"bytes"
	"testing"
)

var samples = map[string][]byte{
	"a bind":                      message(1, elem(0x60, integer(3), str("cn=a"), in(0, "Quince-Anvil-88!"))),
	"an anonymous bind":           message(1, elem(0x60, integer(3), str(""), in(0, ""))),
	"a bind by SASL":              message(1, elem(0x60, integer(3), str(""), elem(0xa3, str("GSSAPI"), str("token")))),
	"a bind of Active Directory":  long(0x30, integer(0, 0, 1), long(0x60, integer(3), long(0x04), long(0xa3, str("GSS-SPNEGO")))),
	"a bind of long lengths":      long(0x30, long(0x02, []byte{1}), long(0x60, long(0x02, []byte{3}), long(0x04), long(0x80, []byte("Quince-Anvil-88!")))),
	"a bind's answer":             message(1, elem(0x61, enum(0), str(""), str(""), in(7, "creds"))),
	"an unbind":                   message(2, []byte{0x42, 0}),
	"a search":                    message(2, elem(0x63, str("dc=x"), enum(2), enum(0), integer(0), integer(0), []byte{1, 1, 0}, in(7, "cn"), list(str("cn")))),
	"an entry":                    message(2, elem(0x64, str("cn=a,dc=x"), list(list(str("cn"), values("a"))))),
	"a reference":                 message(2, elem(0x73, str("ldap://b/dc=x"))),
	"the end of a search":         message(2, elem(0x65, enum(0), str(""), str(""))),
	"a modify":                    message(3, elem(0x66, str("cn=a"), list(list(enum(2), list(str("sn"), values("x")))))),
	"an add":                      message(3, elem(0x68, str("cn=a"), list(list(str("cn"), values("a"))))),
	"a delete":                    message(3, elem(0x4a, []byte("cn=a"))),
	"a rename":                    message(3, elem(0x6c, str("cn=a"), str("cn=b"), []byte{1, 1, 0xff})),
	"a compare":                   message(3, elem(0x6e, str("cn=a"), list(str("sn"), str("x")))),
	"an abandon":                  message(3, []byte{0x50, 1, 2}),
	"StartTLS":                    message(3, elem(0x77, in(0, OIDStartTLS))),
	"StartTLS, granted":           message(3, elem(0x78, enum(0), str(""), str(""), in(10, OIDStartTLS))),
	"a notice of disconnection":   message(0, elem(0x78, enum(52), str(""), str(""), in(10, "1.3.6.1.4.1.1466.20036"))),
	"an intermediate response":    message(3, elem(0x79, in(0, "1.2.3"))),
	"a search with controls":      message(2, elem(0x63, str(""), enum(0), enum(0), integer(0), integer(0), []byte{1, 1, 0}, in(7, "cn"), list()), elem(0xa0, list(str("1.2.840.113556.1.4.319"), str("cookie")))),
	"a write's answer, read back": message(2, elem(0x67, enum(0), str(""), str("")), elem(0xa0, list(str("1.3.6.1.1.13.2"), elem(0x04, elem(0x64, str("cn=a"), list(list(str("userPassword"), values("x")))))))),
}

func TestScan(t *testing.T) {
	for name, want := range map[string]Header{
		"a bind":                     {ID: 1, Op: BindRequest, Len: 34, Body: 7, BodyLen: 27},
		"a bind of Active Directory": {ID: 1, Op: BindRequest, Len: 44, Body: 17, BodyLen: 27},
		"a bind of long lengths":     {ID: 1, Op: BindRequest, Len: 54, Body: 19, BodyLen: 35},
		"an unbind":                  {ID: 2, Op: UnbindRequest, Len: 7, Body: 7},
		"an abandon":                 {ID: 3, Op: AbandonRequest, Len: 8, Body: 7, BodyLen: 1},
		"a delete":                   {ID: 3, Op: DelRequest, Len: 11, Body: 7, BodyLen: 4},
	} {
		if got, v := Scan(samples[name]); v != OK || got != want {
			t.Errorf("%s: %+v, verdict %d, want %+v", name, got, v, want)
		}
	}
	if got, v := Scan(message(1, elem(0x6a, str("cn=a")))); v != OK || got.Op != DelRequest {
		t.Errorf("a constructed delete: %+v, verdict %d", got, v)
	}
	if got, v := Scan(message(1, elem(0x7e, str("cn=a")))); v != OK || got.Op != 0 {
		t.Errorf("an unknown operation: %+v, verdict %d", got, v)
	}
}

func TestScanOfEveryPrefix(t *testing.T) {
	for name, m := range samples {
		whole, _ := Scan(m)
		for n := range m {
			got, v := Scan(m[:n])
			switch {
			case n >= whole.Body && (v != OK || got != whole):
				t.Errorf("%s, %d octets: %+v, verdict %d, want %+v", name, n, got, v, whole)
			case n < whole.Body && (v != NeedMore || got != Header{}):
				t.Errorf("%s, %d octets: %+v, verdict %d, want more", name, n, got, v)
			}
			if v == OK && !Plausible(m[:n]) {
				t.Errorf("%s, %d octets: not plausible", name, n)
			}
		}
		if !Plausible(m) {
			t.Errorf("%s is not plausible", name)
		}
	}
}

func TestScanRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"another tag":                          {0x31, 5, 2, 1, 1, 0x42, 0},
		"an indefinite length":                 {0x30, 0x80, 2, 1, 1, 0x42, 0, 0, 0},
		"a length of nine octets":              {0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 1, 1, 0x42, 0},
		"a length beyond the limit":            {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 1, 0x42, 0},
		"a length that wraps":                  {0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 1, 1, 0x42, 0},
		"no room for a message":                {0x30, 2, 2, 0},
		"a length that will be too long":       {0x30, 0x88, 1},
		"an ID that will be too long":          {0x30, 10, 2, 5, 0, 0x80},
		"an ID of five octets, negative":       {0x30, 9, 2, 5, 0xff},
		"an ID that will not fit":              {0x30, 5, 2, 4},
		"an ID of six octets":                  {0x30, 12, 2, 6},
		"an operation that will not fit":       {0x30, 7, 2, 1, 1, 0x60, 0x83},
		"an ID that is no integer":             {0x30, 5, 4, 1, 1, 0x42, 0},
		"an empty ID, and no room":             {0x30, 3, 2, 0, 0x42},
		"an ID, and no room":                   {0x30, 4, 2, 1, 1, 0x42},
		"an operation longer than its message": {0x30, 5, 2, 1, 1, 0x60, 9},
		"a universal tag":                      {0x30, 6, 2, 1, 1, 0x30, 1, 0},
		"a tag of several octets":              {0x30, 6, 2, 1, 1, 0x5f, 1, 0},
	} {
		if h, v := Scan(b); v != NotLDAP || h != (Header{}) {
			t.Errorf("%s: %+v, verdict %d", name, h, v)
		}
	}
}

func TestWhatIsNotPlausible(t *testing.T) {
	for name, b := range map[string][]byte{
		"SNMP v1":                  list(integer(0), str("public"), elem(0xa0, integer(1), integer(0), integer(0), list())),
		"SNMP v3":                  list(integer(3), list(integer(1), integer(0), str("x"), integer(3)), str("x")),
		"an unknown operation":     message(1, elem(0x7e, str("cn=a"))),
		"a bind without a version": message(1, elem(0x60, str("cn=a"), in(0, "x"))),
		"a bind without a choice":  message(1, elem(0x60, integer(3), str("cn=a"), str("x"))),
		"a search without a scope": message(1, elem(0x63, str("dc=x"), integer(2))),
		"an unbind with contents":  message(1, elem(0x42, []byte{1})),
		"a result without a code":  message(1, elem(0x65, str(""), str(""))),
		"an unsolicited entry":     message(1, elem(0x64, enum(0))),
		"an X.509 certificate":     list(list(elem(0xa0, integer(2)), integer(1, 2, 3))),
		"what is behind a bind":    message(1, elem(0x60, integer(3), str("cn=a"), in(0, "")), str("x")),
		"an unbind numbered 0":     message(0, []byte{0x42, 0}),
		"a base beyond its search": {0x30, 20, 2, 1, 1, 0x63, 15, 4, 14}, // the captured part ends here
		"an abandon of nothing":    message(1, []byte{0x50, 0}),
		"an intermediate result":   message(1, elem(0x79, enum(0))),
	} {
		if Plausible(b) {
			t.Errorf("%s is plausible", name)
		}
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	for name, m := range samples {
		if n := testing.AllocsPerRun(100, func() { Scan(m); Plausible(m) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// FuzzScan wants a verdict to stand whatever follows: what is a header stays
// the same header, what is none stays none, and what needs more can get it.
func FuzzScan(f *testing.F) {
	for _, m := range samples {
		f.Add(m, []byte{0})
	}
	f.Add([]byte{0x30, 0x88, 0xff}, []byte{0xff})
	f.Add([]byte{0x30, 0x88, 0, 0, 0, 0}, []byte{0x40})
	f.Add([]byte{0x30, 5, 2, 4}, []byte{0})
	f.Add([]byte{0x30, 9, 2, 4, 0x80}, []byte{0})
	f.Add([]byte{0x30, 5, 2, 0x81}, []byte{0})
	f.Add([]byte{0x30, 12, 2, 0x84, 0, 0, 0}, []byte{1})
	f.Add([]byte{0x30, 7, 2, 1, 1, 0x60, 0x83}, []byte{0})
	f.Fuzz(func(t *testing.T, b, more []byte) {
		h, v := Scan(b)
		h2, v2 := Scan(append(bytes.Clone(b), more...))
		switch {
		case v == OK && (v2 != OK || h != h2), v == NotLDAP && v2 != NotLDAP:
			t.Errorf("%+v %d, with more %+v %d", h, v, h2, v2)
		case v == OK && (h.Len > MaxLen+10 || h.Body+h.BodyLen > h.Len || h.ID < 0 && Plausible(b)):
			t.Errorf("%+v", h)
		case v != OK && h != Header{}:
			t.Errorf("%+v, verdict %d", h, v)
		case v == NeedMore && !completes(b):
			t.Errorf("% x cannot become a message", b)
		}
		Plausible(b)
	})
}

// completes says whether there is an octet after which b may still become a
// message.
func completes(b []byte) bool {
	b = append(bytes.Clone(b), 0)
	for c := range 256 {
		b[len(b)-1] = byte(c)
		if _, v := Scan(b); v != NotLDAP {
			return true
		}
	}
	return false
}

func BenchmarkScan(b *testing.B) {
	for _, name := range []string{"a bind", "a bind of Active Directory"} {
		b.Run(name, func(b *testing.B) {
			m := samples[name]
			b.ReportAllocs()
			b.SetBytes(int64(len(m)))
			for b.Loop() {
				Scan(m)
			}
		})
	}
}
