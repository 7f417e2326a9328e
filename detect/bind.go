package detect

import (
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/decode/sasl"
)

// bindRequest reads a bind (RFC 4511 4.2). Its credentials are looked at where
// they lie and never kept.
func (e *Engine) bindRequest(s *session, m *message) bool {
	req, ok := ldap.ParseBindRequest(m.body)
	if !ok {
		return false
	}
	s.version = req.Version
	p := pending{id: m.id, op: m.op, prot: m.prot, name: e.names.name(req.Name)}
	b := &Bind{Name: p.name}
	var step sasl.Client
	switch req.Choice {
	case ldap.Simple:
		p.method = simpleMethod(&req)
		p.secret = p.method == Simple
	case ldap.SASL, ldap.SicilyNegotiate, ldap.SicilyResponse, ldap.SicilyDiscovery:
		step = e.saslStep(s, &req, &p)
		b.Mechanism = clean([]byte(s.exchange.Mechanism()))
	case ldap.Kerberos42LDAP, ldap.Kerberos42DSA:
		p.method = SASL // a ticket, not a password
	default:
		return true
	}
	b.Method = p.method
	e.bindRules(s, m, &req, &p, b, &step)
	s.request(e, p)
	return true
}

func simpleMethod(req *ldap.Bind) Method {
	switch {
	case req.SecretLen > 0:
		return Simple
	case len(req.Name) > 0:
		return Unauthenticated
	}
	return Anonymous
}

// saslStep takes a step of a SASL or Sicily exchange. A request that names
// another mechanism, or comes after the end of one, starts a new exchange
// (RFC 4513 5.2.1.2).
func (e *Engine) saslStep(s *session, req *ldap.Bind, p *pending) sasl.Client {
	p.method = SASL
	mechanism := req.Mechanism
	if req.Choice != ldap.SASL {
		p.method, mechanism = Sicily, []byte("NTLM")
		p.step = req.Choice != ldap.SicilyResponse
	}
	if s.exchange == nil || !s.exchange.Continues(mechanism) {
		h := &s.half[s.client]
		s.exchange = sasl.NewExchange(mechanism, h.syn && !h.gapped)
	} else if before := s.pendingBind(); before != nil {
		s.goOn(before) // its answer was not seen
	}
	p.mechanism = s.exchange.Mechanism()
	step := s.exchange.Client(req.Credentials, req.HasCredentials)
	p.secret = step.HasSecret
	if name := step.Name(); name != "" {
		p.name = e.names.name([]byte(name))
	}
	return step
}

// bindRules raises what a bind gives rise to, to be completed by the answer.
func (e *Engine) bindRules(s *session, m *message, req *ldap.Bind, p *pending, b *Bind, step *sasl.Client) {
	print := ""
	if p.secret {
		print = e.fingerprint(s, m, req)
	}
	add := func(r RuleID) {
		a := e.alert(s, r, m)
		a.User, a.Bind, a.Fingerprint = p.name, b, print
		if p.event == nil {
			p.event = e.raise(a)
		} else {
			p.event.alerts = append(p.event.alerts, a)
		}
	}
	switch {
	case p.method == Simple:
		add(CleartextBind)
	case p.secret:
		add(CleartextSASL)
	case p.method == Unauthenticated:
		add(UnauthenticatedBind)
	default:
		e.crackable(s, p, b, step, add)
	}
	if m.prot == None && p.secret {
		e.internet(s, m)
	}
	if p.secret {
		e.notePassword(s, p.name)
		s.exposedUser, s.exposedAny = p.name, true
		s.carried[m.prot] = true
	}
	if req.Version == 2 {
		add(LegacyLDAPv2)
	}
	if m.prot == None && s.startTLSFailed() && s.first(StartTLSFallback, p.name) {
		add(StartTLSFallback)
	}
}

