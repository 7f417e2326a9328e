package detect

import (
	"github.com/clearbind/clearbind/decode/ldap"
)

// response reads what a server answers. It gives false if it does not parse.
func (e *Engine) response(s *session, m *message) bool {
	switch m.op {
	case ldap.SearchResultEntry:
		return e.entry(s, m)
	case ldap.SearchResultReference, ldap.IntermediateResponse:
		return true // more is to come
	default:
	}
	if m.prot == SASLSigned || m.op != ldap.BindResponse && m.id != 0 { // 0: the server may give the connection up
		e.connectionRules(s, m)
	}
	res, ok := ldap.ParseResult(m.op, m.body)
	if !ok {
		return false
	}
	res.Policy = ldap.PasswordPolicy(m.rest)
	i := s.find(m.id)
	e.readBack(s, m, i)
	if i < 0 && res.Code != ldap.SASLBindInProgress { // a step's answer is worth nothing later
		if a := e.foresee(s, m); a != nil {
			a.keep(m.op, &res)
			return true
		}
	}
	e.result(s, m, &res, i)
	return true
}

// result takes the end of an answer to request i, -1: which is not known.
func (e *Engine) result(s *session, m *message, res *ldap.Result, i int) {
	switch m.op {
	case ldap.BindResponse:
		e.bindResponse(s, m, res, i)
	case ldap.ExtendedResponse:
		e.extendedResponse(s, m, res, i)
	default:
		e.complete(s, i, m, res, outcomeOf(res.Code))
	}
}

// readBack looks at the entry that comes with the answer to a write whose client
// asked for it (RFC 4527).
func (e *Engine) readBack(s *session, m *message, i int) {
	for entry := range ldap.ReadEntries(m.rest) {
		if attr := entry.Secret(e.secrets); attr != nil {
			e.secretReturned(s, m, i, e.names.name(entry.DN), attr)
			return
		}
	}
}

func outcomeOf(code int) Outcome {
	switch code {
	case ldap.Success, ldap.CompareTrue, ldap.CompareFalse:
		return Success
	}
	return Failure
}

// entry reads a search result entry: names of attributes, never values.
func (e *Engine) entry(s *session, m *message) bool {
	e.counts.SearchEntries++
	i := s.find(m.id)
	if i >= 0 {
		p := &s.pending[i]
		if p.event != nil {
			p.event.entries++
			p.event.bytes += uint64(m.size)
		}
		if p.told {
			return true
		}
	} else if a := e.foresee(s, m); a != nil {
		a.entries++
		a.bytes += uint64(m.size)
	}
	entry, ok := ldap.ParseEntry(m.body)
	if !ok {
		return false
	}
	e.connectionRules(s, m)
	if attr := entry.Secret(e.secrets); attr != nil {
		e.secretReturned(s, m, i, e.names.name(entry.DN), attr)
	}
	return true
}

// secretReturned tells of a secret in an answer, once for the request.
func (e *Engine) secretReturned(s *session, m *message, i int, dn string, attr []byte) {
	if i >= 0 {
		s.pending[i].told = true
	}
	a := e.alert(s, SecretReturned, m)
	a.Outcome = Success
	a.Entry = &Entry{DN: dn}
	if attr != nil {
		a.Entry.Attributes = []string{e.names.name(attr)}
	}
	var request *event
	if i >= 0 {
		request = s.pending[i].event
	}
	e.tellFor(a, request)
}

func (e *Engine) extendedResponse(s *session, m *message, res *ldap.Result, i int) {
	if i < 0 {
		return // unsolicited (RFC 4511 4.4), or its request was not seen
	}
	p := s.pending[i]
	if p.start {
		s.startTLS = startTLSFailed
		r := StartTLSRefused
		if res.Code == ldap.Success {
			s.startTLS, r = startTLSAccepted, StartTLSSuccess
		}
		e.counts.StartTLS[r]++
	}
	if p.generates && ldap.ReturnsPassword(res.Value) {
		e.secretReturned(s, m, i, p.name, nil)
	}
	if p.verifies {
		if v := res.Verified; v != nil {
			v.Policy, res = res.Policy, v
		}
		e.tried(s, m, &p, res)
	}
	e.complete(s, i, m, res, outcomeOf(res.Code))
}

// complete gives the alerts that wait for a response its result, and settles
// the request. The alerts may have been told already: then nothing happens to
// them, but the inventory hears of it.
func (e *Engine) complete(s *session, i int, m *message, res *ldap.Result, o Outcome) {
	if i < 0 {
		return
	}
	p := &s.pending[i]
	name := p.name
	if p.op != ldap.BindRequest && !p.verifies {
		name = s.identity()
	}
	e.noteResult(s, name, res)
	switch ev := p.event; {
	case ev == nil:
	case ev.finished: // told without an answer, which took too long
		if name != "" && p.secret && res.Password() == ldap.PasswordRight && (p.op == ldap.BindRequest || p.verifies) {
			e.noteRight(s, name)
		}
	default:
		if p.secret {
			e.judge(ev, p, res, o)
		}
		e.prove(ev)
		result := &Result{
			Code: res.Code, Name: ldap.CodeName(res.Code), Diagnostic: clean(res.Diagnostic), ADReason: ldap.ADReason(res.Diagnostic),
			Policy: res.Policy.String(), Untried: p.secret && res.Password() == ldap.PasswordUntried,
		}
		for j := range ev.alerts {
			a := &ev.alerts[j]
			a.Outcome, a.Result, a.End = o, result, e.at.Time
		}
	}
	s.settle(e, i, o)
	e.release()
}
