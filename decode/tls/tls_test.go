package tls

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/internal/recorded"
)

// vector writes a length of size octets in front of b.
func vector(size int, parts ...[]byte) []byte {
	b := bytes.Join(parts, nil)
	out := make([]byte, size, size+len(b))
	for i := range size {
		out[i] = byte(len(b) >> (8 * (size - 1 - i)))
	}
	return append(out, b...)
}

func extension(kind byte, value []byte) []byte {
	return append([]byte{0, kind}, vector(2, value)...)
}

// hello makes a handshake record. Client: cipher suites and compression are
// lists; server: one of each.
func hello(side byte, version uint16, extensions ...[]byte) []byte {
	body := append([]byte{byte(version >> 8), byte(version)}, make([]byte, 32)...)
	body = append(body, vector(1, []byte("session"))...)
	if side == 1 {
		body = append(append(body, vector(2, []byte{0x13, 1, 0xc0, 0x2f})...), 1, 0)
	} else {
		body = append(body, 0x13, 1, 0)
	}
	if extensions != nil {
		body = append(body, vector(2, extensions...)...)
	}
	return append([]byte{Handshake, 3, 1}, vector(2, append([]byte{side}, vector(3, body)...))...)
}

// pieces sends the records' contents again, in records of size octets.
func pieces(record []byte, size int) (out []byte) {
	for b := record[recordHeader:]; len(b) > 0; b = b[min(size, len(b)):] {
		out = append(append(out, Handshake, 3, 1), vector(2, b[:min(size, len(b))])...)
	}
	return out
}