// crackable raises an exchange that can be guessed at, once: at its first step,
// which has no name yet, and is completed by the step that has.
func (e *Engine) crackable(s *session, p *pending, b *Bind, step *sasl.Client, add func(RuleID)) {
	switch open := s.guess != nil && !s.guess.finished; {
	case open && step.Exposure == sasl.Guessable:
		s.guess.alerts[0].User, s.guess.alerts[0].Bind = p.name, b
		p.event = s.guess
		e.prove(s.guess)
		s.first(CrackableExchange, p.name)
	case open: // it ended in an anonymous NTLM login: nothing to guess
		s.guess.alerts = nil
		s.guess.done()
		s.guess = nil
	case step.Exposure == sasl.Guessable && s.first(CrackableExchange, p.name):
		add(CrackableExchange)
		s.guess = p.event
	}
}

// bindResponse reads the answer to a bind.
func (e *Engine) bindResponse(s *session, m *message, res *ldap.Result, i int) {
	var p pending
	if i >= 0 {
		p = s.pending[i]
	}
	if res.Code == ldap.SASLBindInProgress || p.step && res.Code == ldap.Success {
		// The exchange goes on; Sicily says so with a success that is no login.
		if s.exchange != nil {
			s.exchange.Server(res.SASLCredentials)
		}
		if i >= 0 {
			s.goOn(&s.pending[i])
			if s.guess != nil && p.event == s.guess {
				e.prove(s.guess)
				s.pending[i].event = nil
			}
		}
		e.complete(s, i, m, res, Unknown)
		return
	}
	if s.exchange != nil && (i < 0 || p.method == SASL || p.method == Sicily) {
		s.exchange.End()
	}
	outcome := Failure
	if res.Code == ldap.Success {
		outcome = Success
	}
	if i >= 0 {
		e.boundAs(s, &p, outcome)
		e.tried(s, m, &p, res)
	}
	e.complete(s, i, m, res, outcome)
}

// tried looks at the answer to a password that was tried.
func (e *Engine) tried(s *session, m *message, p *pending, res *ldap.Result) {
	switch {
	case p.name == "", p.method == Unauthenticated: // none was
	case res.Password() == ldap.PasswordRight:
		e.acceptedBind(s, m, p)
	case res.Code == ldap.InvalidCredentials:
		e.refusedBind(s, m, p)
	}
}

// boundAs notes the identity after a bind. A refused one leaves the connection
// anonymous (RFC 4511 4.2.1).
func (e *Engine) boundAs(s *session, p *pending, o Outcome) {
	s.user, s.bound, s.anon, s.saslOK = "", o == Success, false, false
	if o != Success {
		return
	}
	switch p.method {
	case Anonymous:
		s.anon = true
	case Unauthenticated: // the server takes it for nobody (RFC 4513 5.1.2)
	case SASL, Sicily:
		s.user = p.name
		s.saslOK = p.method == Sicily || s.exchange != nil && s.exchange.Authenticates()
	default:
		s.user = p.name
	}
}

// judge completes the alerts of a request that carried a password by its answer:
// the password was exposed all the same, but a refused one may be wrong.
func (e *Engine) judge(ev *event, p *pending, res *ldap.Result, o Outcome) {
	password := res.Password()
	for i := range ev.alerts {
		a := &ev.alerts[i]
		a.Right = o == Success && res.Code != ldap.CompareFalse || password == ldap.PasswordRight
		if password == ldap.PasswordRefused && o == Failure && (a.Rule == CleartextBind || a.Rule == CleartextSASL) {
			a.Severity = a.Severity.lower()
		}
	}
	demands := res.Code == ldap.StrongerAuthRequired || res.Code == ldap.ConfidentialityRequired
	if demands && p.secret && len(ev.alerts) > 0 {
		a := ev.alerts[0]
		a.Rule, a.Severity = CleartextRefused, e.severity(CleartextRefused, a.Protection)
		ev.alerts = append(ev.alerts, a)
	}
}
