package detect

import (
	"time"

	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/decode/tls"
)

// Evidence is what a finding was told from: the messages, with every secret in
// them overwritten (see ldap.Redact). It is immutable; alerts of one message
// share it.
type Evidence struct {
	Messages []Proof // in the order seen
	Left     int     // more that belong to it and are not kept
}

// Proof is a message of Evidence.
type Proof struct {
	Time       time.Time
	Packet     uint64 // the frame in Origin that completed it
	Origin     string
	FromClient bool
	Protection Protection // SASLSigned: the message is what a signed buffer carried; TLS: a handshake record
	Octets     []byte     // the message, or the front of it
	Len        int        // octets it had on the wire; more than there are: it was cut
}

// Weight gives the octets of memory that evidence takes, near enough.
func (v *Evidence) Weight() int {
	if v == nil {
		return 0
	}
	n := 0
	for i := range v.Messages {
		n += proofRoom + len(v.Messages[i].Octets)
	}
	return n
}

// Bounds of evidence, in octets unless said.
const (
	maxProof     = 32 << 10 // of a message
	maxEvidence  = 64 << 10 // of the messages of a finding
	maxProofs    = 16       // messages of a finding
	maxProofHeld = 64 << 20 // of findings that wait for a response
	proofRoom    = 128      // a Proof besides its octets
)

// prove adds the message at hand to what an event is told from, where evidence
// is asked for.
func (e *Engine) prove(ev *event) {
	m := &e.reading
	if m.whole == nil || ev.finished {
		return
	}
	if ev.evidence == nil {
		ev.evidence = new(Evidence)
	}
	v, held := ev.evidence, ev.evidence.Weight()
	if held >= maxEvidence || len(v.Messages) >= maxProofs {
		v.Left++
		return
	}
	octets := m.whole[:min(len(m.whole), maxProof, maxEvidence-held)]
	if e.proofHeld+len(octets)+proofRoom > maxProofHeld {
		e.counts.Limits[LimitEvidence]++
		v.Left++
		return
	}
	if m.prot == TLS { // a greeting has no secret
		octets = append([]byte(nil), octets...)
	} else {
		octets = ldap.Redact(octets, e.secrets)
	}
	v.Messages = append(v.Messages, Proof{
		Time: e.at.Time, Packet: e.at.Number, Origin: e.at.Origin,
		FromClient: m.op.FromClient(), Protection: m.prot, Octets: octets, Len: m.size,
	})
	ev.proofs += len(octets) + proofRoom
	e.proofHeld += len(octets) + proofRoom
}

// tellFor is tell for an answer: its request, which another finding may be told
// from too, is evidence as well.
func (e *Engine) tellFor(a Alert, request *event) {
	ev := e.raise(a)
	if request != nil && request.evidence != nil && ev.evidence != nil {
		v := ev.evidence
		v.Messages = append(append([]Proof(nil), request.evidence.Messages...), v.Messages...)
	}
	ev.done()
	e.release()
}

// proven hands the evidence of an event over to its alerts.
func (e *Engine) proven(ev *event) *Evidence {
	v := ev.evidence
	e.proofHeld -= ev.proofs
	ev.evidence, ev.proofs = nil, 0
	if v == nil || len(v.Messages) == 0 {
		return nil
	}
	return v
}

// readGreeting says that a server's TLS greeting is being read, which may go on
// in the records behind its first.
func (e *Engine) readGreeting(b []byte) {
	if !e.cfg.Evidence {
		return
	}
	n := 0
	for n < len(b) {
		rec, v := tls.ScanRecord(b[n:])
		if v != tls.OK || rec.Type != tls.Handshake {
			break
		}
		n += rec.Len
	}
	e.reading = message{whole: b[:min(n, len(b))], size: n, prot: TLS}
}

// readDatagram says that a CLDAP answer is being read: its first message, which
// is the entry.
func (e *Engine) readDatagram() {
	hdr, v := ldap.Scan(e.seg.Payload)
	if e.cfg.Evidence && v == ldap.OK {
		b := e.seg.Payload[:min(hdr.Len, len(e.seg.Payload))]
		e.reading = message{whole: b, size: hdr.Len, op: hdr.Op}
	}
}
