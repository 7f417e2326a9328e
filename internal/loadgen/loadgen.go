package loadgen

import (
	"bufio"
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// Config says what to make. The zero value is a pure LDAP capture of no packets.
type Config struct {
	Seed    uint64
	Packets int // at least; connections under way are finished
	// Foreign is how many packets of other traffic stand beside each 100 of all:
	// 0 is pure LDAP, 99 is 1% LDAP.
	Foreign int
	// Messy loses, repeats and reorders segments, and puts some into VLANs and GRE.
	Messy bool
}

// Made is what a capture holds.
type Made struct {
	Packets, LDAP int    // of all; of connections with LDAP
	Bytes         uint64 // of all frames
	Connections   int    // with LDAP
	Binds         int    // simple binds with a password
	Accepted      int    // of them
	Searches      int
}

const (
	openAtOnce = 2000 // connections under way
	servers    = 20   // they go to
	mss        = 1448 // octets of payload in a segment
	epoch      = 1772355302
)

// Write makes a capture and writes it to w as pcap with microseconds.
func Write(w io.Writer, cfg Config) (Made, error) {
	r := rand.New(rand.NewPCG(cfg.Seed, 0x1dab)) //nolint:gosec // it must repeat
	g := &generator{cfg: cfg, r: r, w: bufio.NewWriterSize(w, 1<<20)}
	head := [24]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 16: 0, 0, 4, 0, 20: 1}
	if _, err := g.w.Write(head[:]); err != nil {
		return g.made, err
	}
	g.run()
	if err := g.w.Flush(); err != nil {
		return g.made, err
	}
	return g.made, g.err
}

type generator struct {
	cfg   Config
	r     *rand.Rand
	w     *bufio.Writer
	made  Made
	err   error
	clock int64 // microseconds
	next  int   // of connections
	frame []byte
	late  []byte // a frame that comes after the next one
}

// run deals packets from connections under way, in turn and at random.
func (g *generator) run() {
	var open []*connection
	for g.err == nil && (g.made.Packets < g.cfg.Packets || len(open) > 0) {
		if g.cfg.Foreign > 0 && g.r.IntN(100) < g.cfg.Foreign {
			g.foreign()
			continue
		}
		if len(open) < max(openAtOnce*(100-g.cfg.Foreign)/100, 1) && g.made.Packets < g.cfg.Packets {
			g.next++
			open = append(open, newConnection(g))
		}
		i := g.r.IntN(len(open))
		if c := open[i]; !c.step(g) {
			open[i] = open[len(open)-1]
			open = open[:len(open)-1]
		}
	}
	g.flushLate()
}

// connection is a client's talk with a server: what is still to be sent.
type connection struct {
	client, server [4]byte
	port           uint16
	seq            [2]uint32 // of client and server
	todo           []segment
}

// segment is one packet to come.
type segment struct {
	fromServer bool
	flags      byte
	payload    []byte
}

const (
	fin, syn, psh, ack = 1, 2, 8, 16
)

func newConnection(g *generator) *connection {
	g.made.Connections++
	c := &connection{
		client: [4]byte{10, 1, byte(g.next / 200 % 5), byte(1 + g.next%200)}, server: [4]byte{10, 0, 0, byte(1 + g.next%servers)},
		port: uint16(10000 + g.next%50000), seq: [2]uint32{g.r.Uint32(), g.r.Uint32()},
	}
	c.say(false, syn, nil)
	c.say(true, syn|ack, nil)
	c.say(false, ack, nil)
	c.talk(g)
	c.say(false, fin|ack, nil)
	c.say(true, fin|ack, nil)
	c.say(false, ack, nil)
	return c
}

// talk is what a client does: it binds, searches a few times, and leaves.
func (c *connection) talk(g *generator) {
	user := int(c.client[3]) // who sits there
	refused := g.r.IntN(20) == 0
	g.made.Binds++
	c.ask(bind(1, user))
	c.answer(result(1, 0x61, byte(49*b2i(refused))))
	if refused {
		return
	}
	g.made.Accepted++
	id := byte(2)
	for range 1 + g.r.IntN(6) {
		g.made.Searches++
		c.ask(search(id, g.r.IntN(4), g.r.IntN(1000)))
		var answer []byte
		for range g.r.IntN(8) {
			answer = append(answer, entry(id, g.r.IntN(1000), 1000+g.r.IntN(4000))...)
		}
		c.answer(append(answer, result(id, 0x65, 0)...))
		id++
	}
	c.ask(unbind(id))
}

