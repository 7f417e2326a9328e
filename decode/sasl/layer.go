package sasl

import (
	"bytes"
	"encoding/binary"
)

// Layer is what a SASL security layer does to the messages it carries.
type Layer uint8

// Layers (RFC 4422 3.7).
const (
	LayerUnknown Layer = iota // signed or sealed: the text tells
	LayerNone
	LayerSigned // integrity only: readable
	LayerSealed // confidentiality
)

// Verdict is what the front of some octets is.
type Verdict uint8

// Verdicts of ScanBuffer.
const (
	NotBuffer Verdict = iota
	NeedMore
	OK
)

// Buffer is the head of a security layer's buffer: length, token (RFC 4422
// 3.7). How readable it is depends on the token.
type Buffer struct {
	Len   int // octets of the whole buffer, its length field included
	Layer Layer
	token tokenKind
	frame int // octets of SPNEGO's frame in front of the token
}

type tokenKind uint8

const (
	tokenOpaque tokenKind = iota // none that is known: DIGEST-MD5, or anything sealed
	tokenRFC4121
	tokenRFC1964
	tokenNTLM
)

// Certain says whether the token itself proves that this is a buffer.
func (b *Buffer) Certain() bool { return b.token != tokenOpaque }

// MayProve says whether the buffer that b starts, of which ScanBuffer needs to
// see more, may turn out Certain.
func MayProve(b []byte) bool {
	token := b[min(4, len(b)):]
	if len(token) == 0 {
		return true
	}
	switch token[0] {
	case 0x05:
		return len(token) < 2 || token[1] == 4
	case 0x01:
		return bytes.HasPrefix(headNTLM, token[:min(len(headNTLM), len(token))])
	case 0x60, 0xa0, 0xa1:
		return true
	}
	return false
}

// headNTLM is the version an NTLM token starts with (MS-NLMP 2.2.2.9.1).
var headNTLM = []byte{1, 0, 0, 0}

// headRoom is how much of a buffer ScanBuffer may want to see: the length
// field and the head of the longest token, of RFC 1964 with a length field of
// five octets. wrapRoom is for the frame of SPNEGO around it.
const (
	headRoom = 4 + 33
	wrapRoom = 28
)

// ScanBuffer reads the head of the buffer at the front of b. negotiated is
// what the exchange agreed on, LayerUnknown if that was not seen: it decides
// where the token cannot. It does not allocate.
func ScanBuffer(b []byte, negotiated Layer) (buf Buffer, v Verdict) {
	if len(b) == 0 || b[0] != 0 {
		return buf, NotBuffer // a buffer of 16 MiB or more; RFC 4422 caps them so
	}
	if len(b) < 4 {
		return buf, NeedMore
	}
	size := int(binary.BigEndian.Uint32(b))
	if size == 0 {
		return buf, NotBuffer
	}
	buf.Len = 4 + size
	if len(b) < min(buf.Len, headRoom) {
		return buf, NeedMore
	}
	token := b[4:min(len(b), buf.Len, headRoom+wrapRoom)] // no more, so that more octets tell nothing else
	if wrapped(token) {
		if len(b) < min(buf.Len, headRoom+wrapRoom) {
			return buf, NeedMore
		}
		if inside := inner(token); len(inside) > 0 {
			buf.frame = cap(token) - cap(inside) // both end where b's memory ends
			token = inside
		}
	}
	buf.token, buf.Layer = kindOf(token)
	if buf.token == tokenOpaque && negotiated != LayerNone {
		buf.Layer = negotiated
	}
	return buf, OK
}

// kindOf looks at the head of a token, and at how readable it makes its text.
func kindOf(token []byte) (tokenKind, Layer) {
	switch {
	case len(token) >= 16 && token[0] == 5 && token[1] == 4 && token[3] == 0xff:
		if token[2]&2 != 0 {
			return tokenRFC4121, LayerSealed
		}
		return tokenRFC4121, LayerSigned
	case len(token) > 16 && bytes.HasPrefix(token, headNTLM):
		return tokenNTLM, LayerUnknown
	}
	alg, _, ok := rfc1964(token)
	switch {
	case ok && alg.seal == sealNone:
		return tokenRFC1964, LayerSigned
	case ok:
		return tokenRFC1964, LayerSealed
	}
	return tokenOpaque, LayerUnknown
}

