package sasl

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
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
		"RFC 4121 in the frame of SPNEGO":           {string(later([]byte(rfc4121(4, 12, 12)))), 0, LayerSigned, true, text},
		"RFC 4121, sealed, in a first frame":        {string(first(oidKerberos, []byte(rfc4121(6, 12, 28)))), 0, LayerSealed, true, ""},
		"RFC 1964 in the frame of SPNEGO":           {string(later([]byte(rfc1964Token(0x1100, 0xffff, 8)))), 0, LayerSigned, true, text},
		"NTLM in the frame of SPNEGO":               {string(later([]byte("\x01\x00\x00\x00signaturesig" + text))), 0, LayerUnknown, true, text},
		"a frame with nothing in it, and no text":   {string(element(0xa1, element(0x30, element(0xa0, []byte{0x0a, 1, 1})))), LayerSealed, LayerSealed, false, ""},
		"RFC 4757, signed with RC4":                 {rfc1964Token(0x1100, 0xffff, 8), LayerSealed, LayerSigned, true, text},
		"RFC 4121 with more checksum than there is": {string([]byte{5, 4, 4, 0xff, 0xff, 0xff, 0, 12, 0, 0, 0, 0, 0, 0, 0, 9}) + text, 0, LayerSigned, true, ""},
		"RFC 1964 with nothing in it":               {string(element(0x60, oidKerberos, []byte{2, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8}, []byte("checksumconfound"))), 0, LayerSigned, true, ""},
		"RFC 1964 with padding that cannot be":      {strings.TrimSuffix(rfc1964Token(0, 0xffff, 8), "\x01") + "\x09", 0, LayerSigned, true, ""},
		"DIGEST-MD5, signed, of an unseen login":    {text + "0123456789\x00\x01\x00\x00\x00\x07", LayerUnknown, LayerUnknown, false, text},
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
			if c.text != "" && c.certain && buf.token == tokenNTLM && !strings.HasPrefix(string(b[buf.Readable():]), c.text) {
				t.Errorf("readable from %d", buf.Readable())
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
	const sum = "cccccccccccc"
	wrap := func(word string) string {
		return string([]byte{5, 4, 4, 0xff, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}) + word + sum
	}
	turned := func(word string) string { // checksum first, as Windows does
		return string([]byte{5, 4, 4, 0xff, 0, 12, 0, 12, 0, 0, 0, 0, 0, 0, 0, 9}) + sum + word
	}
	old := func(word string) string { // RFC 1964, of DES, DES3 and RC4
		b := append(bytes.Clone(oidKerberos), 2, 1, 0x11, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8)
		return string(element(0x60, b, []byte("checksumconfound"+word+"\x01")))
	}
	sealed := func(string) string { return string([]byte{5, 4, 6, 0xff, 0, 0, 0, 28}) + strings.Repeat("s", 60) }
	mira := Client{Exposure: Ticket, Identity: "dn:cn=mira"}
	for name, c := range map[string]struct {
		mechanism string
		wrap      func(word string) string
		choice    byte
		client    Client
		want      Layer
	}{
		"none":                              {"GSSAPI", wrap, 1, mira, LayerNone},
		"integrity":                         {"GSSAPI", wrap, 2, mira, LayerSigned},
		"confidentiality":                   {"GSSAPI", wrap, 4, mira, LayerSealed},
		"confidentiality, turned":           {"GSSAPI", turned, 4, mira, LayerSealed},
		"none, RFC 1964":                    {"GSSAPI", old, 1, mira, LayerNone},
		"integrity, RFC 1964":               {"GSSAPI", old, 2, mira, LayerSigned},
		"a choice that nobody can read":     {"GSSAPI", sealed, 1, Client{}, LayerUnknown},
		"GSS-SPNEGO has no choice to make":  {"GSS-SPNEGO", wrap, 1, Client{}, LayerUnknown},
		"a word too short to hold a choice": {"GSSAPI", func(string) string { return wrap("\x01") }, 1, Client{}, LayerUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			// RFC 4752 3.1: layer, the largest message, the authorisation identity.
			token := c.wrap(string([]byte{c.choice, 0, 0x10, 0}) + "dn:cn=mira")
			x := NewExchange([]byte(c.mechanism), true)
			if have := x.Client([]byte(token), true); have != c.client {
				t.Errorf("%+v, want %+v", have, c.client)
			}
			if x.Layer() != c.want {
				t.Errorf("layer %d, want %d", x.Layer(), c.want)
			}
		})
	}
}

