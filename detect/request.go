package detect

import (
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/decode/sasl"
)

// request reads what a client asks for. It gives false if it does not parse.
func (e *Engine) request(s *session, m *message) bool {
	if m.op != ldap.BindRequest && m.op != ldap.UnbindRequest {
		e.connectionRules(s, m)
	}
	switch m.op {
	case ldap.BindRequest:
		return e.bindRequest(s, m)
	case ldap.SearchRequest:
		return e.search(s, m)
	case ldap.ModifyRequest, ldap.AddRequest, ldap.DelRequest, ldap.ModifyDNRequest:
		return e.write(s, m)
	case ldap.CompareRequest:
		return e.compare(s, m)
	case ldap.ExtendedRequest:
		return e.extended(s, m)
	case ldap.AbandonRequest:
		if id, ok := ldap.ParseAbandonRequest(m.body); ok {
			if i := s.find(id); i >= 0 {
				s.settle(e, i, Unknown)
			}
			return true
		}
		return false
	case ldap.UnbindRequest: // answers under way may still come
		s.user, s.bound, s.anon, s.saslOK = "", false, false, false
		return true
	default:
		return false // no operation of a client
	}
}

// connectionRules are those that judge a connection by its going on in the
// clear after something. Answers count as requests do: a mirror may show the
// request before the answer to the bind.
func (e *Engine) connectionRules(s *session, m *message) {
	switch m.prot {
	case SASLSigned:
		s.carried[SASLSigned] = true
		e.once(s, SignedNotSealed, m)
	case None:
		if s.saslOK {
			e.once(s, UnsignedSASL, m)
		}
	default: // no message is read out of what is sealed
	}
}

// once tells a rule once for a connection and identity.
func (e *Engine) once(s *session, r RuleID, m *message) {
	if s.first(r, s.identity()) {
		e.tell(e.alert(s, r, m))
	}
}

// exposing notes that the client did something worth protecting, and judges
// what led to its going in the clear.
func (e *Engine) exposing(s *session, m *message) {
	s.carried[m.prot] = true
	e.noteOperation(s, m)
	if m.prot != None {
		return
	}
	e.internet(s, m)
	if s.startTLSFailed() {
		e.once(s, StartTLSFallback, m)
	}
	if s.anonymous() {
		e.once(s, AnonymousBind, m)
	}
}

func (e *Engine) search(s *session, m *message) bool {
	req, ok := ldap.ParseSearchRequest(m.body)
	if !ok {
		return false
	}
	p := s.request(e, pending{id: m.id, op: m.op, prot: m.prot})
	if req.RootDSE() {
		return true
	}
	e.exposing(s, m)
	if !ldap.LaterPage(m.rest) {
		e.noteQuery(s, &req)
	}
	e.cleartextSearch(s, m, p, &req)
	return true
}

// cleartextSearch raises what a search gives rise to, unless the same was told
// already: then nothing of it is even put into words.
func (e *Engine) cleartextSearch(s *session, m *message, p *pending, req *ldap.Search) {
	fire := make([]RuleID, 0, 3)
	if !e.again(s, m) {
		fire = append(fire, CleartextSearch)
	}
	if e.asksForSecret(req) {
		fire = append(fire, SecretRequested)
	}
	looksFor := recon(req, m.control(oidSDFlags))
	if looksFor != "" {
		fire = append(fire, DirectoryRecon)
	}
	var words *Search
	for _, r := range fire {
		a := e.alert(s, r, m)
		if r == DirectoryRecon {
			a.Pattern = looksFor
		}
		if held := e.holdBack(s, &a); held != nil {
			if r == CleartextSearch {
				s.repeat = held
			}
			continue
		}
		if words == nil {
			words = e.searchWords(req)
		}
		a.Search = words
		if p.event == nil {
			p.event = e.raise(a)
		} else {
			p.event.alerts = append(p.event.alerts, a)
		}
	}
}

