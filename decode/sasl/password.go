package sasl

import "bytes"

// Secret gives the password or token in credentials that Client found one in,
// borrowed; nil: none. It is for a keyed hash and nothing else.
func (x *Exchange) Secret(creds []byte) []byte {
	switch x.mechanism {
	case "PLAIN":
		_, password := splitPlain(creds)
		return password
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

func readPlain(creds []byte) Client {
	user, password := splitPlain(creds)
	c := Client{Identity: clip(user), HasSecret: len(password) > 0}
	if c.HasSecret {
		c.Exposure = Password
	}
	return c
}

// splitPlain reads authzid NUL authcid NUL password (RFC 4616 2). Clients get
// it wrong in many ways: one part is missing, a NUL of C follows, the whole is
// base64. Where it is not sure which part is which, nothing is a name: one that
// is not told is a smaller loss than a password that is.
func splitPlain(creds []byte) (user, password []byte) {
	authzid, rest, ok := bytes.Cut(creds, []byte{0})
	if !ok {
		return nil, creds
	}
	user, password, ok = bytes.Cut(rest, []byte{0})
	if !ok {
		return nil, rest
	}
	password = bytes.TrimRight(password, "\x00")
	switch {
	case len(password) == 0 && len(authzid) > 0:
		return nil, user // "name NUL password NUL"
	case len(user) == 0:
		return authzid, password
	}
	return user, password
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
// with the first request, some wait for the prompt, some send PLAIN's message,
// which a NUL gives away. Where neither a prompt nor the octets before tell
// which it is, it is taken for the password, and so is all that follows a name
// or a password: a capture may show a prompt long before its answer, or after.
func (x *Exchange) readLogin(creds []byte) Client {
	asked := x.prompt
	x.prompt = promptNone
	name := x.known.Identity == "" && !x.noName && (asked == promptUser || asked == promptNone && x.whole)
	switch {
	case len(creds) == 0:
		return Client{}
	case name && bytes.IndexByte(creds, 0) < 0:
		return Client{Identity: clip(creds)}
	}
	x.noName = true
	return Client{Exposure: Password, HasSecret: true}
}

// readCRAM reads "user SP 32 hexadecimal digits" (RFC 2195). What has no digest
// behind the blank is no such answer, and no name.
func readCRAM(creds []byte) Client {
	i := bytes.LastIndexByte(creds, ' ')
	if i < 0 || len(bytes.Trim(creds[i+1:], "0123456789abcdefABCDEF")) > 0 || len(creds)-i-1 > 32 {
		return Client{}
	}
	return Client{Exposure: Guessable, Identity: clip(creds[:i])}
}

// readBearer reads OAUTHBEARER (RFC 7628 3.1) and Google's XOAUTH2: the token
// is as good as a password.
func readBearer(creds []byte) Client {
	c := Client{}
	for part := range bytes.SplitSeq(creds, []byte{1}) {
		if holdsBearer(part) {
			c.Exposure, c.HasSecret = Password, true
			continue
		}
		if user, ok := bytes.CutPrefix(part, []byte("user=")); ok {
			c.Identity = clip(user)
		} else if name, _, ok := gs2Header(part); ok && len(name) > 0 {
			c.Identity = saslName(name)
		}
	}
	return c
}

const bearerScheme = "Bearer "

// bearer gives the token of a field of RFC 7628 3.1.
func bearer(field []byte) (token []byte, ok bool) {
	const key = "auth="
	if len(field) <= len(key+bearerScheme) || string(field[:len(key)]) != key || !bytes.EqualFold(field[len(key):len(key+bearerScheme)], []byte(bearerScheme)) {
		return nil, false
	}
	return field[len(key+bearerScheme):], true
}

// holdsBearer says whether a token stands anywhere in a field: a client whose
// separators are wrong sends it behind the name.
func holdsBearer(field []byte) bool {
	for i := range field {
		if rest := field[i:]; len(rest) > len(bearerScheme) && bytes.EqualFold(rest[:len(bearerScheme)], []byte(bearerScheme)) {
			return true
		}
	}
	return false
}