// Readable gives the place where the text of an unsealed buffer would start,
// to be judged before the whole buffer is there.
func (b *Buffer) Readable() int {
	switch b.token {
	case tokenNTLM:
		return 4 + b.frame + 16
	default:
		return 4
	}
}

// Text gives what a signed buffer carries. whole is the buffer, all of it; the
// text is borrowed from it, or from the scratch that is given back, grown if
// need be: RFC 4121 lets a sender rotate the text. The scratch given back is as
// long as what was written to it, 0 mostly: the caller wipes that.
func (b *Buffer) Text(whole, scratch []byte) (text, scratchAfter []byte) {
	scratch = scratch[:0]
	token := whole[4:]
	if b.frame > 0 {
		token = inner(token)
	}
	switch b.token {
	case tokenRFC4121:
		return rfc4121Text(token, scratch)
	case tokenRFC1964:
		return rfc1964Text(token), scratch
	case tokenNTLM:
		return token[16:], scratch
	case tokenOpaque:
	}
	// DIGEST-MD5: text, 10 octets of HMAC, 00 01, 4 octets of sequence number.
	if n := len(token) - 16; n > 0 && token[n+10] == 0 && token[n+11] == 1 {
		return token[:n], scratch
	}
	return nil, scratch
}

// rfc4121Text undoes the rotation of an unsealed wrap token (RFC 4121 4.2.5):
// behind the header stand text and EC octets of checksum, turned right by RRC.
func rfc4121Text(token, scratch []byte) (text, scratchAfter []byte) {
	body := token[16:]
	ec, rrc := int(binary.BigEndian.Uint16(token[4:])), int(binary.BigEndian.Uint16(token[6:]))
	if ec > len(body) || len(body) == 0 {
		return nil, scratch
	}
	n := len(body) - ec
	switch rrc %= len(body); rrc {
	case 0:
		return body[:n], scratch
	case ec: // the checksum came to the front: what Windows sends
		return body[ec:], scratch
	}
	if cap(scratch) < len(body) { // at once: what it grows out of would not be wiped
		scratch = make([]byte, 0, len(body))
	}
	scratch = append(append(scratch, body[rrc:]...), body[:rrc]...)
	return scratch[:n], scratch
}

// algorithms are those of an RFC 1964 token.
type algorithms struct{ sign, seal uint16 }

// rfc1964 reads the head of a wrap token of RFC 1964 1.2.2 and RFC 4757 7.3,
// and gives what follows it: checksum and text.
func rfc1964(token []byte) (alg algorithms, rest []byte, ok bool) {
	body, _, ok := der(token, 0x60)
	if !ok || !isKerberos(body) {
		return alg, nil, false
	}
	head := body[len(oidKerberos):]
	if len(head) < 16 || head[0] != 2 || head[1] != 1 || head[6] != 0xff || head[7] != 0xff {
		return alg, nil, false
	}
	return algorithms{binary.BigEndian.Uint16(head[2:]), binary.BigEndian.Uint16(head[4:])}, head[16:], true
}

const (
	signDES3 = 0x0400 // the one signature of 20 octets instead of 8
	sealNone = 0xffff
)

func rfc1964Text(token []byte) []byte {
	alg, rest, ok := rfc1964(token)
	skip := 8 + 8 // checksum, confounder
	if alg.sign == signDES3 {
		skip = 20 + 8
	}
	if !ok || len(rest) <= skip {
		return nil
	}
	text := rest[skip:]
	pad := int(text[len(text)-1])
	if pad < 1 || pad > 8 || pad > len(text) {
		return nil
	}
	return text[:len(text)-pad]
}

// unwrap gives the text of a bare wrap token (no length field), if it is
// signed only.
func unwrap(token []byte) (text []byte, layer Layer) {
	kind, layer := kindOf(token)
	switch {
	case layer != LayerSigned:
	case kind == tokenRFC4121:
		text, _ = rfc4121Text(token, nil)
	case kind == tokenRFC1964:
		text = rfc1964Text(token)
	}
	return text, layer
}

// Layer gives what the exchange negotiated: LayerUnknown if that was not seen,
// or if only the buffers can tell.
func (x *Exchange) Layer() Layer { return x.layer }
