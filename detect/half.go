package detect

import (
	"math/bits"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/decode/sasl"
	"github.com/clearbind/clearbind/decode/tls"
)

// half is one direction of a connection: a stream of octets that is cut into
// units. A unit is an LDAP message, a SASL buffer, a TLS record or a PROXY
// header, and its first octet tells which: 30, 00, 14…18, or P and 0D at the
// start. So there is no state to be wrong about: after StartTLS, a SASL bind,
// the end of either, or a gap, the next unit speaks for itself.
type half struct {
	stream decode.Stream
	isn    uint32 // of the SYN seen; valid iff syn
	syn    bool
	begun  bool // a unit was read
	lost   bool // not at the start of a unit: hunting for one
	gapped bool // octets were missed

	held []byte // octets of a unit that is not whole yet; owned
	want int    // octets of it needed before looking again
	skip int    // octets still to come of a unit that nobody reads

	inner []byte // readable text of signed buffers that is no whole message yet; owned

	peerAck   uint32 // highest acknowledgement of this direction; valid iff acks
	acks      bool
	holeSince int64
	holeAt    uint32
	helloSeen bool // a TLS handshake record was read
}

// memory gives the octets h holds.
func (h *half) memory() int { return h.stream.Held() + len(h.held) + len(h.inner) }

// acked notes what the receiver has.
func (h *half) acked(ack uint32) {
	if !h.acks || int32(ack-h.peerAck) > 0 {
		h.peerAck, h.acks = ack, true
	}
}

// reopened says whether a SYN opens another connection than the one followed:
// a second copy of the same SYN does not, nor does one that a mirror delivers
// after the first data.
func (h *half) reopened(seg *decode.Segment) bool {
	if h.syn {
		return h.isn != seg.Seq
	}
	ahead := h.stream.Position() - (seg.Seq + 1)
	return h.stream.Started() && ahead > 1<<16
}

// feed reads octets that are next in their stream. They are borrowed: what is
// left of an unfinished unit is copied.
func (e *Engine) feed(s *session, d dir, b []byte) {
	h := &s.half[d]
	if h.skip > 0 {
		n := min(h.skip, len(b))
		h.skip -= n
		b = b[n:]
	}
	if len(b) == 0 {
		return
	}
	if len(h.held) > 0 {
		if n := max(h.want, len(h.held)+len(b)); n > cap(h.held) {
			larger := append(e.buffers.get(n), h.held...)
			e.buffers.put(h.held)
			h.held = larger
		}
		h.held = append(h.held, b...)
		if len(h.held) < h.want {
			return
		}
		b = h.held
	}
	rest := b[e.units(s, d, b):]
	if len(rest) == 0 || s.dismissed {
		e.buffers.put(h.held)
		h.held = nil
		return
	}
	if h.held == nil {
		h.held = e.buffers.get(max(h.want, len(rest)))
	}
	h.held = append(h.held[:0], rest...)
}

// units reads the units at the front of b and gives the octets they took.
func (e *Engine) units(s *session, d dir, b []byte) int {
	h := &s.half[d]
	off := 0
	for off < len(b) && !s.dismissed {
		var n int
		if h.lost {
			n, h.want = e.hunt(s, d, b[off:], off == 0 && len(h.held) == 0)
		} else {
			n, h.want = e.unit(s, d, b[off:])
		}
		if n == 0 && h.want > 0 {
			break
		}
		off += n
	}
	if off > len(b) {
		h.skip = off - len(b)
		off = len(b)
	}
	return off
}

// unit reads the unit at the front of b. It gives the octets the unit takes,
// which may be more than b has (nobody reads the rest), or, with n 0, how many
// octets it wants to see. Where no unit starts the half is lost, and one octet
// is passed over.
func (e *Engine) unit(s *session, d dir, b []byte) (n, want int) {
	h := &s.half[d]
	switch first := b[0]; {
	case first == 0x30:
		n, want = e.plain(s, d, b)
	case first == 0:
		n, want = e.buffer(s, d, b)
	case first >= 0x14 && first <= 0x18:
		n, want = e.record(s, d, b)
	case !h.begun && (first == 'P' || first == '\r'):
		n, want = e.proxy(s, d, b)
	}
	if n == 0 && want == 0 {
		h.lost = true
		if s.ldap {
			e.counts.Rejected[RejectEnvelope]++
		}
		return 1, 0
	}
	h.begun = h.begun || n > 0
	return n, want
}

