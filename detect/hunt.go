package detect

import (
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/decode/sasl"
	"github.com/clearbind/clearbind/decode/tls"
)

// headerRoom is how many octets may be needed to judge a candidate.
const headerRoom = 64

// hunt looks for the next unit in octets that start somewhere inside one:
// after a gap, after something that was no unit, or on a connection joined in
// the middle. start is where in b a segment starts: there a unit is likeliest
// to start. It gives the octets passed over, or, with n 0 and want
// not, how many it wants to see; once lost is false a unit starts behind n.
//
// A candidate must parse as what this side may send, and where its end is
// here, another unit must start right behind it.
func (e *Engine) hunt(s *session, d dir, b []byte, start int) (n, want int) {
	limit := maxHunt
	if s.class == portOther && !s.ldap {
		limit = maxHuntAnyPort
	}
	for i := range b {
		v := s.candidate(d, b[i:], i == start)
		if v == candidateYes {
			s.half[d].lost, s.half[d].begun = false, true
			return i, 0
		}
		if v == candidateMore && len(b)-i < headerRoom {
			if i == 0 {
				return 0, len(b) + 1
			}
			b = b[:i]
			break
		}
	}
	s.hunted += len(b)
	if s.hunted > limit {
		s.dismissed = true
	}
	return len(b), 0
}

// candidate says whether a unit may start at b.
type candidate uint8

const (
	candidateNo candidate = iota
	candidateYes
	candidateMore // cannot be told yet
)

func (s *session) candidate(d dir, b []byte, start bool) candidate {
	strange := s.class == portOther && !s.ldap
	switch first := b[0]; {
	case strange && !start:
		return candidateNo // on a strange port only segments that start like LDAP count
	case first == 0x30:
		return s.candidateMessage(d, b)
	case first == 0 && !strange:
		return s.candidateBuffer(b, start)
	case first >= 0x14 && first <= 0x17 && start && !strange:
		switch rec, v := tls.ScanRecord(b); {
		case v == tls.NeedMore:
			return candidateMore
		case v == tls.OK && (rec.Len >= len(b) || b[rec.Len] >= 0x14 && b[rec.Len] <= 0x17):
			return candidateYes
		}
	}
	return candidateNo
}

func (s *session) candidateMessage(d dir, b []byte) candidate {
	hdr, v := ldap.Scan(b)
	switch {
	case v == ldap.NeedMore:
		return candidateMore
	case v == ldap.NotLDAP || !ldap.Plausible(b):
		return candidateNo
	case s.client != dirUnknown && hdr.Op.FromClient() != (d == s.client):
		return candidateNo
	case hdr.Len < len(b) && !startsUnit(b[hdr.Len:]):
		return candidateNo
	}
	return candidateYes
}

// candidateBuffer judges a SASL buffer. One whose token says nothing (DIGEST-MD5
// sealed, say) is believed where it fills its segment to the octet; elsewhere it
// is not waited for: answers end with 00, and the next one may be short.
func (s *session) candidateBuffer(b []byte, start bool) candidate {
	buf, v := sasl.ScanBuffer(b, s.hint())
	switch {
	case v == sasl.NeedMore && (start || sasl.MayProve(b)):
		return candidateMore
	case v != sasl.OK:
		return candidateNo
	case buf.Len < len(b) && !startsUnit(b[buf.Len:]):
		return candidateNo
	case !buf.Certain() && (!start || buf.Len != len(b)):
		return candidateNo
	}
	return candidateYes
}

// startsUnit says whether what follows a unit can be the start of another one.
func startsUnit(b []byte) bool {
	switch b[0] {
	case 0x30:
		_, v := ldap.Scan(b)
		return v != ldap.NotLDAP
	case 0:
		return len(b) < 2 || b[1] <= 1 // a SASL buffer of less than 128 KiB
	case tls.ChangeCipherSpec, tls.Alert, tls.Handshake, tls.ApplicationData:
		return true
	}
	return false
}
