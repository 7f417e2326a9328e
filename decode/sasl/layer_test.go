package sasl

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/clearbind/clearbind/decode/ldap"
)

// text is what the buffers of the tests carry.
const text = "0\x84\x00\x00\x00\x10 a message here"

// framed puts a length in front of a token.
func framed(token string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(token))), token...)
}

// rfc4121 makes an unsealed wrap token: text and checksum, turned right.
func rfc4121(flags byte, ec, rrc int) string {
	body := text + "cccccccccccccccccccccccccccc"[:ec]
	turn := rrc % len(body)
	body = body[len(body)-turn:] + body[:len(body)-turn]
	return string([]byte{5, 4, flags, 0xff, byte(ec >> 8), byte(ec), byte(rrc >> 8), byte(rrc), 0, 0, 0, 0, 0, 0, 0, 9}) + body
}

// rfc1964Token makes a wrap token of RFC 1964, or of RFC 4757.
func rfc1964Token(sign, seal uint16, checksum int) string {
	b := append([]byte{}, oidKerberos...)
	b = append(b, 2, 1)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, sign), seal)
	b = append(b, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8)
	b = append(b, make([]byte, checksum)...)
	b = append(b, "confound"+text+"\x01"...)
	return string(append([]byte{0x60, byte(len(b))}, b...))
}

func TestScanBuffer(t *testing.T) {
	for name, c := range map[string]struct {
		token      string
		negotiated Layer
		want       Layer
		certain    bool
		text       string
	}{
		"RFC 4121, signed":                          {rfc4121(0, 12, 0), 0, LayerSigned, true, text},
		"RFC 4121, signed, turned as Windows does":  {rfc4121(1, 28, 28), 0, LayerSigned, true, text},
		"RFC 4121, signed, turned by an odd number": {rfc4121(4, 12, 5), 0, LayerSigned, true, text},
		"RFC 4121, turned more than once around":    {rfc4121(4, 12, 1000), 0, LayerSigned, true, text},
		"RFC 4121, sealed":                          {rfc4121(2, 12, 28), 0, LayerSealed, true, ""},
		"RFC 4121, sealed, whatever was agreed":     {rfc4121(6, 12, 28), LayerSigned, LayerSealed, true, ""},
		"RFC 1964, signed":                          {rfc1964Token(0, 0xffff, 8), 0, LayerSigned, true, text},
		"RFC 1964, DES3, signed":                    {rfc1964Token(0x0400, 0xffff, 20), 0, LayerSigned, true, text},
		"RFC 4757, sealed with RC4":                 {rfc1964Token(0x1100, 0x1000, 8), LayerSigned, LayerSealed, true, ""},
		"NTLM, where the text tells":                {"\x01\x00\x00\x00signaturesig" + text, 0, LayerUnknown, true, text},
		"NTLM, agreed to be without a layer":        {"\x01\x00\x00\x00signaturesig" + text, LayerNone, LayerUnknown, true, text},
		"DIGEST-MD5, signed":                        {text + "0123456789\x00\x01\x00\x00\x00\x00", LayerSigned, LayerSigned, false, text},
		"DIGEST-MD5, sealed":                        {"anything at all, as long as it is a bit longer", LayerSealed, LayerSealed, false, ""},
		"nobody knows what":                         {"anything at all, as long as it is a bit longer", LayerUnknown, LayerUnknown, false, ""},
		"60 that is no Kerberos":                    {"\x60\x05hello and what follows it, some more", LayerSealed, LayerSealed, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := framed(c.token)
			buf, v := ScanBuffer(append(bytes.Clone(b), "what follows"...), c.negotiated)
			if v != OK || buf.Len != len(b) || buf.Layer != c.want || buf.Certain() != c.certain {
				t.Errorf("verdict %d, %d octets of %d, layer %d, certain %v", v, buf.Len, len(b), buf.Layer, buf.Certain())
			}
			if c.want == LayerSealed {
				return
			}
			if have, _ := buf.Text(b, nil); string(have) != c.text {
				t.Errorf("text %q, want %q", have, c.text)
			}
			for n := range min(len(b), headRoom) {
				if _, v := ScanBuffer(b[:n], c.negotiated); n > 0 && v != NeedMore {
					t.Errorf("verdict %d of %d octets", v, n)
				}
			}
		})
	}
	for name, b := range map[string][]byte{
		"an LDAPMessage": {0x30, 0x0c, 2, 1, 1, 0x60}, "a length of nothing": {0, 0, 0, 0, 5, 4}, "16 MiB": {1, 0, 0, 0, 5, 4},
	} {
		if _, v := ScanBuffer(b, LayerSigned); v != NotBuffer {
			t.Errorf("%s is a buffer", name)
		}
	}
}

