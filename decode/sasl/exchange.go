package sasl

import (
	"bytes"
	"strings"
)

// Exposure is what somebody who reads a client's credentials gains.
type Exposure uint8

// Exposures, by what a reader of the wire can do with them.
const (
	Nothing   Exposure = iota // or nothing yet
	Password                  // PLAIN, LOGIN, bearer tokens: the secret itself
	Guessable                 // CRAM-MD5, DIGEST-MD5, NTLM: guesses can be tried off-line
	Salted                    // SCRAM: guesses can be tried off-line, slowly
	Ticket                    // Kerberos
)

// Client is what one step of a client reveals. Its strings are clones, cut to
// maxName octets, otherwise as sent.
type Client struct {
	Exposure    Exposure
	HasSecret   bool   // a password or bearer token is in these octets
	Identity    string // authentication identity; of earlier steps too
	Domain      string // NTLM
	Workstation string // NTLM
	Realm       string // DIGEST-MD5, Kerberos
	Service     string // Kerberos: the service the ticket is for
}

// Name gives the identity the way its mechanism writes it: DOMAIN\user for
// NTLM.
func (c *Client) Name() string {
	if c.Domain != "" && c.Identity != "" {
		return c.Domain + `\` + c.Identity
	}
	return c.Identity
}

// maxName bounds the names kept of an exchange, in octets.
const maxName = 256

// Exchange follows the steps of one SASL authentication. It holds no secret
// and no borrowed octet.
type Exchange struct {
	mechanism string // upper case
	known     Client // what was learnt so far
	layer     Layer  // negotiated
	over      bool
	whole     bool   // every octet of the client from the start of the exchange was seen
	prompt    prompt // LOGIN
	noName    bool   // LOGIN: no answer is a name any more
}

// NewExchange starts one. The mechanism is cloned, up to a NUL, where servers
// written in C read its end. whole says that this is its
// first step for sure: where the capture may have missed one, what comes could
// be the password of LOGIN as well as the name.
func NewExchange(mechanism []byte, whole bool) *Exchange {
	return &Exchange{mechanism: strings.ToUpper(clip(untilNUL(mechanism))), whole: whole}
}

func untilNUL(b []byte) []byte {
	b, _, _ = bytes.Cut(b, []byte{0})
	return b
}

// Missed says that octets of the client were lost on the way to the reader.
func (x *Exchange) Missed() { x.whole, x.noName = false, true }

// Server takes the server's credentials of a step that is not the last. They
// are borrowed.
func (x *Exchange) Server(creds []byte) {
	if x.mechanism == "LOGIN" {
		x.prompt = readPrompt(creds)
	}
}

// Mechanism gives the mechanism's name in upper case (RFC 4422 3.1).
func (x *Exchange) Mechanism() string { return x.mechanism }

// Continues says whether a bind with this mechanism goes on with the exchange.
func (x *Exchange) Continues(mechanism []byte) bool {
	return !x.over && strings.EqualFold(x.mechanism, clip(untilNUL(mechanism)))
}

// Authenticates says whether success means that the client is somebody.
func (x *Exchange) Authenticates() bool {
	return x.mechanism != "ANONYMOUS" && x.mechanism != "EXTERNAL"
}

// Client takes the client's credentials; has is false where there are none.
func (x *Exchange) Client(creds []byte, has bool) Client {
	c := Client{}
	if has {
		c = x.read(creds)
	}
	if x.mechanism == "CRAM-MD5" || x.mechanism == "DIGEST-MD5" {
		c.Exposure = Guessable // from the first step on: the mechanism says what follows
	}
	x.learn(&c)
	return c
}

// learn keeps what a step tells, and adds what earlier ones told.
func (x *Exchange) learn(c *Client) {
	for _, pair := range [...][2]*string{
		{&x.known.Identity, &c.Identity}, {&x.known.Domain, &c.Domain}, {&x.known.Realm, &c.Realm}, {&x.known.Service, &c.Service},
	} {
		if *pair[1] != "" {
			*pair[0] = *pair[1]
		}
		*pair[1] = *pair[0]
	}
}

func (x *Exchange) read(creds []byte) Client {
	switch m := x.mechanism; {
	case m == "PLAIN":
		return readPlain(creds)
	case m == "LOGIN":
		return x.readLogin(creds)
	case m == "CRAM-MD5":
		return readCRAM(creds)
	case m == "DIGEST-MD5":
		return x.readDigest(creds)
	case strings.HasPrefix(m, "SCRAM-"):
		return readSCRAM(creds)
	case strings.HasPrefix(m, "GS2-"):
		return x.readGS2(creds)
	case m == "EXTERNAL":
		return Client{Identity: authzid(creds)}
	case m == "ANONYMOUS":
		return Client{}
	case m == "OAUTHBEARER" || m == "XOAUTH2":
		return readBearer(creds)
	}
	return x.readToken(creds)
}

// End says that the server said its last word: the next bind starts anew.
func (x *Exchange) End() { x.over = true }

// clip clones at most maxName octets.
func clip(b []byte) string { return string(b[:min(len(b), maxName)]) }

// authzid reads an authorisation identity that fills b. None has a NUL in it
// (RFC 4422 3.4.1), but for the one that ends a string of C: what has is
// another mechanism's message under a wrong name, and may hold a password.
func authzid(b []byte) string {
	b = bytes.TrimRight(b, "\x00")
	if bytes.IndexByte(b, 0) >= 0 {
		return ""
	}
	return clip(b)
}
