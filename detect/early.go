package detect

import (
	"bytes"
	"slices"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
)

// early is the result of a request that was not read yet. Mirrors, hosts with
// several queues and merged captures show the two directions in an order that
// never was, and a hole may hold back a request that was answered long ago.
type early struct {
	id         int32
	op         ldap.Op
	prot       Protection
	ack        uint32 // what the server had of the client's stream
	code       int
	diagnostic []byte // owned
	generated  bool   // a password came with it
}

const (
	maxEarly      = 8
	maxDiagnostic = 512 // octets of a diagnostic kept; Active Directory's have about a hundred
)

// foresee keeps the result of a request that was not read, if it is still to
// come: the server has acknowledged more of the client's stream than was read.
// The answers in the middle of an exchange are not worth it.
func (e *Engine) foresee(s *session, m *message, res *ldap.Result) bool {
	ack, ok := e.acknowledged(s)
	client := &s.half[s.client].stream
	if !ok || m.id == 0 || res.Code == ldap.SASLBindInProgress || client.Started() && int32(ack-client.Position()) <= 0 {
		return false
	}
	if len(s.early) >= maxEarly {
		s.early = slices.Delete(s.early, 0, 1)
	}
	diagnostic := bytes.Clone(res.Diagnostic[:min(len(res.Diagnostic), maxDiagnostic)])
	s.early = append(s.early, early{m.id, m.op, m.prot, ack, res.Code, diagnostic, ldap.GeneratesPassword(res.Value)})
	return true
}

// acknowledged gives what the server acknowledges in the segment at hand.
func (e *Engine) acknowledged(s *session) (ack uint32, ok bool) {
	if e.seg == nil || e.seg.Flags&decode.ACK == 0 {
		return 0, false
	}
	key, fromLo := e.seg.Key()
	return e.seg.Ack, key == s.key && fromLo != (s.client == toHi)
}

// answered completes the request just read, if its answer came before it.
func (e *Engine) answered(s *session, m *message) {
	i := slices.IndexFunc(s.early, func(a early) bool { return a.id == m.id && a.op == answerTo[m.op] })
	if i < 0 {
		return
	}
	a := s.early[i]
	s.early = slices.Delete(s.early, i, i+1)
	if int32(a.ack-s.half[s.client].stream.Position()) < 0 {
		return // the ID is used again: this request was sent after that answer
	}
	at := s.find(a.id)
	answer, res := message{id: a.id, op: a.op, prot: a.prot}, ldap.Result{Code: a.code, Diagnostic: a.diagnostic}
	if at >= 0 && a.generated && s.pending[at].generates {
		e.secretReturned(s, &answer, at, nil, nil)
	}
	e.result(s, &answer, &res, at)
}

// answerTo gives the operation that ends a request's answer (RFC 4511 4.1.1).
var answerTo = [ldap.NumOps]ldap.Op{
	ldap.BindRequest: ldap.BindResponse, ldap.SearchRequest: ldap.SearchResultDone, ldap.ModifyRequest: ldap.ModifyResponse,
	ldap.AddRequest: ldap.AddResponse, ldap.DelRequest: ldap.DelResponse, ldap.ModifyDNRequest: ldap.ModifyDNResponse,
	ldap.CompareRequest: ldap.CompareResponse, ldap.ExtendedRequest: ldap.ExtendedResponse,
}
