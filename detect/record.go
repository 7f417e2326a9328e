package detect

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
)

// Record is a request with its answer, or what was seen of the two: one for
// each connection and message ID. It is told when the answer has come, or when
// the connection ends without one.
//
// It owns its strings, which were cut and hold no secret. They are not escaped,
// but for Filter: whoever writes them escapes them as its form wants.
type Record struct {
	Order, Tie uint64 // place in everything the sensor read: see Alert

	Time           time.Time      // of its first message
	Opened         time.Time      // of the connection's first packet
	Client, Server netip.AddrPort // the ends of the connection by role; a balancer is one
	Proto          decode.Proto
	MessageID      int32
	Op             ldap.Op // of its last message

	Choice    ldap.Choice // bind requests; NoChoice: none was seen
	Version   int         // bind requests
	Secret    bool        // a simple bind carried a password
	Mechanism string      // SASL, as sent; NTLMSSP of Sicily
	Object    string      // DN of the request, OID of an extended one, message ID of an abandoned one; "": empty, or not seen

	Asked   bool // the search request was seen: the next four are of it
	Base    string
	Scope   ldap.Scope
	Deref   int
	Filter  string // as Zeek writes it; "": it does not parse
	Entries uint64 // search results seen

	Answered   bool // the next two are of the answer
	Code       int
	Diagnostic string
}

// Search says whether it is about a search.
func (r *Record) Search() bool { return ofSearch(r.Op) }

func ofSearch(op ldap.Op) bool {
	switch op {
	case ldap.SearchRequest, ldap.SearchResultEntry, ldap.SearchResultDone, ldap.SearchResultReference:
		return true
	default:
		return false
	}
}

// completes says whether nothing is to come for a message ID behind op.
func completes(op ldap.Op) bool {
	switch op {
	case ldap.BindResponse, ldap.UnbindRequest, ldap.SearchResultDone, ldap.ModifyResponse, ldap.AddResponse, ldap.DelResponse,
		ldap.ModifyDNResponse, ldap.CompareResponse, ldap.AbandonRequest, ldap.ExtendedResponse:
		return true
	default:
		return false
	}
}

// recorder makes records, where they are wanted.
type recorder struct {
	done    []Record // to be taken
	waiting int      // of all connections
}

// recordMessage notes a message. It reads it again: the rules need other parts of it,
// and must not cost more for a log that few ask for.
func (e *Engine) recordMessage(s *session, m *message) {
	if m.op == ldap.SearchResultReference {
		return
	}
	i := s.recorded(m.id, ofSearch(m.op))
	var r *Record
	if i >= 0 {
		r = s.records[i]
	} else {
		r = e.newRecord(s, m)
	}
	switch {
	case !e.fill(r, m):
	case completes(m.op):
		if i >= 0 {
			s.forgetRecord(e, i)
		}
		e.tellRecord(r)
	case i < 0:
		e.holdRecord(s, r)
	}
}

func (e *Engine) newRecord(s *session, m *message) *Record {
	client, server := s.key.Lo, s.key.Hi
	if s.client == toLo {
		client, server = server, client
	}
	return &Record{
		Time: e.at.Time, Opened: time.Unix(0, s.opened).UTC(), Client: client.AddrPort(), Server: server.AddrPort(),
		Proto: s.proto, MessageID: m.id,
	}
}

// recorded gives the place of the record that waits for more of a message ID,
// or -1. Searches and the rest are told apart, as a reused ID may be both.
func (s *session) recorded(id int32, search bool) int {
	for i, r := range s.records {
		if r.MessageID == id && r.Search() == search {
			return i
		}
	}
	return -1
}

// holdRecord lets r wait for its answer. Where too many do, the connection's
// oldest is told without one, or r itself.
func (e *Engine) holdRecord(s *session, r *Record) {
	if len(s.records) >= maxPending || e.recorder.waiting >= maxRecords {
		e.counts.Limits[LimitRecords]++
		if len(s.records) == 0 {
			e.tellRecord(r)
			return
		}
		oldest := s.records[0]
		s.forgetRecord(e, 0)
		e.tellRecord(oldest)
	}
	s.records = append(s.records, r)
	e.recorder.waiting++
}

func (s *session) forgetRecord(e *Engine, i int) {
	s.records = slices.Delete(s.records, i, i+1)
	if len(s.records) == 0 {
		s.records = nil
	}
	e.recorder.waiting--
}

// tellRecord lets a record out, as the packet at hand completes it.
func (e *Engine) tellRecord(r *Record) {
	r.Order, r.Tie = e.at.Order, e.tie
	e.recorder.done = append(e.recorder.done, *r)
}

