package detect

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

func TestFingerprints(t *testing.T) {
	key := []byte("a key of at least sixteen octets")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(secret))
	want := hex.EncodeToString(mac.Sum(nil))[:16]
	for name, c := range map[string]struct {
		key  []byte
		bind []byte
		want string
	}{
		"a simple bind":           {key, simple(1, who, secret), want},
		"PLAIN":                   {key, saslBind(1, "PLAIN", []byte("a\x00b\x00"+secret)), want},
		"a bearer token":          {key, saslBind(1, "OAUTHBEARER", []byte("n,a=u,\x01auth=Bearer "+secret+"\x01\x01")), want},
		"without a key":           {nil, simple(1, who, secret), ""},
		"an empty password":       {key, simple(1, who, ""), ""},
		"a mechanism with no one": {key, saslBind(1, "CRAM-MD5", []byte("mira b913a602c7eda7a495b4e6e7334d3890")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{FingerprintKey: c.key}).open()
			k.asks(c.bind)
			k.answers(bound(1, 0))
			for _, a := range k.end() {
				if a.Fingerprint != c.want {
					t.Errorf("%s has %q, want %q", a.Rule, a.Fingerprint, c.want)
				}
			}
			for name, a := range k.e.Inventory().Accounts {
				if c.want != "" && a.Fingerprints[c.want] != 1 {
					t.Errorf("%s has %v", name, a.Fingerprints)
				}
			}
			if all := fmt.Sprintf("%+v %#v", k.alerts, k.e.prints.mac); strings.Contains(all, secret) || strings.Contains(all, fmt.Sprintf("%v", []byte(secret)[:8])) {
				t.Error("the hash still holds the password")
			}
		})
	}
	t.Run("LOGIN, in its last step", func(t *testing.T) {
		k := newTalk(t, Config{FingerprintKey: key}).open()
		k.asks(saslBind(1, "LOGIN", []byte("mira")))
		k.answers(bound(1, 14))
		k.asks(saslBind(2, "LOGIN", []byte(secret)))
		k.answers(bound(2, 0))
		if alerts := k.end(); len(alerts) != 1 || alerts[0].Fingerprint != want || alerts[0].User != "mira" {
			t.Errorf("told %+v", alerts)
		}
	})
	t.Run("a password of which the capture has only a part", func(t *testing.T) {
		k := newTalk(t, Config{FingerprintKey: key}).open()
		b := simple(1, who, secret)
		k.asks(b[:len(b)-4])
		k.drops(0, 4)
		if alerts := k.end(); len(alerts) != 1 || alerts[0].Fingerprint != "" {
			t.Errorf("told %+v", alerts)
		}
	})
}