func TestNothingIsAllocatedForABuffer(t *testing.T) {
	buffers := [][]byte{
		framed(rfc4121(0, 12, 12)), framed(rfc4121(2, 12, 0)), framed(rfc4121(0, 12, 5)), framed(rfc1964Token(0, 0xffff, 8)),
		framed("\x01\x00\x00\x00signaturesig" + text), framed(text + "0123456789\x00\x01\x00\x00\x00\x00"), framed(string(later([]byte(rfc4121(4, 12, 12))))),
	}
	scratch := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range buffers {
			buf, _ := ScanBuffer(b, LayerUnknown)
			_, scratch = buf.Text(b, scratch)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestScratchIsAsLongAsWhatIsInIt: the caller wipes that much at every buffer, so
// a long one before must cost the short ones after it nothing.
func TestScratchIsAsLongAsWhatIsInIt(t *testing.T) {
	scratch := make([]byte, 200, 500)
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"turned":             {rfc4121(0, 12, 5), len(text) + 12},
		"turned by its sum":  {rfc4121(0, 12, 12), 0},
		"not turned":         {rfc4121(0, 12, 0), 0},
		"RFC 1964":           {rfc1964Token(0, 0xffff, 8), 0},
		"NTLM":               {"\x01\x00\x00\x00signaturesig" + text, 0},
		"DIGEST-MD5":         {text + "0123456789\x00\x01\x00\x00\x00\x00", 0},
		"more sum than text": {string([]byte{5, 4, 4, 0xff, 0xff, 0xff, 0, 12, 0, 0, 0, 0, 0, 0, 0, 9}) + text, 0},
	} {
		b := framed(c.token)
		buf, _ := ScanBuffer(b, LayerUnknown)
		if _, after := buf.Text(b, scratch); len(after) != c.want || cap(after) != cap(scratch) {
			t.Errorf("%s: %d octets of scratch, want %d", name, len(after), c.want)
		}
	}
	b := framed(rfc4121(0, 12, 5))
	buf, _ := ScanBuffer(b, LayerUnknown)
	if n := testing.AllocsPerRun(100, func() { buf.Text(b, nil) }); n != 1 {
		t.Errorf("%v allocations: what the scratch grew out of is not wiped", n)
	}
}

// FuzzBuffer wants a verdict that no further octet changes, texts made of the
// octets of their buffers, and sealed buffers that are not read.
func FuzzBuffer(f *testing.F) {
	for _, token := range []string{
		rfc4121(0, 12, 0), rfc4121(2, 28, 28), rfc4121(4, 12, 5), rfc1964Token(0, 0xffff, 8), "\x01\x00\x00\x00signaturesig" + text,
		string(later([]byte(rfc4121(4, 12, 12)))), string(first(oidKerberos, []byte(rfc1964Token(0, 0xffff, 8)))),
	} {
		for layer := range LayerSealed + 1 {
			f.Add(framed(token), uint8(layer))
		}
	}
	for _, b := range recordedBuffers(f) {
		f.Add(b, uint8(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, negotiated uint8) {
		layer := Layer(negotiated % 4)
		buf, v := ScanBuffer(b, layer)
		settled := false
		for n := range min(len(b), 2*(headRoom+wrapRoom)) {
			part, w := ScanBuffer(b[:n:n], layer)
			if settled = settled || n > 0 && w != NeedMore; settled && (w != v || w == OK && part != buf) {
				t.Fatalf("%d octets are %d %+v, all of them %d %+v", n, w, part, v, buf)
			}
		}
		if v == NeedMore && len(b) >= headRoom+wrapRoom {
			t.Fatalf("%d octets are not enough", len(b))
		}
		if v != OK {
			return
		}
		if more, w := ScanBuffer(append(bytes.Clone(b), 0x30, 0), layer); w != v || more != buf {
			t.Fatalf("%+v, with more behind it %+v", buf, more)
		}
		if buf.Len < 5 || buf.Readable() < 4 || buf.Readable() > 4+wrapRoom+headRoom+16 {
			t.Fatalf("%+v, readable from %d", buf, buf.Readable())
		}
		if len(b) >= buf.Len {
			made(t, &buf, b[:buf.Len:buf.Len])
		}
	})
}

// made holds a buffer's text to its octets.
func made(t *testing.T, buf *Buffer, whole []byte) {
	before := bytes.Clone(whole)
	have, scratch := buf.Text(whole, nil)
	if !bytes.Equal(whole, before) {
		t.Fatal("reading changed the buffer")
	}
	var octets [256]int
	for _, o := range whole[4:] {
		octets[o]++
	}
	for _, o := range have {
		if octets[o]--; octets[o] < 0 {
			t.Fatal("the text has octets that the buffer has not")
		}
	}
	if scratch == nil && !bytes.Contains(whole, have) {
		t.Fatal("a borrowed text from elsewhere")
	}
	if again, _ := buf.Text(whole, make([]byte, 3, 512)); !bytes.Equal(again, have) {
		t.Fatal("the text depends on what was in the scratch")
	}
	if buf.token == tokenNTLM && !bytes.HasPrefix(whole[buf.Readable():], have) {
		t.Fatalf("readable from %d", buf.Readable())
	}
}
