package ldap

// Plausible is the stricter test for a message where none was expected: after
// a gap, or on a strange port. The operation must be known, its contents must
// start with what that operation starts with, and what follows it must be
// controls, all as far as b reaches. SNMP, which starts with 30 .. 02 01 too,
// fails it.
func Plausible(b []byte) bool {
	h, v := Scan(b)
	if v != OK || h.Op == 0 {
		return false
	}
	// 0 is for unsolicited notifications (RFC 4511 4.1.1.1); yet some odd
	// clients start counting with it, and are answered in kind.
	if h.ID == 0 && h.Op.FromClient() && h.Op != SearchRequest && h.Op != BindRequest {
		return false
	}
	if h.ID < 0 {
		return false
	}
	end := h.Body + h.BodyLen
	if end < h.Len && end < len(b) && b[end] != tagControls {
		return false
	}
	f := front{b[min(h.Body, len(b)):min(end, len(b))], h.BodyLen}
	return f.starts(h.Op)
}

// front is the start of some contents: b is as much of them as there is, left
// is how long they are.
type front struct {
	b    []byte
	left int
}

// starts says whether f may be the contents of op.
func (f *front) starts(op Op) bool {
	switch op {
	case UnbindRequest:
		return f.left == 0
	case AbandonRequest:
		return f.left >= 1 && f.left <= 5
	case DelRequest: // the DN itself: any octets
		return true
	case BindRequest:
		return f.expect(0x02, 1, 4) && f.expect(0x04, 0, MaxLen) && f.authentication()
	case SearchRequest:
		return f.expect(0x04, 0, MaxLen) && f.expect(0x0a, 1, 4) && f.expect(0x0a, 1, 4) && f.expect(0x02, 1, 5)
	case SearchResultEntry, AddRequest, ModifyRequest, CompareRequest:
		return f.expect(0x04, 0, MaxLen) && f.expect(tagSequence, 0, MaxLen)
	case ModifyDNRequest:
		return f.expect(0x04, 0, MaxLen) && f.expect(0x04, 1, MaxLen)
	case SearchResultReference:
		return f.expect(0x04, 1, MaxLen)
	case ExtendedRequest:
		return f.expect(0x80, 1, 256)
	case IntermediateResponse: // both of its elements are optional
		return f.left == 0 || len(f.b) == 0 || f.b[0] == 0x80 || f.b[0] == 0x81
	default: // an LDAPResult
		return f.expect(0x0a, 1, 4) && f.expect(0x04, 0, MaxLen) && f.expect(0x04, 0, MaxLen)
	}
}

// expect says whether the next element has this tag and a length within these
// bounds, or lies behind the end of what there is.
func (f *front) expect(tag byte, least, most int) bool {
	if f.left == 0 {
		return false
	}
	if len(f.b) == 0 {
		return true
	}
	size, off, v := length(f.b, 1)
	if f.b[0] != tag || v == NotLDAP || off+size > f.left {
		return false
	}
	if v == NeedMore {
		f.b = nil
		return true
	}
	f.left -= off + size
	f.b = f.b[min(off+size, len(f.b)):]
	return size >= least && size <= most
}

// authentication says whether a bind's authentication choice comes next.
func (f *front) authentication() bool {
	return f.left > 0 && (len(f.b) == 0 || choiceByTag(f.b[0]) != NoChoice)
}
