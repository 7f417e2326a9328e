package sasl

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
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

// The examples of MS-NLMP 4.2.2.3 and 4.2.4.3: NTLMv1 and NTLMv2.
const (
	specNTLMv1 = `
	4e544c4d53535000 03000000      # NTLMSSP, type 3
	1800 1800 6c000000             # LM response
	1800 1800 84000000             # NT response
	0c00 0c00 48000000             # domain
	0800 0800 54000000             # user
	1000 1000 5c000000             # workstation
	1000 1000 9c000000             # session key
	358280e2 0501280a0000000f      # flags: unicode, sign, seal, …; version
	44006f006d00610069006e00       # Domain
	5500730065007200               # User
	43004f004d0050005500540045005200 # COMPUTER
	98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13
	67c43011f30298a2ad35ece64f16331c44bdbed927841f94
	518822b1b3f350c8958682ecbb3e3cb7`
	specNTLMv2 = `
	4e544c4d53535000 03000000
	1800 1800 6c000000             # LM response
	5400 5400 84000000             # NT response, of 84 octets
	0c00 0c00 48000000             # domain
	0800 0800 54000000             # user
	1000 1000 5c000000             # workstation
	1000 1000 d8000000             # session key
	358288e2 0501280a0000000f
	44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
	86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa
	68cd0ab851e51c96aabc927bebef6a1c 0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
	02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000
	c5dad2544fc9799094ce1ce90bc9d03e`
	// oldNTLM ends its header behind the workstation: no key, no flags.
	oldNTLM = `
	4e544c4d53535000 03000000
	1800 1800 42000000             # LM response only
	0000 0000 5a000000             # NT response
	0300 0300 34000000             # domain
	0400 0400 37000000             # user
	0700 0700 3b000000             # workstation
	4c4142 4d495241 434c49454e5431 # LAB, MIRA, CLIENT1, in the code page of the client
	000102030405060708090a0b0c0d0e0f1011121314151617`
)

func ntlmType3(t testing.TB) []byte { return octets(t, authenticate) }

func TestAuthenticateMessage(t *testing.T) {
	change := func(at int, b ...byte) []byte {
		m := ntlmType3(t)
		copy(m[at:], b)
		return m
	}
	whole := ntlm{Domain: "LAB", User: "mira", Workstation: "CLIENT1", Sign: true}
	for name, c := range map[string]struct {
		b    []byte
		want ntlm
		ok   bool
	}{
		"as Windows sends it":             {ntlmType3(t), whole, true},
		"NTLMv1 (MS-NLMP 4.2.2.3)":        {octets(t, specNTLMv1), ntlm{"Domain", "User", "COMPUTER", true, true, false}, true},
		"NTLMv2 (MS-NLMP 4.2.4.3)":        {octets(t, specNTLMv2), ntlm{"Domain", "User", "COMPUTER", true, true, false}, true},
		"LM of a client without flags":    {octets(t, oldNTLM), ntlm{"LAB", "MIRA", "CLIENT1", false, false, false}, true},
		"the same with names in UTF-16":   {wide(t), ntlm{"", "MIRA", "", false, false, false}, true},
		"NTLMv2":                          {change(20, 0x17), ntlm{"LAB", "mira", "CLIENT1", true, false, false}, true},
		"sealed":                          {change(60, 0x35), ntlm{"LAB", "mira", "CLIENT1", true, true, false}, true},
		"anonymous by its flag only":      {change(61, 0x8a), whole, true}, // there is a response to guess at
		"anonymous by flag, no response":  {anonymous(t), ntlm{"LAB", "mira", "CLIENT1", true, false, true}, true},
		"a user beyond the end":           {change(40, 0xff, 0xff, 0xff, 0xff), ntlm{"LAB", "", "CLIENT1", true, false, false}, true},
		"a length beyond the end":         {change(36, 0xff, 0xff), ntlm{"LAB", "", "CLIENT1", true, false, false}, true},
		"no user and no response":         {change(20, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 6, 0, 0x40, 0, 0, 0, 0, 0), ntlm{"LAB", "", "CLIENT1", true, false, true}, true},
		"no user, but an LM response":     {func() []byte { m := change(20, 0, 0); m[36], m[12] = 0, 24; return m }(), ntlm{"LAB", "", "CLIENT1", true, false, false}, true},
		"in the code page of the client":  {change(60, 0x14), ntlm{"L\x00A\x00B\x00", "m\x00i\x00r\x00a\x00", "C\x00L\x00I\x00E\x00N\x00T\x001\x00", true, false, false}, true},
		"UTF-16 of an odd length, broken": {change(36, 7, 0, 7, 0, 0x46, 0, 0, 0, 14, 0, 14, 0, 0x4e, 0, 0, 0), ntlm{"LAB", "mir", "CLIENT1", true, false, false}, true},
		"a negotiate message":             {change(8, 1), ntlm{}, false},
		"a cut header":                    {ntlmType3(t)[:63], ntlm{}, false},
		"something else":                  {bytes.Repeat([]byte("x"), 80), ntlm{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if have, ok := readAuthenticate(c.b); have != c.want || ok != c.ok {
				t.Errorf("%+v %v, want %+v %v", have, ok, c.want, c.ok)
			}
		})
	}
}

