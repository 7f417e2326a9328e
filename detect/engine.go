package detect

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
)

// Packet says where a segment comes from. Its time is the engine's clock.
type Packet struct {
	Time   time.Time
	Order  uint64 // count of all frames of the run, from 1: the same in every worker
	Number uint64 // of the frame in Origin
	Origin string // capture file or interface
}

// Engine turns segments into alerts. One goroutine owns it.
//
// Alerts leave it in the order of the packets that are their evidence, though
// most are complete only when a response arrives: what comes later waits. The
// wait is bounded by 5 s of packet time and by a limit in number.
type Engine struct {
	cfg     Config
	ports   *Ports
	secrets *ldap.SecretSet

	flows    flowTable
	events   eventQueue
	quiet    [decode.Shards]quietTable // so that their limit does not depend on the number of workers
	notes    [decode.Shards]notes
	turn     uint32          // times that notes and hours were begun anew
	hours    map[int64]*Hour // of the inventory
	thisHour *Hour           // the one asked for last, of thisHourAt; nil: none was
	refusals [decode.Shards]refusals
	names    interner
	prints   fingerprints
	recorder recorder

	pseudonyms *Pseudonyms // of what leaves; nil: names stay
	counts     Counts
	buffers    bufferPool
	scratch    []byte // rotated SASL tokens

	due       []*session      // of each; empty between sweeps
	at        Packet          // the frame being looked at; borrowed fields: none
	reading   message         // where evidence is asked for, the message being read; borrowed
	proofHeld int             // octets of memory of evidence that waits
	seg       *decode.Segment // borrowed for the length of one Observe; nil: time goes on, and no more
	clock     Clock
	now       int64 // of clock
	nextQuiet int64 // when repeats are looked at again

	thisHourAt int64
	tie        uint64 // of what is raised now: see Alert.Tie
}

// New gives an engine for one worker.
func New(cfg Config) *Engine {
	if cfg.MaxFlows == 0 {
		cfg.MaxFlows = 1 << 20
	}
	if cfg.MaxMemory == 0 {
		cfg.MaxMemory = 256 << 20
	}
	e := &Engine{cfg: cfg, ports: NewPorts(&cfg), secrets: ldap.NewSecretSet(cfg.SecretAttributes...), now: math.MinInt64, pseudonyms: NewPseudonyms(cfg.PseudonymKey)}
	e.nextQuiet = math.MinInt64
	return e
}

// Tick tells the engine that packet time went on. Each worker calls it for every
// frame of the run, or at least for its own and those at which a Clock steps, with
// the latest time before each of its own: so waits end at the same packet
// whatever the number of workers.
func (e *Engine) Tick(p *Packet) {
	e.at, e.seg = *p, nil
	e.reading.whole = nil
	due := e.clock.Step(p.Time)
	if e.now = e.clock.now; due {
		e.sweep()
	}
}

// Ports gives those it watches.
func (e *Engine) Ports() *Ports { return e.ports }

// Observe takes a segment. It is borrowed for the length of the call.
func (e *Engine) Observe(p *Packet, seg *decode.Segment) {
	e.Tick(p)
	class := max(e.ports.class(seg.Src.Port), e.ports.class(seg.Dst.Port))
	if class == portOther && (!e.cfg.AnyPort || seg.Proto != decode.TCP) {
		return
	}
	e.seg = seg
	key, fromLo := seg.Key()
	d := toLo
	if fromLo {
		d = toHi
	}
	s := e.flows.find(&key)
	if s != nil && seg.Flags&decode.SYN != 0 && s.half[d].reopened(seg) {
		e.end(s)
		s = nil
	}
	if s == nil {
		if s = e.open(key, d, class); s == nil {
			return
		}
	}
	e.flows.touch(s, e.now)
	s.seen = p.Time.UnixNano()
	if s.dismissed {
		return
	}
	if seg.Proto == decode.UDP {
		e.datagram(s, d)
		return
	}
	e.segment(s, d)
}

