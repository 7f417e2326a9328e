package detect

import (
	"slices"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/decode/sasl"
)

// dir is which end of a FlowKey sends.
type dir uint8

const (
	toHi dir = iota // the lower endpoint sends
	toLo
	dirUnknown
)

func (d dir) other() dir { return 1 - d }

// session is one connection's life.
//
//	unbound ──bind──▶ bound (as somebody, or as nobody)
//	   any ──StartTLS accepted──▶ tls ──closed──▶ plain again
//	   SASL success ──first octets──▶ layer or none
//
// What protects a message is not a state but told by the message's own first
// octets (see unit): a state could be wrong after a gap, the octets cannot.
type session struct {
	hash  uint64   // of key, by flowIndex
	chain *session // there
	key   decode.FlowKey
	proto decode.Proto
	class portClass
	shard uint8
	half  [2]half

	newer, older  *session // list by last
	last, closeAt int64
	touched       int64 // when it was moved in the list
	seen          int64 // time of its last packet, which may be before last where files are not in the order of time
	closing       bool  // ends at closeAt
	closeWhy      lingering
	listed        uint8  // in which lists of flowTable.closing, by bit
	waits         int    // place in flowTable.waiting, from 1; 0: none
	lookAt        int64  // when its holes are to be looked at; valid iff waits
	born          uint64 // Order of its first packet
	opened        int64  // time of that
	gone          bool   // ended

	client     dir    // who sends requests; dirUnknown before anything told it
	sure       bool   // client was told by a SYN or by an operation, not guessed from a port
	dismissed  bool   // not LDAP, or not to be watched: nothing is read any more
	ldap       bool   // a message was read
	tls        bool   // a TLS record was read
	serverName string // the client asked TLS for
	tlsData    int    // records of application data the client sent
	resumed    bool   // plain LDAP after TLS
	plainTold  bool   // plaintext-on-tls-port was told

	internetSeen    bool // whether a peer is on the Internet was looked at
	asked, answered int  // CLDAP: octets of the request and of its answers
	amplifyTold     bool
	hunted          int // octets searched for a message in vain

	balancer   decode.Endpoint // who opened the connection, where a PROXY header named the client
	trueSrc    decode.Endpoint // that client
	proxied    bool
	proxiedTLS bool // the client spoke TLS to the balancer

	version  int
	user     string // identity of the last bind that succeeded; "": nobody, or not seen
	bound    bool   // as user or anonymously; false before the first bind
	anon     bool   // by an anonymous bind
	saslOK   bool   // bound by a mechanism that could have negotiated a layer
	exchange *sasl.Exchange
	guess    *event    // crackable-exchange of the exchange under way
	pending  []pending // requests that wait for a response, oldest first
	records  []*Record // of messages that wait for more, oldest first; nil where none are wanted
	binds    int       // of them that would change who the client is: see changesIdentity
	early    []early   // results of requests still to be read, oldest first

	turn    uint32 // Engine.turn that use and query are of
	use     *Use   // of useName
	useName string
	query   *noted      // of the last search that could be read
	repeat  *remembered // what the last one was held back as; nil: it was told

	exposedUser string // whose password went in the clear before TLS
	exposedAny  bool   // a password went in the clear before TLS
	startTLS    startTLSState
	carried     [NumProtections]bool // protections under which something worth protecting went
	told        [NumRules]bool       // rules that fire once for a connection and identity
	toldUser    string
}

// startTLSState is how far StartTLS came on a connection.
type startTLSState uint8

const (
	startTLSNone startTLSState = iota
	startTLSAsked
	startTLSAccepted
	startTLSFailed
)

// pending is a request that waits for its response.
type pending struct {
	id        int32
	op        ldap.Op
	prot      Protection
	method    Method
	step      bool   // a bind that is not the exchange's last: its success is no login
	goesOn    bool   // a bind whose exchange went on: no bind of its own
	mechanism string // SASL
	secret    bool   // carried a password
	start     bool   // StartTLS
	told      bool   // secret-returned was raised for it
	generates bool   // may be answered with a password
	verifies  bool   // tries a password without being a bind
	name      string // identity a bind asked for; whose password the others do
	event     *event // what waits for the response; nil: nothing
}

// guessRoles takes the side with a watched port for the server, until
// something better tells.
func (s *session) guessRoles(ports *Ports, seg *decode.Segment, d dir) {
	src, dst := ports.class(seg.Src.Port) != portOther, ports.class(seg.Dst.Port) != portOther
	switch {
	case dst && !src:
		s.client = d
	case src && !dst:
		s.client = d.other()
	}
}

// rolesBySYN takes who opened the connection for the client.
func (s *session) rolesBySYN(ack bool, d dir) {
	if ack {
		d = d.other()
	}
	s.client, s.sure = d, true
}