// anonymous is a message without responses.
func anonymous(t testing.TB) []byte {
	m := ntlmType3(t)
	copy(m[12:], []byte{1, 0, 1, 0}) // MS-NLMP 3.2.5.1.2: one octet of LM response
	copy(m[20:], []byte{0, 0, 0, 0})
	m[61] |= 8
	return m
}

// wide is a message without flags whose user is in UTF-16.
func wide(t testing.TB) []byte {
	m := octets(t, oldNTLM)[:52]
	copy(m[12:], make([]byte, 40)) // no domain, no workstation
	copy(m[12:], []byte{24, 0, 24, 0, 60})
	copy(m[36:], []byte{8, 0, 8, 0, 52})
	return append(append(m, utf16Of("MIRA")...), make([]byte, 24)...)
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
	ticket := element(0x61, element(0x30, element(0xa0, []byte{2, 1, 5}), element(0xa1, text1("LAB.EXAMPLE")), element(0xa2, name), element(0xa3, element(0x30, element(0xa0, []byte{2, 1, 23}), element(0xa1, []byte{2, 1, 4}), element(0xa2, element(0x04, []byte("sealed")))))))
	req := element(0x6e, element(0x30, element(0xa0, []byte{2, 1, 5}), element(0xa1, []byte{2, 1, 14}), element(0xa2, []byte{3, 5, 0, 0x20, 0, 0, 0}), element(0xa3, ticket), element(0xa4, []byte("sealed"))))
	return element(0x60, oid, []byte{1, 0}, req)
}

// first and later are the two kinds of SPNEGO token (RFC 4178 4.2).
func first(oid, token []byte) []byte {
	return element(0x60, oidSPNEGO, element(0xa0, element(0x30, element(0xa0, element(0x30, oid)), element(0xa2, element(0x04, token)))))
}

// offer is the first token of a client that knows several mechanisms.
func offer(oids [][]byte, token []byte) []byte {
	return element(0x60, oidSPNEGO, element(0xa0, element(0x30, element(0xa0, element(0x30, oids...)), element(0xa2, element(0x04, token)))))
}

func later(token []byte) []byte {
	return element(0xa1, element(0x30, element(0xa0, []byte{0x0a, 1, 1}), element(0xa2, element(0x04, token)), element(0xa3, element(0x04, []byte("list")))))
}

