package detect

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode/ldap"
)

// proofs gives the operations of an alert's evidence.
func proofs(t *testing.T, a *Alert) (ops []string) {
	t.Helper()
	if a.Evidence == nil {
		return nil
	}
	for _, m := range a.Evidence.Messages {
		hdr, v := ldap.Scan(m.Octets)
		if v != ldap.OK || hdr.Len != m.Len || m.FromClient != hdr.Op.FromClient() || m.Packet == 0 || m.Origin != "talk.pcap" || m.Time.IsZero() {
			t.Errorf("%s: %+v", a.Rule, m)
		}
		if bytes.Contains(m.Octets, []byte(secret)) {
			t.Errorf("%s: the secret is in its evidence", a.Rule)
		}
		ops = append(ops, hdr.Op.String())
	}
	return ops
}

func TestEvidence(t *testing.T) {
	for _, c := range []struct {
		name string
		talk func(*talk)
		want []string // of each alert: rule and messages
	}{
		{"a request and its response", func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 0))
		}, []string{"cleartext-bind bind_request bind_response"}},
		{"no response", func(k *talk) { k.asks(simple(1, who, secret)) }, []string{"cleartext-bind bind_request"}},
		{"two findings of one message", func(k *talk) {
			k.asks(bindRequest(1, 2, who, ctx(0, secret)))
			k.answers(bound(1, 0))
		}, []string{"cleartext-bind bind_request bind_response", "legacy-ldapv2 bind_request bind_response"}},
		{"repeats have none", func(k *talk) {
			for id := range byte(3) {
				k.asks(simple(id+1, who, secret))
				k.answers(bound(id+1, 0))
			}
		}, []string{"cleartext-bind bind_request bind_response", "cleartext-bind"}},
		{"guessing, with the bind that completed it", func(k *talk) {
			for id := range byte(guessCount) {
				k.asks(simple(id+1, who, secret))
				k.answers(bound(id+1, 49))
			}
		}, []string{"cleartext-bind bind_request bind_response", "password-guessing bind_request bind_response", "cleartext-bind"}},
		{"an exchange of several steps", func(k *talk) {
			step := func(id byte, creds string) []byte {
				return bindRequest(id, 3, "", ber(0xa3, str("CRAM-MD5"), str(creds)))
			}
			k.asks(step(1, ""))
			k.answers(bound(1, 14))
			k.asks(step(2, "joe 0123456789abcdef0123456789abcdef"))
			k.answers(bound(2, 0))
		}, []string{"crackable-exchange bind_request bind_response bind_request bind_response"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newTalk(t, Config{Evidence: true, RepeatInterval: -1}).open()
			c.talk(k)
			k.wait(10 * time.Second)
			var got []string
			for _, a := range k.end() {
				got = append(got, strings.Join(append([]string{a.Rule.String()}, proofs(t, &a)...), " "))
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if k.e.proofHeld != 0 {
				t.Errorf("%d octets are still counted as held", k.e.proofHeld)
			}
		})
	}
}

func TestEvidenceIsOff(t *testing.T) {
	k := newTalk(t, Config{}).open()
	k.asks(simple(1, who, secret))
	k.answers(bound(1, 0))
	if alerts := k.end(); len(alerts) != 1 || alerts[0].Evidence != nil {
		t.Errorf("told %+v", alerts)
	}
	if k.e.reading.whole != nil {
		t.Error("a message was borrowed for nothing")
	}
}

// TestEvidenceIsBounded keeps many large requests waiting.
func TestEvidenceIsBounded(t *testing.T) {
	k := newTalk(t, Config{Evidence: true}).open()
	k.step = 0
	large := ldapMessage(1, ber(0x66, str(strings.Repeat("x", 40<<10)), seq(seq(enum(2), seq(str("mail"), ber(0x31, str("a")))))))
	for range maxProofHeld/maxProof + 100 {
		k.asks(large)
	}
	if k.e.proofHeld > maxProofHeld {
		t.Errorf("%d octets are held, the limit is %d", k.e.proofHeld, maxProofHeld)
	}
	if k.e.Counts().Limits[LimitEvidence] == 0 {
		t.Error("nobody is told that the limit was reached")
	}
	whole, cut, none := 0, 0, 0
	for _, a := range k.end() {
		switch {
		case a.Evidence == nil:
			none++
		case len(a.Evidence.Messages[0].Octets) == maxProof && a.Evidence.Messages[0].Len == len(large):
			cut++
		default:
			whole++
		}
	}
	if cut == 0 || none == 0 || whole != 0 {
		t.Errorf("%d alerts have the front of their request, %d nothing, %d more", cut, none, whole)
	}
}