// endRecords tells what a connection leaves unanswered. ID 0 is the server's
// own (RFC 4511 4.4), and no request.
func (e *Engine) endRecords(s *session) {
	for _, r := range s.records {
		if r.MessageID > 0 {
			e.tellRecord(r)
		}
	}
	e.recorder.waiting -= len(s.records)
	s.records = nil
}

// Recorded gives how many records TakeRecords would give.
func (e *Engine) Recorded() int { return len(e.recorder.done) }

// TakeRecords gives the records that are finished, in the order of the packets
// that completed them. Those still to come have an Order that is not less than
// that of the packet shown last.
func (e *Engine) TakeRecords() (records []Record, upTo uint64) {
	records, e.recorder.done = e.recorder.done, nil
	return records, e.at.Order
}

// fill adds what a message tells. It is false, and r as it was, if the message
// does not parse.
func (e *Engine) fill(r *Record, m *message) bool {
	var ok bool
	switch m.op {
	case ldap.BindRequest:
		ok = e.fillBind(r, m)
	case ldap.SearchRequest:
		ok = e.fillSearch(r, m)
	case ldap.SearchResultEntry:
		r.Entries++
		ok = true
	case ldap.UnbindRequest, ldap.IntermediateResponse:
		ok = true
	default:
		if m.op.FromClient() {
			ok = e.fillObject(r, m)
		} else {
			ok = e.fillAnswer(r, m)
		}
	}
	if ok {
		r.Op = m.op
	}
	return ok
}

func (e *Engine) fillBind(r *Record, m *message) bool {
	req, ok := ldap.ParseBindRequest(m.body)
	if !ok {
		return false
	}
	r.Object, r.Version, r.Choice, r.Secret = e.pseudonyms.record(req.Name), req.Version, req.Choice, req.SecretLen > 0
	switch req.Choice {
	case ldap.SASL:
		mechanism, _, _ := bytes.Cut(req.Mechanism, []byte{0}) // where servers written in C read its end
		r.Mechanism = raw(mechanism)
	case ldap.SicilyNegotiate, ldap.SicilyResponse:
		if bytes.HasPrefix(req.Credentials, []byte("NTLMSSP")) {
			r.Mechanism = "NTLMSSP"
		}
	default:
	}
	return true
}

func (e *Engine) fillSearch(r *Record, m *message) bool {
	req, ok := ldap.ParseSearchRequest(m.body)
	if !ok {
		return false
	}
	r.Asked, r.Base, r.Scope, r.Deref, r.Filter = true, e.pseudonyms.record(req.Base), req.Scope, req.Deref, ""
	if text, ok := ldap.FilterText(req.Filter, ldap.FilterStyle{Redact: e.secrets.Contains, Rename: e.pseudonyms.filterValue(), Zeek: true}); ok {
		r.Filter = text
	}
	return true
}

// fillObject notes what a request is about.
func (e *Engine) fillObject(r *Record, m *message) bool {
	var object []byte
	var ok bool
	show := e.pseudonyms.record
	switch m.op {
	case ldap.ExtendedRequest:
		var req ldap.Extended
		req, ok = ldap.ParseExtendedRequest(m.body)
		object, show = req.OID, raw
	case ldap.AbandonRequest:
		var id int32
		id, ok = ldap.ParseAbandonRequest(m.body)
		object, show = strconv.AppendInt(nil, int64(id), 10), raw
	case ldap.CompareRequest:
		var req ldap.Compare
		req, ok = ldap.ParseCompareRequest(m.body)
		object = req.DN
	case ldap.DelRequest:
		object, ok = ldap.ParseDelRequest(m.body)
	case ldap.ModifyDNRequest:
		var req ldap.ModifyDN
		req, ok = ldap.ParseModifyDNRequest(m.body)
		object = req.DN
	case ldap.ModifyRequest, ldap.AddRequest: // the same shape on the outside
		var req ldap.Entry
		req, ok = ldap.ParseEntry(m.body)
		object = req.DN
	default:
	}
	if ok {
		r.Object = show(object)
	}
	return ok
}

func (e *Engine) fillAnswer(r *Record, m *message) bool {
	res, ok := ldap.ParseResult(m.op, m.body)
	if ok {
		r.Answered, r.Code, r.Diagnostic = true, res.Code, e.pseudonyms.record(res.Diagnostic)
	}
	return ok
}

// raw clones octets from the wire, cut to maxString between two characters.
func raw(b []byte) string {
	if len(b) <= maxString {
		return string(b)
	}
	b = b[:maxString]
	for i := range utf8.UTFMax - 1 {
		if n := len(b) - 1 - i; utf8.RuneStart(b[n]) {
			if !utf8.FullRune(b[n:]) {
				b = b[:n]
			}
			break
		}
	}
	return string(b) + "…"
}
