package detect

import (
	"bytes"
	"slices"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
)

// early is what came of the answer to a request that was not read yet. Mirrors,
// hosts with several queues and merged captures show the two directions in an
// order that never was, and a hole may hold back a request that was answered
// long ago.
type early struct {
	id         int32
	op         ldap.Op // of the result; zero: it did not come yet
	prot       Protection
	ack        uint32 // what the server had of the client's stream
	entries    uint64
	bytes      uint64 // of those
	code       int
	diagnostic []byte       // owned
	verified   *ldap.Result // ldap.Result.Verified; owned
	policy     ldap.Policy
	returned   bool // a password came with it
}

const (
	maxEarly      = 8
	maxDiagnostic = 512 // octets of a diagnostic kept; Active Directory's have about a hundred
)

// foresee gives what is kept of the answer to a request that was not read, if
// that is still to come: the server has acknowledged more of the client's stream
// than was read. nil: it is not.
func (e *Engine) foresee(s *session, m *message) *early {
	ack, ok := e.acknowledged(s)
	client := &s.half[s.client].stream
	if !ok || m.id == 0 || client.Started() && int32(ack-client.Position()) <= 0 {
		return nil
	}
	i := slices.IndexFunc(s.early, func(a early) bool { return a.id == m.id && a.op == 0 })
	if i < 0 {
		if len(s.early) >= maxEarly {
			s.early = slices.Delete(s.early, 0, 1)
		}
		i = len(s.early)
		s.early = append(s.early, early{id: m.id})
	}
	s.early[i].prot, s.early[i].ack = m.prot, ack
	return &s.early[i]
}

// keep keeps a result, without the secret that may be in it.
func (a *early) keep(op ldap.Op, res *ldap.Result) {
	a.op, a.code, a.policy, a.returned = op, res.Code, res.Policy, ldap.ReturnsPassword(res.Value)
	a.diagnostic = ownDiagnostic(res)
	if v := res.Verified; v != nil {
		a.verified = &ldap.Result{Code: v.Code, Diagnostic: ownDiagnostic(v)}
	}
}

func ownDiagnostic(res *ldap.Result) []byte {
	return bytes.Clone(res.Diagnostic[:min(len(res.Diagnostic), maxDiagnostic)])
}

// acknowledged gives what the server acknowledges in the segment at hand.
func (e *Engine) acknowledged(s *session) (ack uint32, ok bool) {
	if e.seg == nil || e.seg.Flags&decode.ACK == 0 {
		return 0, false
	}
	key, fromLo := e.seg.Key()
	return e.seg.Ack, key == s.key && fromLo != (s.client == toHi)
}

// answered adds to the request just read what came of its answer before it.
func (e *Engine) answered(s *session, m *message) {
	i := slices.IndexFunc(s.early, func(a early) bool { return a.id == m.id && (a.op == 0 || a.op == answerTo[m.op]) })
	if i < 0 {
		return
	}
	a := s.early[i]
	s.early = slices.Delete(s.early, i, i+1)
	at := s.find(a.id)
	if at < 0 || int32(a.ack-s.half[s.client].stream.Position()) < 0 {
		return // or the ID is used again: this request was sent after that answer
	}
	p := &s.pending[at]
	if p.event != nil {
		p.event.entries += a.entries
		p.event.bytes += a.bytes
	}
	if a.op == 0 {
		return
	}
	answer, res := message{id: a.id, op: a.op, prot: a.prot}, ldap.Result{Code: a.code, Diagnostic: a.diagnostic, Verified: a.verified, Policy: a.policy}
	if a.returned && p.generates {
		e.secretReturned(s, &answer, at, p.name, nil)
	}
	e.result(s, &answer, &res, at)
}

// answerTo gives the operation that ends a request's answer (RFC 4511 4.1.1).
var answerTo = [ldap.NumOps]ldap.Op{
	ldap.BindRequest: ldap.BindResponse, ldap.SearchRequest: ldap.SearchResultDone, ldap.ModifyRequest: ldap.ModifyResponse,
	ldap.AddRequest: ldap.AddResponse, ldap.DelRequest: ldap.DelResponse, ldap.ModifyDNRequest: ldap.ModifyDNResponse,
	ldap.CompareRequest: ldap.CompareResponse, ldap.ExtendedRequest: ldap.ExtendedResponse,
}
