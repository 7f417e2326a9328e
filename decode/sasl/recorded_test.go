package sasl

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/internal/recorded"
)

// heard is what one direction of a recorded connection has for this package.
type heard struct {
	file    string
	binds   []ldap.Bind // by SASL or Sicily
	buffers [][]byte
}

// listen cuts a stream into messages and buffers, up to the first octet that is
// neither.
func listen(s *recorded.Stream) heard {
	h := heard{file: strings.TrimSuffix(filepath.Base(s.File), ".pcap")}
	for b := s.Data; len(b) > 0; {
		size := 0
		if b[0] == 0 {
			buf, v := ScanBuffer(b, LayerUnknown)
			if v != OK || buf.Len > len(b) {
				return h
			}
			h.buffers = append(h.buffers, b[:buf.Len:buf.Len])
			size = buf.Len
		} else {
			m, v := ldap.Scan(b)
			if v != ldap.OK || m.Len > len(b) {
				return h
			}
			if r, ok := ldap.ParseBindRequest(b[m.Body : m.Body+m.BodyLen]); ok && m.Op == ldap.BindRequest && r.Choice >= ldap.SASL {
				if r.Choice != ldap.SASL {
					r.Mechanism = []byte("NTLM")
				}
				h.binds = append(h.binds, r)
			}
			size = m.Len
		}
		b = b[size:]
	}
	return h
}

// everything listens to every stream of the shipped captures.
func everything(t testing.TB) (all []heard) {
	t.Helper()
	streams, err := recorded.Streams("../../pcaps/*.pcap")
	if err != nil || len(streams) < 100 {
		t.Fatalf("%d streams recorded: %v", len(streams), err)
	}
	for _, s := range streams {
		if h := listen(s); len(h.binds)+len(h.buffers) > 0 {
			all = append(all, h)
		}
	}
	return all
}

// recordedSteps gives the steps of every exchange, recordedBuffers every buffer.
func recordedSteps(t testing.TB) (all [][]ldap.Bind) {
	for _, h := range everything(t) {
		if len(h.binds) > 0 {
			all = append(all, h.binds)
		}
	}
	return all
}

func recordedBuffers(t testing.TB) (all [][]byte) {
	for _, h := range everything(t) {
		all = append(all, h.buffers...)
	}
	return all
}

// outcome is what a recorded exchange comes to, and what its layer carried.
type outcome struct {
	Client
	layer  Layer
	signed bool // a buffer was signed only, and read
	sealed bool // a buffer was sealed, or has no text that can be read
}

func TestRecordedExchanges(t *testing.T) {
	samba := Client{Exposure: Ticket, Realm: "AD.EXAMPLE.ORG", Service: "ldap/dc1.ad.example.org"}
	mit := Client{Exposure: Ticket, Realm: "EXAMPLE.ORG", Service: "ldap/ldap.example.org"}
	ntlm := Client{Exposure: Guessable, Identity: "mira", Domain: "LAB", Workstation: "VM"}
	digest := Client{Exposure: Guessable, Identity: "mira", Realm: "example.org"}
	cram := Client{Exposure: Guessable, Identity: "mira"}
	plain := Client{Exposure: Password, HasSecret: true, Identity: "mira"}
	scram := Client{Exposure: Salted, Identity: "mira"}
	all := everything(t)
	for file, want := range map[string]outcome{
		"ad-gssapi-signed":               {samba, LayerSigned, true, false},
		"ad-gssapi-sealed":               {samba, LayerSealed, false, true},
		"ad-ntlm-sign-flag-sealed":       {ntlm, LayerUnknown, false, true},
		"sasl-gssapi-none":               {mit, LayerNone, false, false},
		"sasl-gssapi-signed":             {mit, LayerSigned, true, false},
		"sasl-gssapi-sealed":             {mit, LayerSealed, false, true},
		"sasl-gss-spnego-none":           {mit, LayerUnknown, false, false},
		"sasl-gss-spnego-sealed":         {mit, LayerUnknown, false, true},
		"sasl-digest-md5-auth":           {digest, LayerNone, false, false},
		"sasl-digest-md5-auth-int":       {digest, LayerSigned, true, false},
		"sasl-digest-md5-auth-conf":      {digest, LayerSealed, false, true},
		"sasl-digest-md5-auth-int-jndi":  {digest, LayerSigned, true, false},
		"sasl-digest-md5-auth-conf-jndi": {digest, LayerSealed, false, true},
		"sasl-digest-md5-net-ldap":       {digest, LayerSigned, true, false},
		"sasl-digest-md5-go-ldap":        {digest, LayerNone, false, false},
		"sasl-cram-md5":                  {cram, LayerUnknown, false, false},
		"sasl-login":                     {plain, LayerUnknown, false, false},
		"sasl-plain":                     {plain, LayerUnknown, false, false},
		"sasl-plain-authzid":             {plain, LayerUnknown, false, false},
		"sasl-plain-jndi":                {plain, LayerUnknown, false, false},
		"sasl-scram-sha-1":               {scram, LayerUnknown, false, false},
		"sasl-scram-sha-256":             {scram, LayerUnknown, false, false},
		"sasl-anonymous":                 {},
	} {
		t.Run(file, func(t *testing.T) {
			have := outcome{}
			for _, h := range all {
				if h.file != file {
					continue
				}
				have.follow(&h)
			}
			if have != want {
				t.Errorf("%+v, want %+v", have, want)
			}
		})
	}
}

// follow plays a direction's exchange, and judges buffers as a reader does who
// has not seen it.
func (o *outcome) follow(h *heard) {
	var x *Exchange
	for _, b := range h.binds {
		if x == nil {
			x = NewExchange(b.Mechanism, true)
		}
		if c := x.Client(b.Credentials, b.HasCredentials); c.Exposure != Nothing {
			o.Client, o.layer = c, x.Layer()
		}
	}
	for _, b := range h.buffers {
		buf, _ := ScanBuffer(b, LayerUnknown)
		text, _ := buf.Text(b, nil)
		readable := buf.Layer != LayerSealed && ldap.Plausible(text)
		o.signed, o.sealed = o.signed || readable, o.sealed || !readable
	}
}

func TestRecordedCapturesShowEveryMechanism(t *testing.T) {
	seen := map[string]bool{}
	for _, steps := range recordedSteps(t) {
		seen[string(steps[0].Mechanism)] = true
	}
	for _, m := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "GSSAPI", "GSS-SPNEGO", "NTLM", "ANONYMOUS"} {
		if !seen[m] {
			t.Errorf("no bind by %s among %v", m, slices.Sorted(maps.Keys(seen)))
		}
	}
}