// plain reads an LDAPMessage that nothing protects.
func (e *Engine) plain(s *session, d dir, b []byte) (n, want int) {
	hdr, verdict := ldap.Scan(b)
	switch verdict {
	case ldap.NeedMore:
		return 0, len(b) + 1
	case ldap.NotLDAP:
		return 0, 0
	case ldap.OK:
	}
	// The first message of a half, and the first after TLS, has to look like
	// one inside too: other protocols start with 30 as well.
	if proven := s.half[d].begun && s.ldap && (!s.tls || s.resumed); !proven && !ldap.Plausible(b) {
		return 0, 0
	}
	size := hdr.Len
	if size > maxPDU {
		size = cutPDU
	}
	if len(b) < size {
		return 0, size
	}
	if hdr.Len > maxPDU {
		e.counts.Limits[LimitPDU]++
	}
	e.message(s, d, b[:size], hdr, None)
	return hdr.Len, 0
}

// buffer reads a SASL security layer's buffer.
func (e *Engine) buffer(s *session, d dir, b []byte) (n, want int) {
	buf, verdict := sasl.ScanBuffer(b, s.hint())
	switch {
	case verdict == sasl.NeedMore:
		return 0, len(b) + 1
	case verdict == sasl.NotBuffer:
		return 0, 0
	case buf.Layer == sasl.LayerUnknown && len(b) < min(buf.Len, buf.Readable()+headerRoom):
		return 0, min(buf.Len, buf.Readable()+headerRoom)
	case buf.Layer == sasl.LayerSealed, buf.Layer == sasl.LayerUnknown && !s.half[d].reads(b[min(buf.Readable(), buf.Len):min(len(b), buf.Len)]):
		e.sealed(s, d)
		return buf.Len, 0
	case buf.Len > maxPDU:
		e.counts.Limits[LimitPDU]++
		return buf.Len, 0
	case len(b) < buf.Len:
		return 0, buf.Len
	}
	var text []byte
	text, e.scratch = buf.Text(b[:buf.Len], e.scratch)
	e.signed(s, d, text)
	clear(e.scratch)
	return buf.Len, 0
}

// reads says whether text can be read as what comes next: the start of a
// message, or more of one that began in an earlier buffer.
func (h *half) reads(text []byte) bool { return len(h.inner) > 0 || ldap.Plausible(text) }

// sealed notes that something went that nobody can read.
func (e *Engine) sealed(s *session, d dir) {
	s.ldap = true
	s.carried[SASLSealed] = true
	e.buffers.put(s.half[d].inner)
	s.half[d].inner = nil
}

// signed reads the messages in the text of signed buffers. A message may span
// several of them.
func (e *Engine) signed(s *session, d dir, text []byte) {
	h := &s.half[d]
	if len(h.inner) > 0 {
		h.inner = append(h.inner, text...)
		text = h.inner
	}
	for len(text) > 0 {
		hdr, verdict := ldap.Scan(text)
		if verdict == ldap.NotLDAP {
			e.counts.Rejected[RejectLayer]++
			text = nil
			break
		}
		if verdict == ldap.NeedMore || len(text) < min(hdr.Len, maxPDU) {
			break
		}
		e.message(s, d, text[:min(hdr.Len, len(text))], hdr, SASLSigned)
		text = text[min(hdr.Len, len(text)):]
	}
	if len(text) == 0 {
		e.buffers.put(h.inner)
		h.inner = nil
		return
	}
	if h.inner == nil {
		h.inner = e.buffers.get(len(text))
	}
	h.inner = append(h.inner[:0], text...)
}

// record steps over a TLS record. The first one of a handshake is looked at.
func (e *Engine) record(s *session, d dir, b []byte) (n, want int) {
	rec, verdict := tls.ScanRecord(b)
	switch verdict {
	case tls.NeedMore:
		return 0, len(b) + 1
	case tls.NotTLS:
		return 0, 0
	case tls.OK:
	}
	if s.class == portOther && !s.ldap {
		s.dismissed = true // TLS on a port that is not LDAP's
	}
	if rec.Type == tls.Handshake && !s.half[d].helloSeen {
		if len(b) < rec.Len {
			return 0, rec.Len
		}
		e.hello(s, d, b) // it may go on in the records behind
	}
	s.tls = true
	s.resumed = false
	s.carried[TLS] = true
	if rec.Type == tls.ApplicationData && d == s.client {
		s.tlsData++
	}
	return rec.Len, 0
}