// ends gives the endpoints by role. A server on a watched port is taken for one
// where nothing was told.
func (s *session) ends() (client, server decode.Endpoint) {
	if s.client == toLo {
		client, server = s.key.Hi, s.key.Lo
	} else {
		client, server = s.key.Lo, s.key.Hi
	}
	if s.proxied {
		client = s.trueSrc
	}
	return client, server
}

// request remembers a request; the oldest one goes if there are too many.
func (s *session) request(e *Engine, p pending) *pending {
	if len(s.pending) >= maxPending {
		e.counts.Limits[LimitPending]++
		s.settle(e, 0, Unknown)
	}
	s.pending = append(s.pending, p)
	if p.changesIdentity() {
		s.binds++
	}
	return &s.pending[len(s.pending)-1]
}

// find gives the place of the request that a response with this ID answers, or
// -1. Requests are answered roughly in order, so it is found at once.
func (s *session) find(id int32) int {
	for i := range s.pending {
		if s.pending[i].id == id {
			return i
		}
	}
	return -1
}

// settle counts the outcome of request i and forgets it.
func (s *session) settle(e *Engine, i int, o Outcome) {
	p := &s.pending[i]
	switch p.op {
	case ldap.BindRequest:
		if !p.goesOn {
			e.counts.Binds[p.method][p.prot][o]++
			e.noteBind(s, p, o)
		}
	case ldap.SearchRequest:
		e.counts.Searches[p.prot][o]++
	case ldap.ExtendedRequest:
		if p.start && o == Unknown {
			e.counts.StartTLS[StartTLSUnknown]++
		}
	default:
	}
	if p.event != nil {
		p.event.done()
	}
	if p.changesIdentity() {
		s.binds--
	}
	if i == 0 && len(s.pending) > slidePending {
		*p = pending{} // an event may be large
		s.pending = s.pending[1:]
	} else {
		s.pending = slices.Delete(s.pending, i, i+1) // which wipes behind the last one
	}
	if len(s.pending) == 0 && cap(s.pending) > keptPending {
		s.pending = nil // it may be long before so many wait at once again
	}
}

const (
	// keptPending is for how many requests a connection has room while none waits.
	keptPending = 4
	// slidePending is for how many the front one leaves a gap, rather than have
	// all others moved: a thousand are moved in as long as ten answers are read.
	slidePending = 16
)

// changesIdentity says whether p is a bind that makes the client somebody else.
func (p *pending) changesIdentity() bool {
	return p.op == ldap.BindRequest && !p.step && !p.goesOn
}

// goOn notes that p was a step of an exchange that went on.
func (s *session) goOn(p *pending) {
	if p.changesIdentity() {
		s.binds--
	}
	p.goesOn = true
}

// abandonAll settles every request: no response will come.
func (s *session) abandonAll(e *Engine) {
	for len(s.pending) > 0 {
		s.settle(e, len(s.pending)-1, Unknown)
	}
}

// hint gives the layer the last exchange negotiated.
func (s *session) hint() sasl.Layer {
	if s.exchange == nil {
		return sasl.LayerUnknown
	}
	return s.exchange.Layer()
}

// first says whether a rule that fires once for a connection and identity has
// not fired yet, and that it has now.
func (s *session) first(r RuleID, user string) bool {
	if s.toldUser != user {
		s.toldUser, s.told = user, [NumRules]bool{}
	}
	if s.told[r] {
		return false
	}
	s.told[r] = true
	return true
}

// identity gives who the client is to the server now, as far as it was seen.
// Where the answer to a bind was not seen yet and the client went on all the
// same, it is taken for a success: no client goes on after a refusal it knows of.
func (s *session) identity() string {
	if p := s.pendingBind(); p != nil {
		return p.name
	}
	return s.user
}

// anonymous says whether the client bound as nobody, by all that was seen.
func (s *session) anonymous() bool {
	if p := s.pendingBind(); p != nil {
		return p.method == Anonymous
	}
	return s.anon
}

// pendingBind gives the last bind whose answer was not seen yet; nil: none.
func (s *session) pendingBind() *pending {
	if s.binds == 0 {
		return nil
	}
	for i := range slices.Backward(s.pending) {
		if p := &s.pending[i]; p.changesIdentity() {
			return p
		}
	}
	return nil
}

// verdict gives the protection of a connection: the weakest under which it
// carried something worth protecting. StartTLS itself, rootDSE reads, binds
// that expose nothing and Unbind are not (they cannot be protected, or need
// not be).
func (s *session) verdict() Protection {
	for p := range NumProtections {
		if s.carried[p] {
			return p
		}
	}
	if s.tls {
		return TLS
	}
	return None
}

// startTLSFailed says whether the client asked for StartTLS and, as it sends
// plain LDAP now, did not get it: it was refused, the handshake failed, or the
// answer was not seen. One record of application data is no success: TLS 1.3
// sends a client's fatal alert as one.
func (s *session) startTLSFailed() bool {
	return s.startTLS != startTLSNone && (s.startTLS != startTLSAccepted || s.tlsData < 2)
}