// again counts a readable search as the finding that an earlier one of this
// connection was held back as, if it is the same: nearly all are, and making an
// alert and hashing its key to find that took a fifth of the time of a search.
func (e *Engine) again(s *session, m *message) bool {
	r, who := s.repeat, s.identity()
	if r == nil || r.gone || r.alert.User != who || len(e.cfg.Allow) > 0 || r.over(e, e.at.Time) {
		return false
	}
	r.hold(&e.at)
	e.counts.Alerts[CleartextSearch][e.severity(CleartextSearch, m.prot)]++
	e.use(s, who, e.at.Time).found(CleartextSearch, e.at.Time)
	return true
}

func (e *Engine) asksForSecret(req *ldap.Search) bool {
	for attr := range req.Attributes() {
		if e.secrets.Contains(attr) {
			return true
		}
	}
	found := false
	ldap.WalkFilter(req.Filter, func(item ldap.FilterItem) bool {
		found = e.secrets.Contains(item.Attribute)
		return !found
	})
	return found
}

// searchWords puts a search into words. Values compared with a secret
// attribute are secrets themselves and left out.
func (e *Engine) searchWords(req *ldap.Search) *Search {
	w := &Search{Base: e.names.name(req.Base), Scope: req.Scope.String()}
	text, ok := ldap.FilterText(req.Filter, ldap.FilterStyle{Redact: e.secrets.Contains, Rename: e.pseudonyms.filterValue()})
	if !ok {
		e.counts.Limits[LimitDepth]++
	}
	w.Filter = clean([]byte(text))
	for attr := range req.Attributes() {
		if len(w.Attributes) == maxAttributes {
			break
		}
		w.Attributes = append(w.Attributes, e.names.name(attr))
	}
	return w
}

// write reads an add, modify, delete or rename.
func (e *Engine) write(s *session, m *message) bool {
	entry, secret, ok := e.written(m)
	if !ok {
		return false
	}
	e.exposing(s, m)
	r := CleartextWrite
	if secret {
		r = CleartextPasswordChange
	}
	a := e.alert(s, r, m)
	a.Entry = entry
	e.await(s, m, a, secret)
	return true
}

// written says what is changed, and whether a secret is set.
func (e *Engine) written(m *message) (entry *Entry, secret, ok bool) {
	entry = new(Entry)
	var dn []byte
	switch m.op {
	case ldap.DelRequest:
		dn, ok = ldap.ParseDelRequest(m.body)
	case ldap.ModifyDNRequest:
		var req ldap.ModifyDN
		req, ok = ldap.ParseModifyDNRequest(m.body)
		dn = req.DN
	case ldap.ModifyRequest:
		var req ldap.Modify
		req, ok = ldap.ParseModifyRequest(m.body)
		dn = req.DN
		for change := range req.Changes() {
			secret = e.touch(entry, change.Attribute, change.HasValue) || secret
		}
	case ldap.AddRequest:
		var req ldap.Entry
		req, ok = ldap.ParseEntry(m.body)
		dn = req.DN
		for attr, hasValue := range req.Attributes() {
			secret = e.touch(entry, attr, hasValue) || secret
		}
	default:
	}
	entry.DN = e.names.name(dn)
	return entry, secret, ok
}

// touch notes an attribute of a write and says whether a secret came with it.
func (e *Engine) touch(entry *Entry, attr []byte, hasValue bool) bool {
	if len(entry.Attributes) < maxAttributes {
		entry.Attributes = append(entry.Attributes, e.names.name(attr))
	}
	return hasValue && e.secrets.Contains(attr)
}

// await raises a, to be completed by the response.
func (e *Engine) await(s *session, m *message, a Alert, secret bool) *pending {
	if secret {
		e.notePassword(s, s.identity())
	}
	p := s.request(e, pending{id: m.id, op: m.op, prot: m.prot, secret: secret})
	p.event = e.raise(a)
	return p
}

