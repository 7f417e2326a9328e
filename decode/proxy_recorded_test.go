package decode_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/internal/recorded"
)

// headers gives the headers in front of recorded streams, by capture.
func headers(t testing.TB) map[string][]byte {
	t.Helper()
	streams, err := recorded.Streams("../pcaps/*.pcap")
	if err != nil || len(streams) < 100 {
		t.Fatalf("%d streams recorded: %v", len(streams), err)
	}
	all := map[string][]byte{}
	for _, s := range streams {
		if _, v := decode.ReadProxy(s.Data); v == decode.Yes {
			all[filepath.Base(s.File)] = s.Data
		}
	}
	return all
}

func TestRecordedProxyHeaders(t *testing.T) {
	all := headers(t)
	for file, want := range map[string]struct {
		size  int // 0: the ports decide
		port  uint16
		first byte // of what comes behind the header
		tls   bool // up to the balancer
	}{
		"proxy-v1.pcap":            {0, 389, 0x30, false},
		"proxy-v2.pcap":            {28, 389, 0x30, false},
		"proxy-v2-starttls.pcap":   {28, 389, 0x30, false},
		"proxy-v2-ipv6.pcap":       {52, 389, 0x30, false},
		"proxy-v2-tlv.pcap":        {64, 389, 0x30, false},
		"proxy-v2-client-tls.pcap": {46, 636, 0x30, true},
		"proxy-v2-ldaps.pcap":      {28, 636, 0x16, false},
	} {
		p, _ := decode.ReadProxy(all[file])
		if !p.Known || p.TLS != want.tls || p.Src == p.Dst || p.Dst.Port != want.port || want.size > 0 && p.Len != want.size {
			t.Errorf("%s: %+v", file, p)
		}
		if len(all[file]) <= p.Len || all[file][p.Len] != want.first {
			t.Errorf("%s: no message behind %d octets", file, p.Len)
		}
		delete(all, file)
	}
	if p, _ := decode.ReadProxy(all["proxy-v2-health-check.pcap"]); p != (decode.Proxy{Len: 16}) {
		t.Errorf("a header that names nobody: %+v", p)
	}
	delete(all, "proxy-v2-health-check.pcap")
	for file := range all {
		t.Errorf("%s has a header", file)
	}
}

// FuzzProxy wants a header that lies within its octets, is the same whatever
// follows it, and is not there before its last octet is.
func FuzzProxy(f *testing.F) {
	for _, b := range headers(f) {
		f.Add(b[:min(len(b), 200)])
	}
	f.Add([]byte("PROXY TCP4 192.0.2.1 198.51.100.2 56324 389\r\n0\x0c"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x17\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\x85\x20\x00\x08\x01\x00\x00\x00\x00\x21\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		p, v := decode.ReadProxy(b)
		if !bytes.Equal(b, before) {
			t.Fatal("reading changed the octets")
		}
		if v != decode.Yes {
			if p != (decode.Proxy{}) {
				t.Fatalf("none, but %+v", p)
			}
			if v == decode.NeedMore && len(b) >= 4096 {
				t.Fatalf("%d octets are not enough", len(b))
			}
			return
		}
		if p.Len < 15 || p.Len > len(b) {
			t.Fatalf("%d octets of %d", p.Len, len(b))
		}
		if q, w := decode.ReadProxy(append(bytes.Clone(b[:p.Len]), "0\x0c"...)); q != p || w != v {
			t.Fatalf("%+v, with something else behind it %+v", p, q)
		}
		for n := range p.Len {
			if _, w := decode.ReadProxy(b[:n:n]); w != decode.NeedMore {
				t.Fatalf("%d octets of %d are %d", n, p.Len, w)
			}
		}
	})
}