func b2i(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (c *connection) say(fromServer bool, flags byte, payload []byte) {
	c.todo = append(c.todo, segment{fromServer, flags, payload})
}

func (c *connection) ask(m []byte) { c.say(false, psh|ack, m) }

// answer cuts octets into segments, and lets the client acknowledge.
func (c *connection) answer(b []byte) {
	for i := 0; len(b) > 0; i++ {
		n := min(len(b), mss)
		c.say(true, ack, b[:n])
		b = b[n:]
		if i%2 == 1 {
			c.say(false, ack, nil)
		}
	}
}

// step sends the next packet; false: there is none.
func (c *connection) step(g *generator) bool {
	if len(c.todo) == 0 {
		return false
	}
	s := c.todo[0]
	c.todo = c.todo[1:]
	mine, theirs := b2i(s.fromServer), 1-b2i(s.fromServer)
	g.made.LDAP++
	g.tcp(c, s, c.seq[mine], c.seq[theirs])
	c.seq[mine] += uint32(len(s.payload))
	if s.flags&(syn|fin) != 0 {
		c.seq[mine]++
	}
	return true
}

func (g *generator) tcp(c *connection, s segment, seq, acked uint32) {
	src, dst, sport, dport := c.client, c.server, c.port, uint16(389)
	if s.fromServer {
		src, dst, sport, dport = dst, src, dport, sport
	}
	g.begin(src, dst, 6, 20+len(s.payload))
	b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(g.frame, sport), dport)
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, seq), acked)
	b = append(b, 5<<4, s.flags, 0xff, 0xff, 0, 0, 0, 0)
	g.frame = append(b, s.payload...)
	g.send()
}

// begin starts a frame: Ethernet and IPv4.
func (g *generator) begin(src, dst [4]byte, proto byte, size int) {
	b := append(g.frame[:0], 2, 0, dst[0], dst[1], dst[2], dst[3], 2, 0, src[0], src[1], src[2], src[3])
	if g.cfg.Messy {
		switch g.r.IntN(10) {
		case 0: // a VLAN
			b = append(b, 0x81, 0, 0, byte(1+g.r.IntN(9)))
		case 1: // GRE between two routers
			b = append(b, 8, 0, 0x45, 0, byte((size+44)>>8), byte(size+44), 0, 0, 0x40, 0, 63, 47, 0, 0, 10, 9, 9, 1, 10, 9, 9, 2, 0, 0)
		}
	}
	b = append(b, 8, 0, 0x45, 0, byte((size+20)>>8), byte(size+20), 0, 0, 0x40, 0, 64, proto, 0, 0)
	g.frame = append(append(b, src[:]...), dst[:]...)
}

// send writes the frame, if nothing befalls it.
func (g *generator) send() {
	if !g.cfg.Messy {
		g.put(g.frame)
		return
	}
	switch fate := g.r.IntN(200); {
	case fate == 0: // lost on the way to the sensor
	case fate < 4: // the mirror's second copy
		g.put(g.frame)
		g.put(g.frame)
	case fate < 8 && g.late == nil:
		g.late = append([]byte(nil), g.frame...)
		return
	default:
		g.put(g.frame)
	}
	g.flushLate()
}

func (g *generator) flushLate() {
	if late := g.late; late != nil {
		g.late = nil
		g.put(late)
	}
}

func (g *generator) put(frame []byte) {
	g.clock += 1 + int64(g.r.IntN(5))
	var head [16]byte
	binary.LittleEndian.PutUint32(head[:], uint32(epoch+g.clock/1e6))
	binary.LittleEndian.PutUint32(head[4:], uint32(g.clock%1e6))
	binary.LittleEndian.PutUint32(head[8:], uint32(len(frame)))
	binary.LittleEndian.PutUint32(head[12:], uint32(len(frame)))
	g.made.Packets++
	g.made.Bytes += uint64(len(frame))
	if _, err := g.w.Write(head[:]); err != nil {
		g.err = err
	}
	if _, err := g.w.Write(frame); err != nil {
		g.err = err
	}
}

// foreign sends a packet of something else: bulk over TLS, or a datagram.
func (g *generator) foreign() {
	n := g.r.IntN(1 << 16)
	src, dst := [4]byte{10, 2, byte(n >> 8), byte(1 + n%200)}, [4]byte{10, 3, 0, byte(1 + n%50)}
	payload := filler[:g.r.IntN(1400)]
	if n%4 == 0 {
		g.begin(src, dst, 17, 8+len(payload))
		g.frame = binary.BigEndian.AppendUint16(append(g.frame, byte(n>>8)|0x40, byte(n), 0, 53), uint16(8+len(payload)))
		g.frame = append(append(g.frame, 0, 0), payload...)
	} else {
		g.begin(src, dst, 6, 20+len(payload))
		b := append(g.frame, byte(n>>8)|0x40, byte(n), 1, 0xbb)
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, g.r.Uint32()), g.r.Uint32())
		g.frame = append(append(b, 5<<4, ack, 0xff, 0xff, 0, 0, 0, 0), payload...)
	}
	g.send()
}
