package detect

import (
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
	stream decode.Stream[Packet]
	isn    uint32 // of the SYN seen; valid iff syn
	syn    bool
	begun  bool // a unit was read
	lost   bool // not at the start of a unit: hunting for one
	gapped bool // octets were missed

	outer unfinished // the unit under way
	inner unfinished // the message under way in the text of signed buffers

	peerAck   uint32 // highest acknowledgement of this direction; valid iff acks
	acks      bool
	holeSince int64
	holeAt    uint32
	helloSeen bool // a TLS handshake record was read
}

// memory gives the octets h holds.
func (h *half) memory() int { return h.stream.Held() + cap(h.outer.held) + cap(h.inner.held) }

// acked notes what the receiver has, and says whether that is more than before.
func (h *half) acked(ack uint32) bool {
	if h.acks && int32(ack-h.peerAck) <= 0 {
		return false
	}
	h.peerAck, h.acks = ack, true
	return true
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
	start := len(h.outer.held)
	if b = h.outer.take(&e.buffers, b); b == nil {
		return
	}
	n := e.units(s, d, b, start)
	if s.dismissed {
		n = len(b)
	}
	h.outer.keep(&e.buffers, b, n)
}

// units reads the units at the front of b and gives the octets they take, which
// may be more than b has. start is where the segment starts that came last.
func (e *Engine) units(s *session, d dir, b []byte, start int) int {
	h := &s.half[d]
	off := 0
	for off < len(b) && !s.dismissed {
		var n int
		if h.lost {
			n, h.outer.want = e.hunt(s, d, b[off:], start-off)
		} else {
			n, h.outer.want = e.unit(s, d, b[off:])
		}
		if n == 0 && h.outer.want > 0 {
			break
		}
		off += n
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
	case first == 0 && !h.begun && s.exchange == nil:
		// Joined in the middle of a layer, or of nothing: Windows sends an octet of
		// 00 to keep a silent connection alive. So a buffer has to prove itself.
		h.lost = true
		return 0, 0
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
	if !s.expects(d, hdr.Op) && !ldap.Plausible(b) {
		return 0, 0
	}
	return e.whole(s, d, b, hdr, None)
}

// expects says whether a message with this operation is what comes next, so that
// its envelope is enough to tell it. The first one of a half, and the first after
// TLS, has to look like one inside too: other protocols start with 30 as well.
// Not so where a client's stream starts on a port of LDAP's: there is nothing
// else, and servers take much that hardly looks like a message.
func (s *session) expects(d dir, op ldap.Op) bool {
	h := &s.half[d]
	switch {
	case s.tls && !s.resumed:
		return false
	case h.begun && s.ldap:
		return true
	}
	return s.class == portLDAP && h.syn && !h.gapped && op.FromClient() && d == s.client
}

// whole reads the message at the front of b when all of it is there, or enough
// of a huge one. It gives what unit does.
func (e *Engine) whole(s *session, d dir, b []byte, hdr ldap.Header, prot Protection) (n, want int) {
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
	e.message(s, d, b[:size], hdr, prot)
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
		s.half[d].inner.drop(&e.buffers) // its end is in there
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
func (h *half) reads(text []byte) bool { return h.inner.open() || ldap.Plausible(text) }

// sealed notes that something went that nobody can read.
func (e *Engine) sealed(s *session, d dir) {
	s.ldap = true
	s.carried[SASLSealed] = true
	s.half[d].inner.drop(&e.buffers)
}

// signed reads the messages in the text of signed buffers. A message may span
// several of them.
func (e *Engine) signed(s *session, d dir, text []byte) {
	inner := &s.half[d].inner
	if text = inner.take(&e.buffers, text); text == nil {
		return
	}
	n := 0
	for n < len(text) {
		hdr, verdict := ldap.Scan(text[n:])
		if verdict == ldap.NotLDAP {
			e.counts.Rejected[RejectLayer]++
			n = len(text)
			break
		}
		if verdict == ldap.NeedMore {
			inner.want = len(text) - n + 1
			break
		}
		var took int
		if took, inner.want = e.whole(s, d, text[n:], hdr, SASLSigned); took == 0 {
			break
		}
		n += took
	}
	inner.keep(&e.buffers, text, n)
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
			e.readGreeting(record)
			e.tell(a)
		}
	case tls.NoHello:
	}
}

// lose says that n octets of a direction will never come.
func (e *Engine) lose(s *session, d dir, n int) {
	h := &s.half[d]
	if n > 0 && n <= h.outer.skip {
		h.outer.skip -= n // nobody would have read them: the next unit starts where it should
		return
	}
	h.gapped = true
	if d == s.client && s.exchange != nil {
		s.exchange.Missed()
	}
	n -= h.outer.skip
	left := e.salvage(s, d)
	switch {
	case n > 0 && n <= left:
		h.outer.skip = left - n // the gap ends inside the message that was salvaged
	default:
		h.lost = true
	}
}

// salvage reads what there is of a message whose rest will not come, and gives
// how many of its octets are missing.
func (e *Engine) salvage(s *session, d dir) (missing int) {
	h := &s.half[d]
	b, prot := h.outer.held, None
	if len(h.inner.held) > 0 {
		b, prot = h.inner.held, SASLSigned
	}
	if hdr, v := ldap.Scan(b); v == ldap.OK && !h.lost && !s.dismissed && (s.ldap || ldap.Plausible(b)) && len(b) > 0 {
		e.message(s, d, b[:min(len(b), hdr.Len)], hdr, prot)
		if prot == None {
			missing = hdr.Len - len(b)
		}
	}
	h.outer.drop(&e.buffers)
	h.inner.drop(&e.buffers)
	return max(missing, 0)
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
		s.trueSrc, s.proxied, s.proxiedTLS = p.Src, true, p.TLS
		s.use, s.query, s.repeat = nil, nil, nil // those were the balancer's
	}
	return p.Len, 0
}
