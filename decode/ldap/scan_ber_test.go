package ldap

import (
	"bytes"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// FuzzScanAgainstBER wants Scan to find the envelope that asn1-ber finds in
// what it reads, where treeBounded has seen that both read the same.
func FuzzScanAgainstBER(f *testing.F) {
	for _, m := range samples {
		f.Add(m)
	}
	f.Add(list(integer(0xff, 0xff, 0xff, 0xff), []byte{0x42, 0}))
	f.Add(list(integer(), []byte{0x42, 0}))
	f.Add(list([]byte{0x02, 0x81, 1, 5}, []byte{0x4a, 0x82, 0, 1, 'x'}, elem(0xa0, list(str("1.2")))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !treeBounded(b) {
			return
		}
		p, err := ber.DecodePacketErr(b)
		if err != nil || len(p.Children) < 2 || tagOf(p) != tagSequence || tagOf(p.Children[0]) != 0x02 {
			return
		}
		op := p.Children[1]
		if op.ClassType != ber.ClassApplication {
			return
		}
		id := p.Children[0].Data.Bytes()
		h, v := Scan(b)
		if len(id) > 5 || len(id) == 5 && (id[0] != 0 || id[1] >= 0x80) {
			if v != NotLDAP {
				t.Errorf("an ID % x is one: %+v, verdict %d", id, h, v)
			}
			return
		}
		if v != OK || h.Len != len(b) || h.Op != opByTag[tagOf(op)] {
			t.Fatalf("%+v, verdict %d, of % x", h, v, b)
		}
		if want, is := p.Children[0].Value.(int64); is && want >= 0 && want <= 1<<31-1 && len(id) > 0 && int64(h.ID) != want {
			t.Errorf("ID %d, want %d", h.ID, want)
		}
		if op.TagType == ber.TypePrimitive && !bytes.Equal(b[h.Body:h.Body+h.BodyLen], op.Data.Bytes()) {
			t.Errorf("contents % x, want % x", b[h.Body:h.Body+h.BodyLen], op.Data.Bytes())
		}
	})
}