// open starts to follow a flow, if its segment is one to start with: a bare
// acknowledgement tells nothing, and may be the last of a connection that has
// ended.
func (e *Engine) open(key decode.FlowKey, d dir, class portClass) *session {
	seg := e.seg
	if seg.Flags&decode.SYN == 0 && len(seg.Payload)+seg.Cut == 0 {
		return nil
	}
	if e.flows.len() >= e.cfg.MaxFlows {
		e.counts.Limits[LimitFlows]++
		e.end(e.flows.oldest())
	}
	s := e.flows.add(key)
	s.shard = uint8(seg.Shard())
	s.class, s.born, s.opened = class, e.at.Order, e.at.Time.UnixNano()
	s.dismissed = !e.cfg.watches(seg.Src.AddrPort().Addr(), seg.Dst.AddrPort().Addr())
	s.guessRoles(e.ports, seg, d)
	if s.proto == decode.UDP {
		e.flows.close(s, lingerDatagram, e.now)
	} else {
		e.flows.close(s, lingerSilent, e.now)
	}
	return s
}

// segment puts a TCP segment in its place and reads what is in order.
func (e *Engine) segment(s *session, d dir) {
	seg := e.seg
	h, peer := &s.half[d], &s.half[d.other()]
	if seg.Flags&decode.SYN != 0 {
		h.syn, h.isn = true, seg.Seq
		s.rolesBySYN(seg.Flags&decode.ACK != 0, d)
	}
	held := h.memory()
	overlaps, overruns := h.stream.Overlaps, h.stream.Overruns
	h.stream.Push(seg, &e.at)
	e.counts.Overlaps += h.stream.Overlaps - overlaps
	e.counts.Limits[LimitHeld] += h.stream.Overruns - overruns
	e.drain(s, d)
	e.account(s, d, held)
	e.flows.waitFor(s, h, e.now)
	if seg.Flags&decode.ACK != 0 && peer.acked(seg.Ack) && peer.stream.Waiting() {
		e.look(s)
	}
	switch {
	case seg.Flags&decode.RST != 0, h.stream.Ended() && (peer.stream.Ended() || !peer.stream.Started()):
		e.flows.close(s, lingerEnded, e.now)
	case len(seg.Payload) > 0 && s.closing && !h.stream.Ended():
		s.closing = false // no port scan; or a reset that the ends did not believe
	}
}

// drain reads everything of one direction that is in order now.
func (e *Engine) drain(s *session, d dir) {
	h := &s.half[d]
	for {
		c, ok := h.stream.Next()
		switch {
		case !ok:
			return
		case s.dismissed:
		case c.At != nil:
			e.feedLate(s, d, c.At, c.Data)
		case c.Data != nil:
			e.feed(s, d, c.Data)
		default:
			e.counts.StreamGaps++
			e.counts.StreamGapBytes += uint64(c.Gap)
			e.lose(s, d, c.Gap)
		}
	}
}

// feedLate reads octets that waited behind a hole. Their frame is an earlier one;
// in the order of what is told their place is here.
func (e *Engine) feedLate(s *session, d dir, from *Packet, b []byte) {
	here := e.at
	e.at = *from
	e.at.Order = here.Order
	e.feed(s, d, b)
	e.at = here
}

// account keeps the sum of what is held, and takes it from a connection that
// would bring it over the limit.
func (e *Engine) account(s *session, d dir, before int) {
	h := &s.half[d]
	e.counts.HeldBytes += uint64(h.memory()) - uint64(before)
	if e.counts.HeldBytes <= uint64(e.cfg.MaxMemory) || h.memory() == 0 {
		return
	}
	e.counts.Limits[LimitMemory]++
	before = h.memory()
	h.stream.Discard()
	e.lose(s, d, 0)
	e.counts.HeldBytes -= uint64(before) - uint64(h.memory())
}