func TestReadHello(t *testing.T) {
	const dc1 = "dc1.lab.example"
	name := extension(0, vector(2, []byte{0}, vector(2, []byte(dc1))))
	alpn := extension(16, vector(2, vector(1, []byte("ldap")), vector(1, []byte("http/1.1"))))
	offers := extension(43, vector(1, []byte{0x7a, 0x7a, 3, 3, 3, 4, 3, 2}))
	client13, server13 := hello(1, TLS12, name, alpn, offers), hello(2, TLS12, extension(51, []byte("key")), extension(43, []byte{3, 4}))
	for title, c := range map[string]struct {
		b    []byte
		want Hello
	}{
		"a server of TLS 1.2":                       {hello(2, TLS12, extension(11, []byte{1, 0})), Hello{Side: ServerHello, Version: TLS12, Whole: true}},
		"a server of TLS 1.2 that chose a protocol": {hello(2, TLS12, extension(16, vector(2, vector(1, []byte("ldap"))))), Hello{Side: ServerHello, Version: TLS12, Whole: true}},
		"a server of TLS 1.3 says so behind":        {server13, Hello{Side: ServerHello, Version: TLS13, Whole: true}},
		"a server of TLS 1.3, in records of one":    {pieces(server13, 1), Hello{Side: ServerHello, Version: TLS13, Whole: true}},
		"a server of TLS 1.0 without extensions":    {hello(2, TLS10), Hello{Side: ServerHello, Version: TLS10, Whole: true}},
		"a server, and its certificate behind":      {append(hello(2, TLS12), hello(11, 0)...), Hello{Side: ServerHello, Version: TLS12, Whole: true}},
		"a client that offers TLS 1.3, and grease":  {client13, Hello{Side: ClientHello, Version: TLS13, ServerName: []byte(dc1), Whole: true}},
		"a client in two records":                   {pieces(client13, len(client13)-20), Hello{Side: ClientHello, Version: TLS13, ServerName: []byte(dc1), Whole: true}},
		"a client whose names lie in two records":   {pieces(client13, 3), Hello{Side: ClientHello, Version: TLS13, Whole: true}},
		"a client, its second record not there":     {pieces(client13, 90)[:recordHeader+90], Hello{Side: ClientHello, ServerName: []byte(dc1)}},
		"a client that is interrupted by an alert":  {append(pieces(client13, 90)[:recordHeader+90], Alert, 3, 1, 0, 2, 2, 40), Hello{Side: ClientHello, ServerName: []byte(dc1)}},
		"a client of TLS 1.0":                       {hello(1, TLS10), Hello{Side: ClientHello, Version: TLS10, Whole: true}},
		"a client that offers drafts only":          {hello(1, TLS12, extension(43, vector(1, []byte{0x7f, 0x1c}))), Hello{Side: ClientHello, Version: TLS12, Whole: true}},
		"a name of another kind":                    {hello(1, TLS12, extension(0, vector(2, []byte{1}, vector(2, []byte("x"))))), Hello{Side: ClientHello, Version: TLS12, Whole: true}},
		"a name twice":                              {hello(1, TLS12, name, extension(0, vector(2, []byte{0}, vector(2, []byte("x"))))), Hello{Side: ClientHello, Version: TLS12, ServerName: []byte(dc1), Whole: true}},
		"a name without octets":                     {hello(1, TLS12, extension(0, nil)), Hello{Side: ClientHello, Version: TLS12, Whole: true}},
		"a hello cut before its version is sure":    {hello(2, TLS12)[:recordHeader+20], Hello{Side: ServerHello}},
		"a hello cut in its extensions":             {hello(2, TLS12, extension(43, []byte{3, 4}))[:recordHeader+4+34+8+3+4], Hello{Side: ServerHello}},
		"an old hello that is cut is old for sure":  {hello(2, TLS11, extension(11, []byte{1, 0}))[:recordHeader+4+34+8+3+4], Hello{Side: ServerHello, Version: TLS11}},
		"another handshake message":                 {[]byte{Handshake, 3, 3, 0, 4, 11, 0, 0, 0}, Hello{}},
		"application data":                          {[]byte{ApplicationData, 3, 3, 0, 4, 1, 0, 0, 0}, Hello{}},
		"a record without its contents":             {[]byte{Handshake, 3, 3, 0, 4}, Hello{}},
		"nothing":                                   {nil, Hello{}},
	} {
		t.Run(title, func(t *testing.T) {
			if have := ReadHello(c.b); !reflect.DeepEqual(have, c.want) {
				t.Errorf("%+v, want %+v", have, c.want)
			}
			if n := testing.AllocsPerRun(20, func() { ReadHello(c.b) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// greetings gives the first handshake record of every recorded stream that
// starts with TLS, or comes to it behind StartTLS, and what follows it.
func greetings(t testing.TB) map[string][][]byte {
	t.Helper()
	streams, err := recorded.Streams("../../pcaps/*.pcap")
	if err != nil || len(streams) < 100 {
		t.Fatalf("%d streams recorded: %v", len(streams), err)
	}
	all := map[string][][]byte{}
	for _, s := range streams {
		for i := range s.Data {
			b := s.Data[i:]
			if r, v := ScanRecord(b); v == OK && r.Type == Handshake && r.Len <= len(b) && ReadHello(b).Whole {
				file := strings.TrimSuffix(filepath.Base(s.File), ".pcap")
				all[file] = append(all[file], b)
				break
			}
		}
	}
	return all
}

func TestRecordedHellos(t *testing.T) {
	all := greetings(t)
	asks := func(version uint16) Hello {
		return Hello{Side: ClientHello, Version: version, ServerName: []byte("ldap.example.org"), Whole: true}
	}
	answers := func(version uint16) Hello {
		return Hello{Side: ServerHello, Version: version, Whole: true}
	}
	for file, want := range map[string][]Hello{
		"ldaps-636":     {asks(TLS13), answers(TLS13)},
		"ldaps-on-389":  {asks(TLS13), answers(TLS13)},
		"starttls-good": {asks(TLS13), answers(TLS13)},
		"weak-tls":      {asks(TLS10), answers(TLS10)},
		"https-on-389":  {{Side: ClientHello, Version: TLS13, Whole: true}, answers(TLS13)},
	} {
		have := []Hello{}
		for _, b := range all[file] {
			have = append(have, ReadHello(b))
		}
		if !reflect.DeepEqual(have, want) {
			t.Errorf("%s: %+v, want %+v", file, have, want)
		}
	}
}

func TestScanRecord(t *testing.T) {
	for title, c := range map[string]struct {
		b    []byte
		want Record
		v    Verdict
	}{
		"a handshake":                       {[]byte{22, 3, 1, 2, 0, 1}, Record{Handshake, TLS10, 517}, OK},
		"application data of no length":     {[]byte{23, 3, 3, 0, 0}, Record{ApplicationData, TLS12, 5}, OK},
		"the longest record":                {[]byte{23, 3, 3, 0x48, 0}, Record{ApplicationData, TLS12, 5 + maxFragment}, OK},
		"one that is longer":                {[]byte{23, 3, 3, 0x48, 1}, Record{}, NotTLS},
		"a handshake of no length":          {[]byte{22, 3, 3, 0, 0}, Record{}, NotTLS},
		"the front of one":                  {[]byte{21, 3, 3, 0}, Record{}, NeedMore},
		"nothing":                           {nil, Record{}, NeedMore},
		"a version that never was":          {[]byte{22, 3, 5, 0, 1}, Record{}, NotTLS},
		"another version":                   {[]byte{22, 2}, Record{}, NotTLS},
		"an LDAPMessage":                    {[]byte{0x30, 0x0c, 2, 1, 1}, Record{}, NotTLS},
		"a SASL buffer":                     {[]byte{0, 0, 0, 40, 5, 4}, Record{}, NotTLS},
		"a type between the ones there are": {[]byte{25, 3, 3, 0, 1}, Record{}, NotTLS},
	} {
		t.Run(title, func(t *testing.T) {
			if have, v := ScanRecord(c.b); have != c.want || v != c.v {
				t.Errorf("%+v %d, want %+v %d", have, v, c.want, c.v)
			}
			if n := testing.AllocsPerRun(20, func() { ScanRecord(c.b) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for v, weak := range map[uint16]bool{SSL30: true, TLS10: true, TLS11: true, TLS12: false, TLS13: false, 0: false, 0x0200: false} {
		if Weak(v) != weak {
			t.Errorf("%#x is weak: %v", v, Weak(v))
		}
	}
	if VersionName(TLS11) != "TLS 1.1" || VersionName(0x7a7a) != "" {
		t.Error("names of versions")
	}
}

// FuzzHello reads any records: names lie within them, a hello that is cut says
// nothing that the whole one denies, and however its octets are cut into records
// they are the same hello.
func FuzzHello(f *testing.F) {
	for _, all := range greetings(f) {
		for _, b := range all {
			r, _ := ScanRecord(b)
			f.Add(b[:r.Len], uint16(7))
			f.Add(pieces(b[:r.Len], 64), uint16(1))
		}
	}
	f.Add(hello(1, TLS12, extension(16, vector(2, vector(1, []byte("ldap"))))), uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, size uint16) {
		before := bytes.Clone(b)
		whole := ReadHello(b)
		if !bytes.Equal(b, before) {
			t.Fatal("reading changed the record")
		}
		if !bytes.Contains(b, whole.ServerName) {
			t.Fatal("a name from elsewhere")
		}
		for n := range b[:min(len(b), 4096)] {
			agrees(t, n, ReadHello(b[:n:n]), whole)
		}
		if more := ReadHello(append(bytes.Clone(b), Handshake, 3, 3, 0, 1, 0)); whole.Whole && !reflect.DeepEqual(more, whole) {
			t.Fatalf("%+v, with more behind it %+v", whole, more)
		}
		if r, v := ScanRecord(b); v == OK && r.Type == Handshake && r.Len <= len(b) && size > 0 && int(size) < maxFragment {
			one, many := ReadHello(b[:r.Len]), ReadHello(pieces(b[:r.Len], int(size)))
			one.ServerName, many.ServerName = nil, nil
			if !reflect.DeepEqual(one, many) {
				t.Fatalf("%+v, in records of %d %+v", one, size, many)
			}
		}
	})
}

// agrees wants what a cut hello tells to be what the whole one tells. Of its
// version only those of TLS 1.2 and later are sure: an older one can be denied by
// an extension that no such client has.
func agrees(t *testing.T, n int, part, whole Hello) {
	denied := part.Side != NoHello && part.Side != whole.Side ||
		part.Version >= TLS12 && part.Version != whole.Version ||
		part.ServerName != nil && !bytes.Equal(part.ServerName, whole.ServerName) ||
		part.Whole && !reflect.DeepEqual(part, whole)
	if denied {
		t.Fatalf("%d octets tell %+v, the whole hello %+v", n, part, whole)
	}
}
