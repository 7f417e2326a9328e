package detect

import "github.com/clearbind/clearbind/decode/ldap"

// message reads one LDAPMessage. msg may be cut short: it ends where the
// capture, or our patience with a huge message, ends. It is borrowed.
func (e *Engine) message(s *session, d dir, msg []byte, hdr ldap.Header, prot Protection) {
	if !s.takesDirection(d, hdr.Op) {
		e.counts.Rejected[RejectDirection]++
		return
	}
	e.counts.Messages[hdr.Op]++
	s.ldap = true
	if s.tls && prot == None {
		s.resumed = true
	}
	if hdr.Op == 0 { // an operation RFC 4511 does not know
		e.counts.Rejected[RejectBody]++
		return
	}
	m := message{
		whole: msg, id: hdr.ID, op: hdr.Op, prot: prot, size: hdr.Len, cut: len(msg) < hdr.Len,
		body: hdr.Contents(msg),
		rest: msg[min(hdr.Body+hdr.BodyLen, len(msg)):],
	}
	if e.cfg.Evidence {
		e.reading = m
	}
	if s.class == portLDAPS && !s.plainTold {
		e.plainOnTLSPort(s, &m)
	}
	if e.cfg.Records {
		e.recordMessage(s, &m)
	}
	var ok bool
	if d == s.client {
		ok = e.request(s, &m)
		if len(s.early) > 0 {
			e.answered(s, &m)
		}
	} else {
		ok = e.response(s, &m)
	}
	if !ok {
		e.counts.Rejected[RejectBody]++
	}
}

// plainOnTLSPort tells, once, of LDAP in the clear with a server on an LDAPS
// port. A client may have been given such a port by chance.
func (e *Engine) plainOnTLSPort(s *session, m *message) {
	s.plainTold = true
	if _, server := s.ends(); e.ports.class(server.Port) == portLDAPS {
		e.tell(e.alert(s, PlaintextOnTLSPort, m))
	}
}

// message is an LDAPMessage being read.
type message struct {
	whole []byte // as far as it is there; borrowed
	id    int32
	op    ldap.Op
	prot  Protection
	size  int    // octets of the whole message on the wire
	cut   bool   // some of them are not there
	body  []byte // contents of the operation, as far as they are there; borrowed
	rest  []byte // what follows the operation: the controls; borrowed
}

// control says whether the message has a control (RFC 4511 4.1.11).
func (m *message) control(oid string) bool {
	for have := range ldap.Controls(m.rest) {
		if string(have) == oid {
			return true
		}
	}
	return false
}

// takesDirection says whether op may come from this side. The operation tells
// the roles where only a port did so far.
func (s *session) takesDirection(d dir, op ldap.Op) bool {
	if op == 0 {
		return true
	}
	fromClient := op.FromClient()
	if s.sure && fromClient != (d == s.client) {
		return false
	}
	if !s.sure {
		s.client, s.sure = d, true
		if !fromClient {
			s.client = d.other()
		}
	}
	return true
}

// alert starts an alert of a rule about the message at hand.
func (e *Engine) alert(s *session, r RuleID, m *message) Alert {
	client, server := s.ends()
	a := Alert{
		Rule: r, Severity: e.severity(r, m.prot),
		shard: s.shard, Origin: e.at.Origin, Packet: e.at.Number, Order: e.at.Order, Tie: e.tie,
		Time: e.at.Time, Start: e.at.Time, End: e.at.Time,
		Client: client.AddrPort(), Server: server.AddrPort(),
		Proto: s.proto,
		User:  s.identity(), Protection: m.prot, Operation: m.op, MessageID: m.id, Version: s.version,
		Count: 1,
	}
	if s.proxied {
		a.Balancer, a.ClientTLS = s.balancer.AddrPort(), s.proxiedTLS
	}
	if seg := e.seg; seg != nil {
		if key, fromLo := seg.Key(); key == s.key { // else it is another's, and s gives up waiting
			a.VLAN, a.ClientMAC, a.ServerMAC = seg.VLAN, seg.SrcMAC, seg.DstMAC
			if fromLo != (s.client == toHi) {
				a.ClientMAC, a.ServerMAC = a.ServerMAC, a.ClientMAC
			}
		}
	}
	return a
}

// datagram reads CLDAP (RFC 1798, MS-ADTS 6.3.3): whole messages, the entry and
// the end of a search together in one datagram.
func (e *Engine) datagram(s *session, d dir) {
	for b := e.seg.Payload; len(b) > 0; {
		hdr, v := ldap.Scan(b)
		if v != ldap.OK || !ldap.Plausible(b) {
			if s.ldap {
				e.counts.Rejected[RejectEnvelope]++
			}
			return
		}
		if hdr.Op.FromClient() && s.find(hdr.ID) >= 0 {
			return // the mirror's second copy, or the client's second try
		}
		n := min(len(b), hdr.Len)
		e.message(s, d, b[:n], hdr, None)
		b = b[n:]
	}
	if s.client == d {
		s.asked += len(e.seg.Payload)
	}
	if s.client == d.other() {
		e.amplified(s, len(e.seg.Payload)+e.seg.Cut)
	}
}
