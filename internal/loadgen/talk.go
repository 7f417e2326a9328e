package loadgen

import "math/rand/v2"

// kind is what a connection does.
type kind uint8

const (
	simple kind = iota
	refused
	version2
	anonymous
	rootDSE
	unauthenticated
	plain
	cramMD5
	sealed
	startTLS
	numKinds
)

var kindNames = [numKinds]string{
	"simple", "refused", "version 2", "anonymous", "rootDSE", "unauthenticated", "SASL PLAIN", "CRAM-MD5", "GSSAPI sealed", "StartTLS",
}

// shares says how many connections of a hundred are of a kind.
var shares = [numKinds]int{simple: 45, refused: 5, version2: 3, anonymous: 12, rootDSE: 5, unauthenticated: 3, plain: 7, cramMD5: 3, sealed: 10, startTLS: 7}

func anyKind(r *rand.Rand) kind {
	n := r.IntN(100)
	for k := range numKinds {
		if n -= shares[k]; n < 0 {
			return k
		}
	}
	return simple
}

// password is the one that each simple bind sends.
const password = "Quartz-Meadow-8841!" //nolint:gosec // made up, to be looked for

// bind says the first words of a connection.
func (c *conn) bind(g *generator) {
	switch c.kind {
	case simple, refused, version2, anonymous, rootDSE, unauthenticated:
		c.simpleBind(g)
	case plain:
		c.ask(g, func(e *ber) { e.sasl(c.next(), "PLAIN", "\x00"+c.account+"\x00"+password, true) })
		c.answer(g, func(e *ber) { e.result(c.id, 0x61, 0, 0, "") })
		g.binds(1, "cleartext-sasl", "unsigned-sasl")
	case cramMD5:
		c.ask(g, func(e *ber) { e.sasl(c.next(), "CRAM-MD5", "", false) })
		c.answer(g, func(e *ber) { e.result(c.id, 0x61, 14, 0x87, "<7182.26@server.example.org>") })
		c.ask(g, func(e *ber) { e.sasl(c.next(), "CRAM-MD5", c.account+" 9e95aa7c3e2b1f6d7f3b24c65d1a0e8f", true) })
		c.answer(g, func(e *ber) { e.result(c.id, 0x61, 0, 0, "") })
		g.binds(2, "crackable-exchange", "unsigned-sasl")
	case sealed:
		c.ask(g, func(e *ber) { e.sasl(c.next(), "GSSAPI", string(g.noise(1400)), true) })
		c.answer(g, func(e *ber) { e.result(c.id, 0x61, 14, 0x87, string(g.noise(120))) })
		c.ask(g, func(e *ber) { e.sasl(c.next(), "GSSAPI", "", true) })
		c.answer(g, func(e *ber) { e.result(c.id, 0x61, 14, 0x87, string(g.noise(32))) })
		c.ask(g, func(e *ber) { e.sasl(c.next(), "GSSAPI", string(g.noise(32)), true) })
		c.answer(g, func(e *ber) { e.result(c.id, 0x61, 0, 0, "") })
		g.binds(3)
	case startTLS:
		c.ask(g, func(e *ber) {
			outer, inner := e.message(c.next(), 0x77)
			e.str(0x80, "1.3.6.1.4.1.1466.20037")
			e.end(outer, inner)
		})
		c.answer(g, func(e *ber) { e.result(c.id, 0x78, 0, 0, "") })
		c.ask(g, func(e *ber) { e.record(0x16, append([]byte{1, 0, 0, 196, 3, 3}, g.noise(194)...)) })
		c.answer(g, func(e *ber) {
			e.record(0x16, append([]byte{2, 0, 0, 86, 3, 3}, g.noise(84)...))
			e.record(0x17, g.noise(2200))
		})
		c.ask(g, func(e *ber) { e.record(0x17, g.noise(74)) })
		c.answer(g, func(e *ber) { e.record(0x17, g.noise(60)) })
	case numKinds:
	}
}

