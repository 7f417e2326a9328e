package ldap

// Verdict is what the front of some octets is.
type Verdict uint8

const (
	NotLDAP  Verdict = iota // no LDAPMessage starts here
	NeedMore                // one may start here; its envelope is not whole
	OK                      // the envelope of one
)

// Header is the envelope of an LDAPMessage (RFC 4511 4.1.1).
type Header struct {
	ID      int32
	Op      Op  // zero: an operation RFC 4511 does not know
	Len     int // octets of the whole message, at most MaxLen
	Body    int // offset of the operation's contents
	BodyLen int // octets of the operation's contents
}

// MaxLen is the longest message believed in: entries with photographs and
// certificate lists reach megabytes, nothing sane reaches this.
const MaxLen = 1 << 30

// tagSequence starts every LDAPMessage.
const tagSequence = 0x30

// Operations by tag: class application, constructed unless RFC 4511 says
// otherwise. 6A is a DelRequest some clients wrongly send as constructed.
var opByTag = [256]Op{
	0x60: BindRequest, 0x61: BindResponse, 0x42: UnbindRequest, 0x63: SearchRequest, 0x64: SearchResultEntry,
	0x65: SearchResultDone, 0x73: SearchResultReference, 0x66: ModifyRequest, 0x67: ModifyResponse, 0x68: AddRequest,
	0x69: AddResponse, 0x4a: DelRequest, 0x6a: DelRequest, 0x6b: DelResponse, 0x6c: ModifyDNRequest, 0x6d: ModifyDNResponse,
	0x6e: CompareRequest, 0x6f: CompareResponse, 0x50: AbandonRequest, 0x77: ExtendedRequest, 0x78: ExtendedResponse,
	0x79: IntermediateResponse,
}

// Scan reads the envelope at the front of b: 30 length, 02 length ID, tag
// length. OK as soon as that much is there, whether or not the rest of the
// message is: compare Header.Len with len(b). It does not allocate.
//
// Lengths may be longer than they need be (Active Directory writes 84 00 00 xx
// xx), but not indefinite (RFC 4511 5.1), and every length has to fit into the
// one around it.
func Scan(b []byte) (h Header, v Verdict) {
	if len(b) == 0 {
		return h, NeedMore
	}
	if b[0] != tagSequence {
		return h, NotLDAP
	}
	size, off, v := length(b, 1)
	if v != OK {
		return h, v
	}
	h.Len = off + size
	if size < 5 {
		return h, NotLDAP // not even 02 01 ID tag length
	}
	if len(b) < off+2 {
		if len(b) == off+1 && b[off] != 0x02 {
			return h, NotLDAP
		}
		return h, NeedMore
	}
	n := int(b[off+1])
	if b[off] != 0x02 || n < 1 || n > 5 {
		return h, NotLDAP
	}
	if len(b) < off+2+n {
		return h, NeedMore
	}
	id := uint64(0)
	for _, c := range b[off+2 : off+2+n] {
		id = id<<8 | uint64(c)
	}
	if id > 1<<31-1 {
		return h, NotLDAP
	}
	h.ID = int32(id)
	off += 2 + n
	if len(b) < off+1 {
		return h, NeedMore
	}
	tag := b[off]
	if h.Op = opByTag[tag]; h.Op == 0 && (tag < 0x40 || tag >= 0x80 || tag&0x1f == 0x1f) {
		return h, NotLDAP
	}
	size, off, v = length(b, off+1)
	if v != OK {
		return h, v
	}
	h.Body, h.BodyLen = off, size
	if off+size > h.Len {
		return h, NotLDAP
	}
	return h, OK
}

// length reads a definite length at off and gives the offset behind it.
func length(b []byte, off int) (size, next int, v Verdict) {
	if off >= len(b) {
		return 0, off, NeedMore
	}
	c := b[off]
	if c < 0x80 {
		return int(c), off + 1, OK
	}
	n := int(c & 0x7f)
	if n == 0 || n > 8 {
		return 0, off, NotLDAP
	}
	for i := 1; i <= n; i++ {
		if off+i >= len(b) {
			return 0, off, NeedMore
		}
		size = size<<8 | int(b[off+i])
		if size > MaxLen {
			return 0, off, NotLDAP
		}
	}
	return size, off + 1 + n, OK
}

// Plausible is the stricter test for a message where none was expected: after
// a gap, or on a strange port. The operation must be known and its contents
// must start with what that operation starts with, as far as b reaches. SNMP,
// which starts with 30 .. 02 01 too, fails it.
func Plausible(b []byte) bool {
	h, v := Scan(b)
	if v != OK || h.Op == 0 {
		return false
	}
	if h.ID == 0 && h.Op != ExtendedResponse && h.Op.FromClient() && h.Op != SearchRequest && h.Op != BindRequest {
		return false // 0 is for unsolicited notifications; some odd clients start counting with it
	}
	c := cursor{b[min(h.Body, len(b)):min(h.Body+h.BodyLen, len(b))], h.Body+h.BodyLen > len(b)}
	switch h.Op {
	case UnbindRequest:
		return h.BodyLen == 0
	case AbandonRequest:
		return h.BodyLen >= 1 && h.BodyLen <= 5
	case DelRequest:
		return true
	case BindRequest:
		return c.expect(0x02, 1, 1) && c.expect(0x04, 0, MaxLen) && c.expectAuthentication()
	case SearchRequest:
		return c.expect(0x04, 0, MaxLen) && c.expect(0x0a, 1, 1) && c.expect(0x0a, 1, 1) && c.expect(0x02, 1, 5)
	case SearchResultEntry, AddRequest, ModifyRequest, CompareRequest:
		return c.expect(0x04, 0, MaxLen) && c.expect(tagSequence, 0, MaxLen)
	case ModifyDNRequest:
		return c.expect(0x04, 0, MaxLen) && c.expect(0x04, 1, MaxLen)
	case SearchResultReference:
		return c.expect(0x04, 1, MaxLen)
	case ExtendedRequest:
		return c.expect(0x80, 1, 256)
	case IntermediateResponse:
		return true
	default: // an LDAPResult
		return c.expect(0x0a, 1, 4) && c.expect(0x04, 0, MaxLen) && c.expect(0x04, 0, MaxLen)
	}
}

// expect says whether the next element has this tag and a length within these
// bounds, or lies behind the end of what was captured.
func (c *cursor) expect(tag byte, least, most int) bool {
	if len(c.b) == 0 {
		return c.cut
	}
	if c.b[0] != tag {
		return false
	}
	size, off, v := length(c.b, 1)
	if v != OK {
		c.b = nil
		return v == NeedMore && c.cut
	}
	if size < least || size > most || (!c.cut && off+size > len(c.b)) {
		return false
	}
	c.b = c.b[min(off+size, len(c.b)):]
	return true
}

// expectAuthentication says whether a bind's authentication choice follows.
func (c *cursor) expectAuthentication() bool {
	return len(c.b) == 0 && c.cut || len(c.b) > 0 && choiceByTag(c.b[0]) != NoChoice
}