func TestTokens(t *testing.T) {
	oidNTLM := []byte{0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a}
	negotiate := append([]byte("NTLMSSP\x00\x01\x00\x00\x00"), make([]byte, 20)...)
	kerberos := Client{Exposure: Ticket, Realm: "LAB.EXAMPLE", Service: "ldap/dc1.lab.example"}
	mira := Client{Exposure: Guessable, Identity: "mira", Domain: "LAB", Workstation: "CLIENT1"}
	nobody := anonymous(t)
	oidNegoEx := []byte{0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1e}
	req := request(oidKerberos)
	bare := req[bytes.IndexByte(req, 0x6e):] // the AP-REQ itself
	reply := element(0x60, oidKerberos, []byte{2, 0}, element(0x6f, []byte("sealed")))
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
		"SPNEGO of Windows, which offers four":   {"GSS-SPNEGO", offer([][]byte{oidKerberosMS, oidKerberos, oidNegoEx, oidNTLM}, req), kerberos, LayerUnknown},
		"SPNEGO with flags of the request":       {"GSS-SPNEGO", element(0x60, oidSPNEGO, element(0xa0, element(0x30, element(0xa0, element(0x30, oidKerberos)), element(0xa1, []byte{3, 2, 1, 0x46}), element(0xa2, element(0x04, req)), element(0xa3, element(0x04, []byte("mic")))))), kerberos, LayerUnknown},
		"SPNEGO without its frame":               {"GSS-SPNEGO", first(oidKerberos, req)[12:], kerberos, LayerUnknown},
		"SPNEGO around NegoEx":                   {"GSS-SPNEGO", offer([][]byte{oidNegoEx, oidNTLM}, []byte("NEGOEXTS and what it negotiates")), Client{}, LayerUnknown},
		"SPNEGO around an AP-REQ in DCE style":   {"GSS-SPNEGO", first(oidKerberos, bare), kerberos, LayerUnknown},
		"SPNEGO that ends with a checksum only":  {"GSS-SPNEGO", element(0xa1, element(0x30, element(0xa0, []byte{0x0a, 1, 0}), element(0xa3, element(0x04, []byte("mic"))))), Client{}, LayerUnknown},
		"SPNEGO around an AP-REP":                {"GSS-SPNEGO", later(reply), Client{Exposure: Ticket}, LayerUnknown},
		"raw Kerberos in GSS-SPNEGO":             {"GSS-SPNEGO", req, kerberos, LayerUnknown},
		"GS2-KRB5 (RFC 5801)":                    {"GS2-KRB5", append([]byte("n,a=mi=2Cra,"), append([]byte{1, 0}, bare...)...), Client{Exposure: Ticket, Identity: "mi,ra", Realm: "LAB.EXAMPLE", Service: "ldap/dc1.lab.example"}, LayerUnknown},
		"a length that is not definite":          {"GSS-SPNEGO", append([]byte{0x60, 0x80}, req[2:]...), Client{}, LayerUnknown},
		"GS2-KRB5-PLUS":                          {"GS2-KRB5-PLUS", append([]byte("p=tls-unique,,"), append([]byte{1, 0}, bare...)...), kerberos, LayerUnknown},
		"GS2 with GSS-API's own frame":           {"GS2-KRB5", append([]byte("F,n,,"), req...), kerberos, LayerUnknown},
		"a ticket that is cut":                   {"GSSAPI", req[:bytes.Index(req, []byte("LAB.EXAMPLE"))+11], Client{Exposure: Ticket, Realm: "LAB.EXAMPLE"}, LayerUnknown},
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

// FuzzNTLM wants names made of the message's own octets, whatever lies behind
// it, and kept from nobody's memory.
func FuzzNTLM(f *testing.F) {
	f.Add(ntlmType3(f))
	f.Add(octets(f, specNTLMv1))
	f.Add(octets(f, specNTLMv2))
	f.Add(octets(f, oldNTLM))
	for _, steps := range recordedSteps(f) {
		for _, b := range steps {
			if token := inner(b.Credentials); bytes.HasPrefix(token, ntlmSignature) {
				f.Add(token)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lent := bytes.Clone(b)
		n, ok := readAuthenticate(lent)
		if !ok && n != (ntlm{}) {
			t.Fatalf("no message, but %+v", n)
		}
		before := fmt.Sprintf("%+v", n)
		clear(lent)
		if fmt.Sprintf("%+v", n) != before {
			t.Fatal("borrowed octets are kept")
		}
		roomy := append(bytes.Clone(b), bytes.Repeat([]byte("x"), 64)...)
		if other, _ := readAuthenticate(roomy[:len(b)]); other != n {
			t.Fatalf("%+v, with something behind it %+v", n, other)
		}
		for _, name := range []string{n.Domain, n.User, n.Workstation} {
			if len(name) > 3*maxName || len(name) > 2*len(b) {
				t.Fatalf("a name of %d octets in %d", len(name), len(b))
			}
			if !bytes.Contains(b, []byte(name)) && !bytes.Contains(b, utf16Of(name)) && !strings.Contains(name, "\ufffd") {
				t.Fatalf("%q is not in the message", name)
			}
		}
	})
}

// utf16Of writes a name as UTF-16LE.
func utf16Of(name string) (b []byte) {
	for _, u := range utf16.Encode([]rune(name)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// FuzzSPNEGO unwraps anything: what is inside lies in what is outside.
func FuzzSPNEGO(f *testing.F) {
	f.Add(first(oidKerberos, request(oidKerberos)))
	f.Add(later(ntlmType3(f)))
	f.Add(offer([][]byte{oidKerberosMS, oidKerberos}, request(oidKerberos)))
	f.Add(append([]byte("n,a=u,"), request(oidKerberos)[13:]...))
	f.Add(element(0x60, oidKerberos, []byte{2, 1, 0x11, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8}, []byte("checksumconfound\x01\x00\x00\x00mira\x01")))
	for _, steps := range recordedSteps(f) {
		for _, b := range steps {
			f.Add(b.Credentials)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		token := inner(b)
		if len(token) > 0 && !bytes.Contains(b, token) {
			t.Fatal("a token from elsewhere")
		}
		if len(token) > 0 && &token[:cap(token)][cap(token)-1] != &b[:cap(b)][cap(b)-1] {
			t.Fatal("a token of another memory") // ScanBuffer counts on it
		}
		for _, mechanism := range []string{"GSS-SPNEGO", "GSSAPI", "GS2-KRB5"} {
			x := NewExchange([]byte(mechanism), true)
			lent := bytes.Clone(b)
			c := x.Client(lent, true)
			before := told(x, c)
			clear(lent)
			if told(x, c) != before {
				t.Fatal("borrowed octets are kept")
			}
			if c.HasSecret {
				t.Fatalf("%s gave a password away", mechanism)
			}
			if len(c.Service) > 3*maxName || len(c.Realm) > maxName || len(c.Identity) > 3*maxName {
				t.Fatalf("a service of %d octets, a realm of %d, a name of %d", len(c.Service), len(c.Realm), len(c.Identity))
			}
		}
	})
}