func (c *conn) simpleBind(g *generator) {
	name, word, version, code := c.account, password, 3, 0
	rule := []string{"cleartext-bind"}
	switch c.kind {
	case refused:
		code = 49
	case version2:
		version, rule = 2, append(rule, "legacy-ldapv2")
	case anonymous:
		name, word, rule = "", "", []string{"anonymous-bind"} // the searches follow
	case rootDSE:
		name, word, rule = "", "", nil
	case unauthenticated:
		word, rule = "", []string{"unauthenticated-bind"}
	default:
	}
	c.ask(g, func(e *ber) { e.simple(c.next(), version, name, word) })
	c.answer(g, func(e *ber) { e.result(c.id, 0x61, code, 0, "") })
	g.binds(1, rule...)
}

// search asks and answers n searches, in one go.
func (c *conn) search(g *generator, n int) {
	switch c.kind {
	case sealed:
		c.ask(g, func(e *ber) { e.wrapped(g.noise(180)) })
		for range 1 + g.rand.IntN(g.cfg.Entries) {
			c.answer(g, func(e *ber) { e.wrapped(g.noise(g.entrySize())) })
		}
		return
	case startTLS:
		c.ask(g, func(e *ber) { e.record(0x17, g.noise(180)) })
		for range 1 + g.rand.IntN(g.cfg.Entries) {
			c.answer(g, func(e *ber) { e.record(0x17, g.noise(g.entrySize())) })
		}
		return
	case rootDSE:
		c.ask(g, func(e *ber) { e.search(c.next(), "", 0, "objectClass", "", []string{"*", "+"}) })
		c.entry(g, c.id, "", 900, false)
		c.answer(g, func(e *ber) { e.result(c.id, 0x65, 0, 0, "") })
		g.tally.Searches++
		return
	default:
	}
	first := c.id + 1
	secret := g.rand.IntN(50) == 0 && !c.lossy
	for range n {
		attributes := []string{"cn", "mail", "memberOf", "description"}
		if secret {
			attributes = append(attributes, "userPassword")
			g.tally.Alerts["secret-requested"]++
			g.tally.Alerts["secret-returned"]++
		}
		c.ask(g, func(e *ber) { e.search(c.next(), "ou=people,dc=example,dc=org", 2, "uid", g.uid(), attributes) })
		g.tally.Searches++
		g.tally.Alerts["cleartext-search"]++
	}
	for i := range n {
		entries := g.rand.IntN(g.cfg.Entries + 1)
		if secret {
			entries = max(entries, 1)
		}
		for range entries {
			c.entry(g, first+i, g.uid(), g.entrySize(), secret)
		}
		c.answer(g, func(e *ber) { e.result(first+i, 0x65, 0, 0, "") })
	}
}

// entry is a SearchResultEntry (RFC 4511 4.5.2) of about size octets.
func (c *conn) entry(g *generator, id int, uid string, size int, secret bool) {
	text := g.text(size)
	tenth := size / 10
	queued := len(c.queue)
	c.answer(g, func(e *ber) {
		outer, inner := e.message(id, 0x64)
		if uid == "" {
			e.str(0x04, "")
		} else {
			e.str(0x04, "uid="+uid+",ou=people,dc=example,dc=org")
		}
		list := e.open(0x30)
		for i, name := range entryAttributes {
			e.attribute(name, 1, text[i*20:i*20+12])
		}
		if secret {
			e.attribute("userPassword", 1, text[:38])
		}
		e.attribute("memberOf", max(1, tenth*4/72), text[:tenth*4])
		e.attribute("description", 1, text[:tenth])
		if left := size - (len(e.b) - outer) - 24; left > 0 {
			e.attribute("jpegPhoto", 1, text[:left])
		}
		e.close(list)
		e.end(outer, inner)
	})
	for i := range c.queue[queued:] {
		s := &c.queue[queued+i]
		s.entry = s.server
	}
	g.tally.Entries++
}

var entryAttributes = [...]string{"objectClass", "cn", "sn", "givenName", "displayName", "uid", "mail", "telephoneNumber", "employeeNumber", "department", "title", "manager"}

// record is a TLS record.
func (e *ber) record(typ byte, data []byte) {
	e.b = append(e.b, typ, 3, 3, byte(len(data)>>8), byte(len(data)))
	e.b = append(e.b, data...)
}

// wrapped is a SASL buffer with a sealed token of RFC 4121 4.2.6.2.
func (e *ber) wrapped(data []byte) {
	n := 16 + len(data)
	e.b = append(e.b, 0, 0, byte(n>>8), byte(n))
	e.b = append(e.b, 5, 4, 2, 0xff, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 1)
	e.b = append(e.b, data...)
}
