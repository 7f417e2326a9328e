package sasl

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// authenticate is an AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3) with an NTLMv2
// response, in the order Windows writes it: the names first.
const authenticate = `
	4e544c4d53535000 03000000      # NTLMSSP, type 3
	0000 0000 5c000000             # LM response
	1800 1800 5c000000             # NT response
	0600 0600 40000000             # domain
	0800 0800 46000000             # user
	0e00 0e00 4e000000             # workstation
	0000 0000 74000000             # session key
	15820862                       # flags: unicode, sign, …
	4c00410042 00                  # LAB
	6d00690072006100               # mira
	43004c00490045004e0054003100   # CLIENT1
	000102030405060708090a0b0c0d0e0f1011121314151617`

func ntlmType3(t testing.TB) []byte { return octets(t, authenticate) }

func TestReadNTLM(t *testing.T) {
	change := func(at int, b ...byte) []byte {
		m := ntlmType3(t)
		copy(m[at:], b)
		return m
	}
	whole := NTLM{Domain: "LAB", User: "mira", Workstation: "CLIENT1", Sign: true, V1: true}
	for name, c := range map[string]struct {
		b    []byte
		want NTLM
		ok   bool
	}{
		"as Windows sends it":                  {ntlmType3(t), whole, true},
		"NTLMv2":                               {change(20, 0x17), NTLM{"LAB", "mira", "CLIENT1", true, false, false, false}, true},
		"sealed":                               {change(60, 0x35), NTLM{"LAB", "mira", "CLIENT1", true, true, true, false}, true},
		"anonymous by its flag":                {change(61, 0x8a), NTLM{"LAB", "mira", "CLIENT1", true, false, true, true}, true},
		"a user beyond the end":                {change(40, 0xff, 0xff, 0xff, 0xff), NTLM{"LAB", "", "CLIENT1", true, false, true, false}, true},
		"a length beyond the end":              {change(36, 0xff, 0xff), NTLM{"LAB", "", "CLIENT1", true, false, true, false}, true},
		"nobody: no user and no response":      {change(20, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 6, 0, 0x40, 0, 0, 0, 0, 0), NTLM{"LAB", "", "CLIENT1", true, false, false, true}, true},
		"in the character set of the terminal": {change(60, 0x14), NTLM{"L\x00A\x00B\x00", "m\x00i\x00r\x00a\x00", "C\x00L\x00I\x00E\x00N\x00T\x001\x00", true, false, true, false}, true},
		"a negotiate message":                  {change(8, 1), NTLM{}, false},
		"a cut header":                         {ntlmType3(t)[:63], NTLM{}, false},
		"something else":                       {bytes.Repeat([]byte("x"), 80), NTLM{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if have, ok := ReadNTLM(c.b); have != c.want || ok != c.ok {
				t.Errorf("%+v %v, want %+v %v", have, ok, c.want, c.ok)
			}
		})
	}
}

// element writes DER with a short length.
func element(tag byte, parts ...[]byte) []byte {
	b := bytes.Join(parts, nil)
	if len(b) < 0x80 {
		return append([]byte{tag, byte(len(b))}, b...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{tag, 0x82}, uint16(len(b))), b...)
}

func text1(s string) []byte { return element(0x1b, []byte(s)) }

// request is a GSS-API token with an AP-REQ (RFC 4121 4.1, RFC 4120 5.5.1).
func request(oid []byte) []byte {
	name := element(0x30, element(0xa0, []byte{2, 1, 2}), element(0xa1, element(0x30, text1("ldap"), text1("dc1.lab.example"))))
	ticket := element(0x61, element(0x30, element(0xa0, []byte{2, 1, 5}), element(0xa1, text1("LAB.EXAMPLE")), element(0xa2, name), element(0xa3, []byte("sealed"))))
	req := element(0x6e, element(0x30, element(0xa0, []byte{2, 1, 5}), element(0xa1, []byte{2, 1, 14}), element(0xa2, []byte{3, 5, 0, 0x20, 0, 0, 0}), element(0xa3, ticket), element(0xa4, []byte("sealed"))))
	return element(0x60, oid, []byte{1, 0}, req)
}

// first and later are the two kinds of SPNEGO token (RFC 4178 4.2).
func first(oid, token []byte) []byte {
	return element(0x60, oidSPNEGO, element(0xa0, element(0x30, element(0xa0, element(0x30, oid)), element(0xa2, element(0x04, token)))))
}

func later(token []byte) []byte {
	return element(0xa1, element(0x30, element(0xa0, []byte{0x0a, 1, 1}), element(0xa2, element(0x04, token)), element(0xa3, element(0x04, []byte("list")))))
}

