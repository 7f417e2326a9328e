package detect

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"hash"
	"strings"
)

// Pseudonyms makes a keyed hash of a name: the same one for the same name under
// one key, and nothing to be read out of it without the key. One goroutine owns
// it. nil: names stay as they are.
type Pseudonyms struct {
	mac   hash.Hash
	known map[string]string // at most maxInterned
}

// pseudonymDomain keeps these hashes apart from others made with the same key:
// a password that is also a name has another fingerprint.
const pseudonymDomain = "clearbind pseudonym\x00"

// pseudonymOctets of the HMAC are told: 80 bits, 16 characters, so that a
// million names give the same one twice with a chance below one in a trillion.
const pseudonymOctets = 10

// NewPseudonyms gives those of a key; nil if there is none.
func NewPseudonyms(key []byte) *Pseudonyms {
	if key == nil {
		return nil
	}
	return &Pseudonyms{mac: hmac.New(sha256.New, key)}
}

// Of gives the pseudonym of a name, as the engine shows names. Case does not
// matter, as in DNs and the allow list. "" stays what it is: nobody.
func (p *Pseudonyms) Of(name string) string {
	if p == nil || name == "" || name == OtherIdentities {
		return name
	}
	if s, ok := p.known[name]; ok {
		return s
	}
	if p.known == nil || len(p.known) >= maxInterned {
		p.known = make(map[string]string)
	}
	p.mac.Reset()
	p.mac.Write([]byte(pseudonymDomain))
	p.mac.Write([]byte(strings.ToLower(name)))
	s := "p-" + strings.ToLower(base32.StdEncoding.EncodeToString(p.mac.Sum(nil)[:pseudonymOctets]))
	p.known[name] = s
	return s
}

// The three ways out of an Engine are Take, TakeRecords and Inventory. What
// follows takes the names out of what goes there; values of filters are put into
// words without them (see filterValue).

// alerts takes the names out of alerts. What they share with others, or with
// what the engine remembers, is copied.
func (p *Pseudonyms) alerts(alerts []Alert) {
	if p == nil {
		return
	}
	for i := range alerts {
		a := &alerts[i]
		a.User, a.ServerName = p.Of(a.User), p.Of(a.ServerName)
		if a.Bind != nil {
			bind := *a.Bind
			bind.Name = p.Of(bind.Name)
			a.Bind = &bind
		}
		if a.Search != nil {
			search := *a.Search
			search.Base = p.Of(search.Base)
			a.Search = &search
		}
		if a.Entry != nil {
			entry := *a.Entry
			entry.DN = p.Of(entry.DN)
			a.Entry = &entry
		}
		if a.Result != nil {
			result := *a.Result
			result.Diagnostic = p.Of(result.Diagnostic)
			a.Result = &result
		}
	}
}

// inventory gives n without names. Names that differ only in case become one.
func (p *Pseudonyms) inventory(n *Inventory) *Inventory {
	if p == nil {
		return n
	}
	out := &Inventory{
		Uses: make(map[UseKey]*Use, len(n.Uses)), Accounts: make(map[string]*Account, len(n.Accounts)),
		Queries: make(map[QueryKey]*Query, len(n.Queries)), Hours: n.Hours,
	}
	for key, u := range n.Uses {
		key.Identity = p.Of(key.Identity)
		mergeInto(out.Uses, key, u, (*Use).merge)
	}
	for name, a := range n.Accounts {
		mergeInto(out.Accounts, p.Of(name), a, (*Account).merge)
	}
	for key, q := range n.Queries {
		renamed := *q
		renamed.Base = p.Of(q.Base)
		out.Queries[key] = &renamed
	}
	return out
}

// filterValue gives what is shown of a value in a search filter; nil: the value.
func (p *Pseudonyms) filterValue() func(value []byte) string {
	if p == nil {
		return nil
	}
	return func(value []byte) string { return p.Of(clean(value)) }
}

// record gives what a Record shows of a name.
func (p *Pseudonyms) record(name []byte) string {
	if p == nil {
		return raw(name)
	}
	return p.Of(clean(name))
}
