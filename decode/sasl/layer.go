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

// headRoom is how much of a buffer ScanBuffer may want to see: the length
// field and the head of the longest token, of RFC 1964.
const headRoom = 4 + 32

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
	switch token := b[4:min(len(b), buf.Len)]; {
	case len(token) >= 16 && token[0] == 5 && token[1] == 4 && token[3] == 0xff:
		buf.token, buf.Layer = tokenRFC4121, LayerSigned
		if token[2]&2 != 0 {
			buf.Layer = LayerSealed
		}
	case len(token) > 16 && bytes.HasPrefix(token, []byte{1, 0, 0, 0}):
		buf.token = tokenNTLM
	case token[0] == 0x60:
		if alg, _, ok := rfc1964(token); ok {
			buf.token, buf.Layer = tokenRFC1964, LayerSealed
			if alg.seal == 0xffff {
				buf.Layer = LayerSigned
			}
			break
		}
		buf.Layer = negotiated
	default:
		buf.Layer = negotiated
	}
	if buf.Layer == LayerNone {
		buf.Layer = LayerUnknown
	}
	return buf, OK
}

// Readable gives the place where the text of an unsealed buffer would start,
// to be judged before the whole buffer is there.
func (b *Buffer) Readable() int {
	switch b.token {
	case tokenNTLM:
		return 4 + 16
	default:
		return 4
	}
}

// Text gives what a signed buffer carries. whole is the buffer, all of it; the
// text is borrowed from it, or from the scratch that is given back, grown if
// need be: RFC 4121 lets a sender rotate the text.
func (b *Buffer) Text(whole, scratch []byte) (text, scratchAfter []byte) {
	token := whole[4:]
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
	scratch = append(append(scratch[:0], body[rrc:]...), body[:rrc]...)
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

// signDES3 is the one signature of 20 octets instead of 8.
const signDES3 = 0x0400

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
func unwrap(token, scratch []byte) (text []byte, layer Layer) {
	switch {
	case len(token) >= 16 && token[0] == 5 && token[1] == 4 && token[2]&2 == 0 && token[3] == 0xff:
		text, _ = rfc4121Text(token, scratch)
		return text, LayerSigned
	case len(token) > 0 && token[0] == 0x60:
		if alg, _, ok := rfc1964(token); ok && alg.seal == 0xffff {
			return rfc1964Text(token), LayerSigned
		}
	}
	return nil, LayerUnknown
}

// Layer gives what the exchange negotiated: LayerUnknown if that was not seen,
// or if only the buffers can tell.
func (x *Exchange) Layer() Layer { return x.layer }
