package tls

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
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

func TestReadHello(t *testing.T) {
	name := extension(0, vector(2, []byte{0}, vector(2, []byte("dc1.lab.example"))))
	offers := extension(43, vector(1, []byte{0x7a, 0x7a, 3, 3, 3, 4, 3, 2}))
	for title, c := range map[string]struct {
		record []byte
		want   Hello
	}{
		"a server of TLS 1.2":                      {hello(2, TLS12, extension(11, []byte{1, 0})), Hello{ServerHello, TLS12, nil}},
		"a server of TLS 1.3 says so behind":       {hello(2, TLS12, extension(51, []byte("key")), extension(43, []byte{3, 4})), Hello{ServerHello, TLS13, nil}},
		"a server of TLS 1.0 without extensions":   {hello(2, TLS10), Hello{ServerHello, TLS10, nil}},
		"a client that offers TLS 1.3, and grease": {hello(1, TLS12, offers, name), Hello{ClientHello, TLS13, []byte("dc1.lab.example")}},
		"a client of TLS 1.0":                      {hello(1, TLS10), Hello{ClientHello, TLS10, nil}},
		"a name of another kind":                   {hello(1, TLS12, extension(0, vector(2, []byte{1}, vector(2, []byte("x"))))), Hello{ClientHello, TLS12, nil}},
		"a hello cut before its version is sure":   {hello(2, TLS12)[:recordHeader+20], Hello{ServerHello, 0, nil}},
		"a hello cut in its extensions":            {hello(2, TLS12, extension(43, []byte{3, 4}))[:recordHeader+4+34+8+3+4], Hello{ServerHello, TLS12, nil}},
		"another handshake message":                {[]byte{Handshake, 3, 3, 0, 4, 11, 0, 0, 0}, Hello{}},
		"application data":                         {[]byte{ApplicationData, 3, 3, 0, 4, 1, 0, 0, 0}, Hello{}},
		"nothing":                                  {nil, Hello{}},
	} {
		t.Run(title, func(t *testing.T) {
			have := ReadHello(c.record)
			if have.Side != c.want.Side || have.Version != c.want.Version || !bytes.Equal(have.ServerName, c.want.ServerName) {
				t.Errorf("%+v, want %+v", have, c.want)
			}
			if n := testing.AllocsPerRun(20, func() { ReadHello(c.record) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
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

// FuzzHello reads any record: a name lies within it, and a hello that is cut
// says nothing that the whole one denies.
func FuzzHello(f *testing.F) {
	names, err := filepath.Glob("../../pcaps/*tls*.pcap")
	if err != nil || len(names) == 0 {
		f.Fatalf("no captures of TLS: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i := range b {
			if r, v := ScanRecord(b[i:]); v == OK && r.Type == Handshake && i+r.Len <= len(b) && ReadHello(b[i:i+r.Len]).Side != NoHello {
				f.Add(b[i : i+r.Len])
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := ReadHello(b)
		if len(whole.ServerName) > 0 && !bytes.Contains(b, whole.ServerName) {
			t.Fatal("a name from elsewhere")
		}
		for n := range b {
			if part := ReadHello(b[:n]); part.Side != NoHello && part.Side != whole.Side {
				t.Fatalf("%d octets are a hello of %d, the whole one of %d", n, part.Side, whole.Side)
			}
		}
	})
}