func TestTokens(t *testing.T) {
	oidNTLM := []byte{0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a}
	negotiate := append([]byte("NTLMSSP\x00\x01\x00\x00\x00"), make([]byte, 20)...)
	kerberos := Client{Exposure: Ticket, Realm: "LAB.EXAMPLE", Service: "ldap/dc1.lab.example"}
	mira := Client{Exposure: Guessable, Identity: "mira", Domain: "LAB", Workstation: "CLIENT1"}
	nobody := ntlmType3(t)
	nobody[61] |= 8
	for name, c := range map[string]struct {
		mechanism string
		token     []byte
		want      Client
		layer     Layer
	}{
		"GSSAPI":                                 {"GSSAPI", request(oidKerberos), kerberos, LayerUnknown},
		"SPNEGO around Kerberos":                 {"GSS-SPNEGO", first(oidKerberos, request(oidKerberos)), kerberos, LayerUnknown},
		"SPNEGO around Microsoft's Kerberos":     {"GSS-SPNEGO", first(oidKerberosMS, request(oidKerberosMS)), kerberos, LayerUnknown},
		"SPNEGO around NTLM's first message":     {"GSS-SPNEGO", first(oidNTLM, negotiate), Client{Exposure: Guessable}, LayerUnknown},
		"SPNEGO around NTLM's last message":      {"GSS-SPNEGO", later(ntlmType3(t)), mira, LayerUnknown},
		"raw NTLM in GSS-SPNEGO":                 {"GSS-SPNEGO", ntlmType3(t), mira, LayerUnknown},
		"the mechanism NTLM":                     {"NTLM", ntlmType3(t), mira, LayerUnknown},
		"anonymous NTLM has nothing to guess at": {"NTLM", nobody, Client{Identity: "mira", Domain: "LAB", Workstation: "CLIENT1"}, LayerUnknown},
		"SPNEGO that names mechanisms only":      {"GSS-SPNEGO", element(0x60, oidSPNEGO, element(0xa0, element(0x30, element(0xa0, element(0x30, oidKerberos))))), Client{}, LayerUnknown},
		"a ticket that is cut":                   {"GSSAPI", request(oidKerberos)[:64], Client{Exposure: Ticket, Realm: "LAB.EXAMPLE"}, LayerUnknown},
		"no token at all":                        {"GSSAPI", []byte{}, Client{}, LayerUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			x := NewExchange([]byte(c.mechanism), true)
			if have := x.Client(c.token, true); have != c.want {
				t.Errorf("%+v, want %+v", have, c.want)
			}
			if x.Layer() != c.layer {
				t.Errorf("layer %d, want %d", x.Layer(), c.layer)
			}
		})
	}
	unsigned := ntlmType3(t)
	unsigned[60] &^= ntlmSign
	if x := NewExchange([]byte("NTLM"), true); x.Client(unsigned, true) != mira || x.Layer() != LayerNone {
		t.Errorf("NTLM without signing: layer %d", x.Layer())
	}
}

// FuzzNTLM wants names out of the message and nowhere else.
func FuzzNTLM(f *testing.F) {
	f.Add(ntlmType3(f))
	for _, b := range recorded(f) {
		if token := inner(b.Credentials); bytes.HasPrefix(token, ntlmSignature) {
			f.Add(bytes.Clone(token))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lent := bytes.Clone(b)
		n, ok := ReadNTLM(lent)
		if !ok && n != (NTLM{}) {
			t.Fatalf("no message, but %+v", n)
		}
		told := fmt.Sprintf("%+v", n)
		clear(lent)
		if fmt.Sprintf("%+v", n) != told {
			t.Fatal("borrowed octets are kept")
		}
		for _, name := range []string{n.Domain, n.User, n.Workstation} {
			if len(name) > 3*maxName || strings.Contains(told, "NTLMSSP\x00\x03") && len(b) < 64 {
				t.Fatalf("a name of %d octets", len(name))
			}
		}
	})
}

// FuzzSPNEGO unwraps anything: what is inside lies in what is outside.
func FuzzSPNEGO(f *testing.F) {
	f.Add(first(oidKerberos, request(oidKerberos)))
	f.Add(later(ntlmType3(f)))
	for _, b := range recorded(f) {
		f.Add(bytes.Clone(b.Credentials))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		token := inner(b)
		if len(token) > 0 && !bytes.Contains(b, token) {
			t.Fatal("a token from elsewhere")
		}
		for _, mechanism := range []string{"GSS-SPNEGO", "GSSAPI"} {
			c := NewExchange([]byte(mechanism), true).Client(b, true)
			if c.HasSecret {
				t.Fatalf("%s gave a password away", mechanism)
			}
			if len(c.Service) > 3*maxName || len(c.Realm) > maxName {
				t.Fatalf("a service of %d octets, a realm of %d", len(c.Service), len(c.Realm))
			}
		}
	})
}
