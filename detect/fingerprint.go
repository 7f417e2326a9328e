package detect

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/clearbind/clearbind/decode/ldap"
)

// fingerprintLen is how many digits of the HMAC are told: enough to tell
// passwords apart, and too few to test guesses at one with certainty, should
// the key become known.
const fingerprintLen = 16

// maxFingerprints bounds those remembered of one account.
const maxFingerprints = 16

// fingerprints makes fingerprints of passwords, where a key was given.
type fingerprints struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

// of gives the fingerprint of a secret, which it does not keep; "": there is no
// key, or no secret.
func (f *fingerprints) of(key, secret []byte) string {
	if key == nil || len(secret) == 0 {
		return ""
	}
	if f.mac == nil {
		f.mac = hmac.New(sha256.New, key)
	}
	f.mac.Reset()
	f.mac.Write(secret)
	text := hex.EncodeToString(f.mac.Sum(f.sum[:0])[:fingerprintLen/2])
	// The hash buffers a block: the last octets of the secret must not stay in it.
	var blank [sha256.BlockSize]byte
	f.mac.Reset()
	f.mac.Write(blank[:])
	f.mac.Reset()
	return text
}

// fingerprint gives that of a bind's password; "": none is made, or the
// capture has only a part of it.
func (e *Engine) fingerprint(s *session, m *message, req *ldap.Bind) string {
	if e.cfg.FingerprintKey == nil || m.cut {
		return ""
	}
	secret := ldap.SimplePassword(m.body)
	if req.Choice == ldap.SASL {
		secret = s.exchange.Secret(req.Credentials)
	}
	return e.prints.of(e.cfg.FingerprintKey, secret)
}