func TestLastStepOfGSSAPIChoosesTheLayer(t *testing.T) {
	for name, c := range map[string]struct {
		choice byte
		want   Layer
	}{"none": {1, LayerNone}, "integrity": {2, LayerSigned}, "confidentiality": {4, LayerSealed}} {
		t.Run(name, func(t *testing.T) {
			// RFC 4752 3.1: layer, the largest message, the authorisation identity.
			word := string([]byte{c.choice, 0, 0x10, 0}) + "dn:cn=mira"
			token := string([]byte{5, 4, 4, 0xff, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}) + word + "cccccccccccc"
			x := NewExchange([]byte("GSSAPI"), true)
			if have, want := x.Client([]byte(token), true), (Client{Exposure: Ticket, Identity: "dn:cn=mira"}); have != want {
				t.Errorf("%+v, want %+v", have, want)
			}
			if x.Layer() != c.want {
				t.Errorf("layer %d, want %d", x.Layer(), c.want)
			}
		})
	}
}

func TestNothingIsAllocatedForABuffer(t *testing.T) {
	signed, sealed, turned := framed(rfc4121(0, 12, 12)), framed(rfc4121(2, 12, 0)), framed(rfc4121(0, 12, 5))
	scratch := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range [][]byte{signed, sealed, turned} {
			buf, _ := ScanBuffer(b, LayerUnknown)
			_, scratch = buf.Text(b, scratch)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzBuffer wants texts that lie within their buffers, and the same verdict
// whatever follows.
func FuzzBuffer(f *testing.F) {
	for _, token := range []string{rfc4121(0, 12, 0), rfc4121(2, 28, 28), rfc4121(4, 12, 5), rfc1964Token(0, 0xffff, 8), "\x01\x00\x00\x00signaturesig" + text} {
		for layer := range LayerSealed + 1 {
			f.Add(framed(token), uint8(layer))
		}
	}
	names, err := filepath.Glob("../../pcaps/*s[ei][ag][ln]ed*.pcap")
	if err != nil || len(names) == 0 {
		f.Fatalf("no captures with a layer: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i := range b {
			if buf, v := ScanBuffer(b[i:], LayerUnknown); v == OK && buf.Certain() && i+buf.Len <= len(b) {
				f.Add(b[i:i+buf.Len], uint8(0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, negotiated uint8) {
		layer := Layer(negotiated % 4)
		buf, v := ScanBuffer(b, layer)
		if v != OK {
			if buf.Len != 0 && v == NotBuffer {
				t.Fatalf("no buffer, of %d octets", buf.Len)
			}
			return
		}
		if more, w := ScanBuffer(append(bytes.Clone(b), 0x30, 0), layer); len(b) >= buf.Len && (w != v || more != buf) {
			t.Fatalf("%+v, with more behind it %+v", buf, more)
		}
		if len(b) < buf.Len {
			return
		}
		whole := b[:buf.Len:buf.Len]
		if have, _ := buf.Text(whole, nil); len(have) > len(whole)-4 {
			t.Fatalf("%d octets of text in %d", len(have), len(whole))
		}
		_ = ldap.Plausible(whole[min(buf.Readable(), buf.Len):])
	})
}