// sweep ends what has waited long enough. What it tells comes behind the packet
// before the one at hand.
func (e *Engine) sweep() {
	e.at.Order--
	e.each(tieHole, e.flows.holed(e.now), e.look)
	e.each(tieEnded, e.flows.overdue(e.now), e.end)
	e.each(tieIdle, e.flows.idle(e.now), e.end)
	e.events.expire(e.now)
	e.expireQuiet()
	e.release()
	e.at.Order++
}

// each calls f for the sessions that are due, in the order they were opened:
// the place of what one tells must not depend on which others its worker has.
func (e *Engine) each(tie uint64, due iter.Seq[*session], f func(*session)) {
	e.due = slices.AppendSeq(e.due[:0], due)
	slices.SortFunc(e.due, func(a, b *session) int { return cmp.Compare(a.born, b.born) })
	for _, s := range e.due {
		e.tie = tie | s.born
		f(s)
	}
	clear(e.due)
	e.tie = 0
}

// end forgets a connection: what it waits for will not come.
func (e *Engine) end(s *session) {
	for d := toHi; d <= toLo; d++ {
		h := &s.half[d]
		before := h.memory()
		for !s.dismissed && h.stream.Waiting() {
			h.stream.GiveUp()
			e.drain(s, d)
		}
		h.stream.Discard() // of one that was dismissed
		e.salvage(s, d)
		e.counts.HeldBytes -= uint64(before)
	}
	s.abandonAll(e)
	e.endRecords(s)
	e.countEnd(s)
	e.flows.remove(s)
}

// countEnd adds an ended connection to the totals.
func (e *Engine) countEnd(s *session) {
	switch {
	case s.proto != decode.TCP:
	case !s.ldap && !s.tls:
		e.counts.OtherConns++
	default:
		p := s.verdict()
		e.counts.Connections[p]++
		e.noteEnd(s, p)
		if s.half[toHi].stream.Started() != s.half[toLo].stream.Started() {
			e.counts.OneSided++
		}
	}
}

// Finish ends everything that waits: the input is over. Take gives the rest.
func (e *Engine) Finish() {
	e.seg, e.reading.whole = nil, nil
	e.each(tieEnded, e.flows.all(), e.end)
	e.events.expire(math.MaxInt64)
	e.release()
	e.finishQuiet()
}

// Told gives how many alerts Take would give.
func (e *Engine) Told() int { return len(e.events.out) }

// Weight gives the octets of memory of the evidence that Take would give.
func (e *Engine) Weight() int { return e.events.weight }

// Take appends the alerts that are finished, in order.
func (e *Engine) Take(out []Alert) []Alert {
	e.pseudonyms.alerts(e.events.out)
	out = append(out, e.events.out...)
	clear(e.events.out)
	e.events.out, e.events.weight = e.events.out[:0], 0
	return out
}

// Watermark says that every alert still to come has an Order that is not less.
func (e *Engine) Watermark() uint64 {
	if ev := e.events.head(); ev != nil {
		return ev.order
	}
	return e.at.Order
}

// Counts gives the totals and gauges of now, without the exposed_* gauges: the
// sets of several workers overlap (see Inventory).
func (e *Engine) Counts() Counts {
	c := e.counts
	c.OpenConnections = uint64(e.flows.open)
	return c
}

// look gives up waiting for octets that will not come. Where both directions
// are seen, only an acknowledgement proves that the receiver has what is
// missing here; what it never acknowledges was never part of the stream.
func (e *Engine) look(s *session) {
	for d := toHi; d <= toLo; d++ {
		h, peer := &s.half[d], &s.half[d.other()]
		if !h.stream.Waiting() {
			continue
		}
		age, before := e.now-h.holeSince, h.memory()
		switch {
		case h.acks && h.stream.Acked(h.peerAck) && age >= int64(waitAckedHole),
			!peer.stream.Started() && age >= int64(waitHole):
			h.stream.GiveUp()
			e.drain(s, d)
		case age >= int64(waitUnackedAll):
			h.stream.Discard()
		}
		e.account(s, d, before)
		e.flows.waitFor(s, h, e.now)
	}
}
