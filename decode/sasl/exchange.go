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
}

// NewExchange starts one. The mechanism is cloned. whole says that this is its
// first step for sure: where the capture may have missed one, what comes could
// be the password of LOGIN as well as the name.
func NewExchange(mechanism []byte, whole bool) *Exchange {
	return &Exchange{mechanism: strings.ToUpper(clip(mechanism)), whole: whole}
}

// Missed says that octets of the client were lost on the way to the reader.
func (x *Exchange) Missed() { x.whole = false }

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
	return !x.over && strings.EqualFold(x.mechanism, string(mechanism))
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
	c.Identity, c.Domain, c.Realm, c.Service = x.known.Identity, x.known.Domain, x.known.Realm, x.known.Service
	return c
}

func (x *Exchange) learn(c *Client) {
	for _, pair := range [...][2]*string{
		{&x.known.Identity, &c.Identity}, {&x.known.Domain, &c.Domain}, {&x.known.Realm, &c.Realm}, {&x.known.Service, &c.Service},
	} {
		if *pair[1] != "" {
			*pair[0] = *pair[1]
		}
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
	case m == "EXTERNAL":
		return Client{Identity: clip(creds)}
	case m == "ANONYMOUS":
		return Client{}
	case m == "OAUTHBEARER" || m == "XOAUTH2":
		return readBearer(creds)
	}
	return x.readToken(creds)
}

// Secret gives the password or token in credentials that Client found one in,
// borrowed; nil: none. It is for a keyed hash and nothing else.
func (x *Exchange) Secret(creds []byte) []byte {
	switch x.mechanism {
	case "PLAIN":
		return creds[bytes.LastIndexByte(creds, 0)+1:]
	case "LOGIN":
		return creds
	}
	for part := range bytes.SplitSeq(creds, []byte{1}) {
		if token, ok := bearer(part); ok {
			return token
		}
	}
	return nil
}

// bearer gives the token of a field of RFC 7628 3.1.
func bearer(field []byte) (token []byte, ok bool) {
	const scheme = "auth=Bearer "
	if len(field) <= len(scheme) || !bytes.EqualFold(field[:len(scheme)], []byte(scheme)) {
		return nil, false
	}
	return field[len(scheme):], true
}

// End says that the server said its last word: the next bind starts anew.
func (x *Exchange) End() { x.over = true }

// clip clones at most maxName octets.
func clip(b []byte) string { return string(b[:min(len(b), maxName)]) }

// readPlain reads authzid NUL authcid NUL password (RFC 4616 2). Of a client
// that leaves one out nobody knows which, so nothing of it is a name.
func readPlain(creds []byte) Client {
	_, rest, ok := bytes.Cut(creds, []byte{0})
	if !ok {
		return Client{}
	}
	user, password, whole := bytes.Cut(rest, []byte{0})
	if !whole {
		user, password = nil, rest
	}
	c := Client{Identity: clip(user), HasSecret: len(password) > 0}
	if c.HasSecret {
		c.Exposure = Password
	}
	return c
}

// prompt is what the server of LOGIN asks for.
type prompt uint8

const (
	promptNone prompt = iota // none was seen, or none that is understood
	promptUser
	promptPassword
)

// readPrompt understands "Username:", "User Name", "Password:" and the like.
func readPrompt(creds []byte) prompt {
	words := bytes.ToLower(creds[:min(len(creds), maxName)])
	switch {
	case bytes.Contains(words, []byte("pass")):
		return promptPassword
	case bytes.Contains(words, []byte("user")):
		return promptUser
	}
	return promptNone
}

// readLogin reads an answer to a prompt of LOGIN: the first one that is not
// empty is the user, the next one the password. Some clients send the user
// with the first request, some wait for the prompt. Where neither a prompt nor
// the octets before tell which it is, it is taken for the password: a name that
// is not told is a smaller loss than a password that is.
func (x *Exchange) readLogin(creds []byte) Client {
	named := x.known.Identity != ""
	asked := x.prompt
	x.prompt = promptNone
	switch {
	case len(creds) == 0:
		return Client{}
	case asked == promptUser, asked == promptNone && x.whole && !named:
		return Client{Identity: clip(creds)}
	}
	return Client{Exposure: Password, HasSecret: true}
}

// readCRAM reads "user SP 32 hexadecimal digits" (RFC 2195).
func readCRAM(creds []byte) Client {
	i := bytes.LastIndexByte(creds, ' ')
	if i < 0 {
		return Client{}
	}
	return Client{Exposure: Guessable, Identity: clip(creds[:i])}
}

// readDigest reads the digest-response (RFC 2831 2.1.2). An absent qop is auth.
func (x *Exchange) readDigest(creds []byte) Client {
	user, ok := directive(creds, "username")
	if _, answered := directive(creds, "response"); !ok || !answered {
		return Client{}
	}
	realm, _ := directive(creds, "realm")
	qop, _ := directive(creds, "qop")
	switch qop {
	case "auth-int":
		x.layer = LayerSigned
	case "auth-conf":
		x.layer = LayerSealed
	default:
		x.layer = LayerNone
	}
	return Client{Exposure: Guessable, Identity: user, Realm: realm}
}

// directive finds key=value or key="value" in a list of RFC 2831 7.1.
func directive(b []byte, key string) (value string, ok bool) {
	for len(b) > 0 {
		name, rest, found := bytes.Cut(b, []byte{'='})
		if !found {
			return "", false
		}
		value, b = directiveValue(rest)
		if strings.EqualFold(string(bytes.Trim(name, ", \t\r\n")), key) {
			return value, true
		}
	}
	return "", false
}

// directiveValue takes a token or quoted string off the front of b.
func directiveValue(b []byte) (value string, rest []byte) {
	b = bytes.TrimLeft(b, " \t")
	if len(b) == 0 || b[0] != '"' {
		end := bytes.IndexByte(b, ',')
		if end < 0 {
			end = len(b)
		}
		return clip(bytes.TrimSpace(b[:end])), b[end:]
	}
	var out []byte
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '"':
			return string(out), b[i+1:]
		case b[i] == '\\' && i+1 < len(b):
			i++
		}
		if len(out) < maxName {
			out = append(out, b[i])
		}
	}
	return string(out), nil
}

// readSCRAM reads client-first-message "n,,n=user,r=…" (RFC 5802 7).
func readSCRAM(creds []byte) Client {
	for i, part := range bytes.Split(creds[:min(len(creds), 4*maxName)], []byte{','}) {
		switch {
		case i == 0 && bytes.HasPrefix(part, []byte("c=")):
			return Client{Exposure: Salted} // client-final-message
		case i >= 2 && bytes.HasPrefix(part, []byte("n=")):
			name := strings.NewReplacer("=2C", ",", "=3D", "=").Replace(clip(part[2:]))
			return Client{Exposure: Salted, Identity: name}
		}
	}
	return Client{}
}

// readBearer reads OAUTHBEARER (RFC 7628 3.1) and Google's XOAUTH2: the token
// is as good as a password.
func readBearer(creds []byte) Client {
	c := Client{}
	for part := range bytes.SplitSeq(creds, []byte{1}) {
		if _, ok := bearer(part); ok {
			c.Exposure, c.HasSecret = Password, true
			continue
		}
		switch {
		case bytes.HasPrefix(part, []byte("user=")):
			c.Identity = clip(part[5:])
		case bytes.HasPrefix(part, []byte("n,a=")):
			c.Identity = clip(bytes.TrimRight(part[4:], ","))
		}
	}
	return c
}