func (e *Engine) compare(s *session, m *message) bool {
	req, ok := ldap.ParseCompareRequest(m.body)
	if !ok {
		return false
	}
	e.exposing(s, m)
	if !e.secrets.Contains(req.Attribute) {
		s.request(e, pending{id: m.id, op: m.op, prot: m.prot})
		return true
	}
	a := e.alert(s, CleartextCompare, m)
	a.Entry = &Entry{DN: e.names.name(req.DN), Attributes: []string{e.names.name(req.Attribute)}}
	e.await(s, m, a, true)
	return true
}

func (e *Engine) extended(s *session, m *message) bool {
	req, ok := ldap.ParseExtendedRequest(m.body)
	if !ok {
		return false
	}
	switch string(req.OID) {
	case ldap.OIDStartTLS:
		e.startTLS(s, m)
	case ldap.OIDPasswordModify:
		e.exposing(s, m)
		e.passwordModify(s, m, req.Value)
	case ldap.OIDVerifyCredentials:
		e.exposing(s, m)
		e.verifyCredentials(s, m, req.Value)
	case ldap.OIDSetPassword, ldap.OIDChangePassword, ldap.OIDCheckPasswordPolicy, ldap.OIDPutLoginSecret:
		e.exposing(s, m)
		a := e.alert(s, CleartextPasswordChange, m)
		a.Entry = &Entry{DN: e.names.name(ldap.ParseNMAS(req.Value))}
		e.await(s, m, a, true)
	case ldap.OIDGetPassword:
		e.exposing(s, m)
		s.request(e, pending{id: m.id, op: m.op, prot: m.prot, generates: true, name: e.names.name(ldap.ParseNMAS(req.Value))})
	default:
		s.request(e, pending{id: m.id, op: m.op, prot: m.prot})
	}
	return true
}

// passwordModify reads RFC 3062's operation. Without a new password the server
// makes one and returns it: the password is in the clear either way.
func (e *Engine) passwordModify(s *session, m *message, value []byte) {
	req, _ := ldap.ParsePasswordModify(value)
	a := e.alert(s, CleartextPasswordChange, m)
	a.Entry = &Entry{DN: e.names.name(req.User)}
	p := e.await(s, m, a, req.HasOld || req.HasNew)
	p.generates, p.name = !req.HasNew, a.Entry.DN
}

// verifyCredentials reads a bind that is none: the connection stays whose it was.
func (e *Engine) verifyCredentials(s *session, m *message, value []byte) {
	p := pending{id: m.id, op: m.op, prot: m.prot, verifies: true}
	req, ok := ldap.ParseVerifyCredentials(value)
	r, b := CleartextBind, &Bind{Name: e.names.name(req.Name)}
	switch {
	case !ok:
	case req.Choice == ldap.Simple:
		b.Method = simpleMethod(&req)
		p.secret = b.Method == Simple
	case req.Choice == ldap.SASL:
		// Steps are not followed, so an answer of LOGIN may be a password.
		exchange := sasl.NewExchange(req.Mechanism, false)
		step := exchange.Client(req.Credentials, req.HasCredentials)
		r, p.secret, b.Method = CleartextSASL, step.HasSecret, SASL
		b.Mechanism = clean([]byte(exchange.Mechanism()))
		if name := step.Name(); name != "" {
			b.Name = e.names.name([]byte(name))
		}
	}
	p.method, p.name = b.Method, b.Name
	if p.secret {
		a := e.alert(s, r, m)
		a.User, a.Bind = p.name, b
		e.notePassword(s, p.name)
		s.exposedUser, s.exposedAny = p.name, true
		p.event = e.raise(a)
	}
	s.request(e, p)
}

// startTLS notes the request, and whether it comes too late.
func (e *Engine) startTLS(s *session, m *message) {
	s.startTLS, s.tlsData = startTLSAsked, 0
	p := s.request(e, pending{id: m.id, op: m.op, prot: m.prot, start: true})
	if !s.exposedAny || !s.first(LateStartTLS, s.exposedUser) {
		return
	}
	a := e.alert(s, LateStartTLS, m)
	a.User = s.exposedUser
	p.event = e.raise(a)
}
