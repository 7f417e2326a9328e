package ldap

import (
	"encoding/binary"
	"math"
)

// Verdict is what the front of some octets is.
type Verdict uint8

// Verdicts of Scan.
const (
	NotLDAP  Verdict = iota // no LDAPMessage starts here, whatever follows
	NeedMore                // one may start here; its envelope is not whole
	OK                      // the envelope of one
)

// Header is the envelope of an LDAPMessage (RFC 4511 4.1.1).
type Header struct {
	ID      int32 // negative: one that RFC 4511 does not allow
	Op      Op    // zero: an operation RFC 4511 does not know
	Len     int   // octets of the whole message, at most MaxLen and its own header
	Body    int   // offset of the operation's contents
	BodyLen int   // octets of the operation's contents
}

// Contents gives what the operation of m may hold, where m starts with the
// message of h, and may be cut short; borrowed. Of a request that holds a
// SEQUENCE it is all up to the message's end: OpenLDAP does not look at the length
// of the operation, so a client could claim none and hide all that follows.
func (h *Header) Contents(m []byte) []byte {
	end := h.Body + h.BodyLen
	switch h.Op {
	case BindRequest, SearchRequest, ModifyRequest, AddRequest, ModifyDNRequest, CompareRequest, ExtendedRequest:
		end = h.Len
	default: // the contents are the value itself, or a server's
	}
	return m[min(h.Body, len(m)):min(end, len(m))]
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
// message is: compare Header.Len with len(b). The Header is zero unless the
// verdict is OK. It does not allocate.
//
// Lengths may be longer than they need be (Active Directory writes 84 00 00 xx
// xx), but not indefinite (RFC 4511 5.1), and every length has to fit into the
// one around it. An operation of class application that RFC 4511 does not know
// is OK with a zero Op, so that the reader can step over it.
func Scan(b []byte) (Header, Verdict) {
	if len(b) == 0 {
		return Header{}, NeedMore
	}
	if b[0] != tagSequence {
		return Header{}, NotLDAP
	}
	size, off, v := length(b, 1)
	if v != OK {
		return Header{}, v
	}
	end := off + size
	id, off, v := messageID(b, off, end)
	if v != OK {
		return Header{}, v
	}
	if off >= len(b) {
		return Header{}, NeedMore
	}
	tag := b[off]
	op := opByTag[tag]
	if op == 0 && (tag < 0x40 || tag >= 0x80 || tag&0x1f == 0x1f) {
		return Header{}, NotLDAP
	}
	size, off, v = length(b, off+1)
	if v == NotLDAP || off+size > end {
		return Header{}, NotLDAP
	}
	if v == NeedMore {
		return Header{}, NeedMore
	}
	return Header{ID: id, Op: op, Len: end, Body: off, BodyLen: size}, OK
}

// messageID reads the ID at off of a message that ends at end, and gives the
// offset behind it. It takes any INTEGER that OpenLDAP does: its clients could
// hide behind a negative ID, which it answers as any other.
func messageID(b []byte, off, end int) (id int32, next int, v Verdict) {
	if end-off < 4 { // 02 00 tag length
		return 0, off, NotLDAP
	}
	if off >= len(b) {
		return 0, off, NeedMore
	}
	if b[off] != 0x02 {
		return 0, off, NotLDAP
	}
	if off+1 >= len(b) {
		return 0, off, NeedMore
	}
	if b[off+1] == 1 && off+2 < len(b) && end-off >= 5 { // nearly all
		return int32(b[off+2]), off + 3, OK
	}
	// The ID's length may be a long one too: servers take that.
	n, start, v := length(b, off+1)
	switch {
	case v == NotLDAP || n > 5 || end-start < n+2:
		return 0, off, NotLDAP
	case v == NeedMore:
		return 0, off, NeedMore
	}
	next = start + n
	have := b[min(start, len(b)):min(next, len(b))]
	missing := n - len(have)
	wide := number(have)
	if !fitsID(wide, n, missing) {
		return 0, off, NotLDAP
	}
	if missing > 0 {
		return 0, off, NeedMore
	}
	return identifier(wide, n), next, OK
}

// number reads at most eight octets as unsigned.
func number(b []byte) (wide uint64) {
	for _, c := range b {
		wide = wide<<8 | uint64(c)
	}
	return wide
}

// fitsID says whether an INTEGER of n octets, of which the last few are missing,
// may be an ID: of five octets, the first one may only be the sign's.
func fitsID(wide uint64, n, missing int) bool {
	return n < 5 || wide<<(8*missing) <= math.MaxInt32
}

// identifier gives the ID that an INTEGER of n octets is. One is read as
// unsigned after the octets are gone that only repeat a sign: -1 in four octets
// is 255, because the server writes it in one, and a client that forgets the
// sign's octet in front of 255 writes it so as well.
func identifier(wide uint64, n int) int32 {
	for ; n > 1 && n < 5 && wide>>(8*n-9) == 0x1ff; n-- {
		wide &= 1<<(8*n-8) - 1
	}
	return int32(uint32(wide))
}

// length reads a definite length at off and gives the offset behind it. If
// more is needed, both are the least they can turn out to be.
func length(b []byte, off int) (size, next int, v Verdict) {
	if off < len(b) && b[off] < 0x80 {
		return int(b[off]), off + 1, OK
	}
	if off+5 <= len(b) && b[off] == 0x84 { // Active Directory, nearly everywhere
		wide := binary.BigEndian.Uint32(b[off+1:])
		if wide > MaxLen {
			return 0, off, NotLDAP
		}
		return int(wide), off + 5, OK
	}
	return longLength(b, off)
}

func longLength(b []byte, off int) (size, next int, v Verdict) {
	if off >= len(b) {
		return 0, off + 1, NeedMore
	}
	n := int(b[off] & 0x7f)
	if n == 0 || n > 8 {
		return 0, off, NotLDAP
	}
	next = off + 1 + n
	have := b[off+1 : min(next, len(b))]
	missing := n - len(have)
	wide := number(have)
	// The limit is shifted, not the length: eight octets fill the word.
	if wide > MaxLen>>(8*missing) {
		return 0, off, NotLDAP
	}
	if missing > 0 {
		return int(wide << (8 * missing)), next, NeedMore
	}
	return int(wide), next, OK
}