// hello looks at the first handshake record of a direction: who greets first
// is the client, and the server's greeting chooses the version.
func (e *Engine) hello(s *session, d dir, record []byte) {
	s.half[d].helloSeen = true
	h := tls.ReadHello(record)
	if !s.sure && h.Side != tls.NoHello {
		s.client, s.sure = d, true
		if h.Side == tls.ServerHello {
			s.client = d.other()
		}
	}
	switch h.Side {
	case tls.ClientHello:
		s.serverName = e.names.name(h.ServerName)
	case tls.ServerHello:
		increase(&e.use(s, s.user, e.at.Time).TLSVersions, tls.VersionName(h.Version), maxMechanisms)
		if tls.Weak(h.Version) && (s.class != portOther || s.ldap) {
			a := e.alert(s, WeakTLS, &message{prot: TLS})
			a.TLSVersion, a.ServerName = tls.VersionName(h.Version), s.serverName
			e.tell(a)
		}
	case tls.NoHello:
	}
}

// lose says that n octets of a direction will never come.
func (e *Engine) lose(s *session, d dir, n int) {
	h := &s.half[d]
	if n > 0 && n <= h.skip {
		h.skip -= n // nobody would have read them: the next unit starts where it should
		return
	}
	h.gapped = true
	if d == s.client && s.exchange != nil {
		s.exchange.Missed()
	}
	n -= h.skip
	h.skip = 0
	left := e.salvage(s, d)
	switch {
	case n > 0 && n <= left:
		h.skip = left - n // the gap ends inside the message that was salvaged
	default:
		h.lost = true
	}
}

// salvage reads what there is of a message whose rest will not come, and gives
// how many of its octets are missing.
func (e *Engine) salvage(s *session, d dir) (missing int) {
	h := &s.half[d]
	b, prot := h.held, None
	if len(h.inner) > 0 {
		b, prot = h.inner, SASLSigned
	}
	if hdr, v := ldap.Scan(b); v == ldap.OK && !h.lost && !s.dismissed && (s.ldap || ldap.Plausible(b)) && len(b) > 0 {
		e.message(s, d, b[:min(len(b), hdr.Len)], hdr, prot)
		if prot == None {
			missing = hdr.Len - len(b)
		}
	}
	e.buffers.put(h.held)
	e.buffers.put(h.inner)
	h.held, h.inner, h.want = nil, nil, 0
	return max(missing, 0)
}

// bufferPool keeps the buffers of finished units for the next unfinished ones,
// so that an idle connection holds none.
type bufferPool struct {
	free [16][][]byte // by power of two, from 512
}

const (
	smallestBuffer = 512
	keptBuffers    = 1 << 20 // octets kept of each size
)

// get gives an empty buffer for about n octets.
func (p *bufferPool) get(n int) []byte {
	class := bits.Len(uint(max(n, smallestBuffer)-1)) - 9
	if class < len(p.free) {
		if free := p.free[class]; len(free) > 0 {
			p.free[class] = free[:len(free)-1]
			return free[len(free)-1]
		}
		return make([]byte, 0, smallestBuffer<<class)
	}
	return make([]byte, 0, n)
}

// put takes a buffer back, wiped: it held what only its message may know.
func (p *bufferPool) put(b []byte) {
	class := bits.Len(uint(cap(b))) - 10
	clear(b[:cap(b)])
	if cap(b) < smallestBuffer || class >= len(p.free) || len(p.free[class])<<class >= keptBuffers/smallestBuffer {
		return
	}
	p.free[class] = append(p.free[class], b[:0])
}

// proxy reads a PROXY protocol header, which only a client's stream may start
// with: the client it names is the one to tell of.
func (e *Engine) proxy(s *session, d dir, b []byte) (n, want int) {
	p, v := decode.ReadProxy(b)
	switch {
	case v == decode.NeedMore:
		return 0, len(b) + 1
	case v == decode.No || s.sure && d != s.client:
		return 0, 0
	}
	s.client = d
	if p.Known {
		s.balancer, _ = s.ends()
		s.trueSrc, s.proxied = p.Src, true
		s.use, s.query, s.repeat = nil, nil, nil // those were the balancer's
	}
	return p.Len, 0
}
