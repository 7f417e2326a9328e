package loadgen

import (
	"encoding/binary"
	"fmt"
)

// mss is what a segment carries at most: 1500 octets of Ethernet, less IPv4's
// header and TCP's with timestamps.
const mss = 1448

// TCP control bits (RFC 9293 3.1).
const (
	fin = 1 << iota
	syn
	rst
	psh
	ack
)

// segment is something a connection has still to send.
type segment struct {
	server bool
	flags  byte
	from   int // of conn.octets
	to     int
	seq    uint32
	ack    uint32
	entry  bool // data of a search entry: Messy may lose it
}

// conn is a connection under way.
type conn struct {
	kind    kind
	account string
	client  [4]byte
	server  [4]byte
	port    uint16
	v6      bool
	long    bool // lengths as Active Directory writes them
	wrap    wrapping
	lossy   bool

	id     int  // of the last message
	todo   int  // searches still to come
	used   bool // searched at least once
	state  connState
	seq    [2]uint32
	octets []byte // of the exchange that is in the queue
	queue  []segment
	sent   int // of the queue
	noAck  int // data segments of the server without an answer
}

type connState uint8

const (
	connNew connState = iota
	connBound
	connClosing
	connOver
)

func (g *generator) newConn() *conn {
	c := g.spare
	g.spare = nil
	if c == nil {
		c = new(conn)
	}
	n := g.tally.Connections
	g.tally.Connections++
	k := anyKind(g.rand)
	if g.cfg.SimpleOnly {
		k = simple
	}
	*c = conn{
		kind: k, octets: c.octets[:0], queue: c.queue[:0],
		server: [4]byte{10, 0, 0, 1 + byte(n%5)}, v6: g.rand.IntN(10) == 0, long: n%5 < 3,
		account: fmt.Sprintf("uid=app%d,ou=services,dc=example,dc=org", n%500),
		seq:     [2]uint32{g.rand.Uint32(), g.rand.Uint32()},
		todo:    1 + g.rand.IntN(g.cfg.Searches),
	}
	c.place(n)
	if k == refused { // its own name and client: nobody guesses or sprays here
		c.account = fmt.Sprintf("uid=lost%d,ou=services,dc=example,dc=org", n)
		c.client = [4]byte{10, 128 + byte(n>>16), byte(n >> 8), byte(n)}
	}
	if g.cfg.Mix == Messy {
		c.wrap, c.lossy = wrapping(n%int(numWrappings)), g.rand.IntN(3) == 0
	}
	if g.cfg.Idle || k == rootDSE {
		c.todo = 1
	}
	g.tally.Kinds[kindNames[k]]++
	return c
}

// place gives connection n ends of its own: no two have the same within four
// billion.
func (c *conn) place(n int) {
	host, port := n%4000, n/4000
	c.client = [4]byte{10, 20 + byte(port/60000), byte(host / 250), byte(1 + host%250)}
	c.port = uint16(1024 + port%60000)
}

// more fills the queue with the next exchange: the handshake and the bind, then
// searches, then the end.
func (c *conn) more(g *generator) {
	c.octets, c.queue, c.sent, c.noAck = c.octets[:0], c.queue[:0], 0, 0
	switch c.state {
	case connNew:
		c.push(false, syn, 0, 0)
		c.push(true, syn|ack, 0, 0)
		c.push(false, ack, 0, 0)
		c.bind(g)
		c.state = connBound
		if c.kind == refused {
			c.todo = 0
		}
	case connBound:
		// Each connection searches at least once: rules that were counted need it.
		if c.todo > 0 && (!c.used || !g.enough()) {
			n := min(c.todo, g.cfg.Pipelined)
			c.search(g, n)
			c.todo, c.used = c.todo-n, true
			return
		}
		if g.cfg.Idle {
			c.state = connOver
			return
		}
		if c.kind != startTLS && c.kind != sealed {
			c.ask(g, func(e *ber) { e.end(e.message(c.next(), 0x42)) })
		}
		c.push(false, fin|ack, len(c.octets), len(c.octets))
		c.push(true, fin|ack, len(c.octets), len(c.octets))
		c.push(false, ack, len(c.octets), len(c.octets))
		c.state = connClosing
	case connClosing, connOver:
		c.state = connOver
	}
}

func (c *conn) next() int { c.id++; return c.id }

// ask and answer cut what write gives into segments.
func (c *conn) ask(g *generator, write func(*ber))    { c.say(g, false, write) }
func (c *conn) answer(g *generator, write func(*ber)) { c.say(g, true, write) }

func (c *conn) say(g *generator, server bool, write func(*ber)) {
	from := len(c.octets)
	e := ber{b: c.octets, long: c.long}
	write(&e)
	c.octets = e.b
	for at := from; at < len(e.b); at += mss {
		to := min(at+mss, len(e.b))
		flags := byte(ack)
		if to == len(e.b) {
			flags |= psh
		}
		c.push(server, flags, at, to)
		if c.noAck++; server && c.noAck >= 2 { // every second segment is acknowledged (RFC 9293 3.8.6.3)
			c.push(false, ack, to, to)
			c.noAck = 0
		}
	}
}

// push puts a segment into the queue, with the numbers it has when it is sent
// in its turn.
func (c *conn) push(server bool, flags byte, from, to int) {
	side := 0
	if server {
		side = 1
	}
	s := segment{server: server, flags: flags, from: from, to: to, seq: c.seq[side]}
	if flags&ack != 0 {
		s.ack = c.seq[1-side]
	}
	c.seq[side] += uint32(to - from)
	if flags&(syn|fin) != 0 {
		c.seq[side]++
	}
	c.queue = append(c.queue, s)
}

// frame appends the next segment as a frame to b.
func (c *conn) frame(b []byte, s *segment) []byte {
	b = c.wrap.around(b, c.v6)
	l3 := len(b)
	payload := c.octets[s.from:s.to]
	src, dst, sport, dport := c.client, c.server, c.port, uint16(389)
	if s.server {
		src, dst, sport, dport = dst, src, dport, sport
	}
	b = ipHeader(b, c.v6, 6, 32+len(payload), src, dst)
	l4 := len(b)
	b = binary.BigEndian.AppendUint16(b, sport)
	b = binary.BigEndian.AppendUint16(b, dport)
	b = binary.BigEndian.AppendUint32(b, s.seq)
	b = binary.BigEndian.AppendUint32(b, s.ack)
	b = append(b, 8<<4, s.flags, 0xfa, 0xf0, 0, 0, 0, 0)
	b = append(b, 1, 1, 8, 10)
	b = binary.BigEndian.AppendUint32(b, s.seq)
	b = binary.BigEndian.AppendUint32(b, s.ack)
	b = append(b, payload...)
	sealTransport(b, l3, l4, c.v6, 6, 16)
	c.wrap.finish(b, l3)
	return b
}

// swap exchanges the segment to be sent with the one behind it, if both are
// data of one side; it says whether it did.
func (c *conn) swap() bool {
	rest := c.queue[c.sent:]
	if len(rest) < 2 || rest[0].server != rest[1].server || rest[0].from == rest[0].to || rest[1].from == rest[1].to {
		return false
	}
	rest[0], rest[1] = rest[1], rest[0]
	return true
}
