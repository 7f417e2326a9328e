package loadgen

import "encoding/binary"

// ber appends BER to a message. Lengths are as short as they can be, or, as
// Active Directory writes those of constructed elements, of five octets.
type ber struct {
	b    []byte
	long bool
}

// open starts an element and gives where its length stands.
func (e *ber) open(tag byte) int {
	e.b = append(e.b, tag, 0x84, 0, 0, 0, 0)
	return len(e.b)
}

// close ends the element that open started.
func (e *ber) close(at int) {
	n := len(e.b) - at
	if e.long && e.b[at-6]&0x20 != 0 || n > 0xffff {
		binary.BigEndian.PutUint32(e.b[at-4:], uint32(n))
		return
	}
	size := 1
	switch {
	case n > 0xff:
		size = 3
		e.b[at-5] = 0x82
		binary.BigEndian.PutUint16(e.b[at-4:], uint16(n))
	case n > 0x7f:
		size = 2
		e.b[at-5], e.b[at-4] = 0x81, byte(n)
	default:
		e.b[at-5] = byte(n)
	}
	copy(e.b[at-5+size:], e.b[at:])
	e.b = e.b[:len(e.b)-5+size]
}

func (e *ber) str(tag byte, s string) {
	at := e.open(tag)
	e.b = append(e.b, s...)
	e.close(at)
}

func (e *ber) number(tag byte, n int) {
	at := e.open(tag)
	switch {
	case n > 0x7fffff:
		e.b = append(e.b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	case n > 0x7fff:
		e.b = append(e.b, byte(n>>16), byte(n>>8), byte(n))
	case n > 0x7f:
		e.b = append(e.b, byte(n>>8), byte(n))
	default:
		e.b = append(e.b, byte(n))
	}
	e.close(at)
}

// message starts an LDAPMessage and its operation (RFC 4511 4.1.1).
func (e *ber) message(id int, op byte) (outer, inner int) {
	outer = e.open(0x30)
	e.number(0x02, id)
	return outer, e.open(op)
}

func (e *ber) end(outer, inner int) {
	e.close(inner)
	e.close(outer)
}

// result is an LDAPResult of the operation (RFC 4511 4.1.9); extra, if any, is
// the element behind it.
func (e *ber) result(id int, op byte, code int, extra byte, value string) {
	outer, inner := e.message(id, op)
	e.number(0x0a, code)
	e.str(0x04, "")
	e.str(0x04, "")
	if extra != 0 {
		e.str(extra, value)
	}
	e.end(outer, inner)
}

// simple is a simple bind (RFC 4511 4.2).
func (e *ber) simple(id, version int, name, password string) {
	outer, inner := e.message(id, 0x60)
	e.number(0x02, version)
	e.str(0x04, name)
	e.str(0x80, password)
	e.end(outer, inner)
}

// sasl is a step of a SASL bind.
func (e *ber) sasl(id int, mechanism, credentials string, has bool) {
	outer, inner := e.message(id, 0x60)
	e.number(0x02, 3)
	e.str(0x04, "")
	choice := e.open(0xa3)
	e.str(0x04, mechanism)
	if has {
		e.str(0x04, credentials)
	}
	e.close(choice)
	e.end(outer, inner)
}

// search is a SearchRequest (RFC 4511 4.5.1) for name=value below base.
func (e *ber) search(id int, base string, scope int, name, value string, attributes []string) {
	outer, inner := e.message(id, 0x63)
	e.str(0x04, base)
	e.number(0x0a, scope)
	e.number(0x0a, 0)
	e.number(0x02, 0)
	e.number(0x02, 0)
	e.b = append(e.b, 1, 1, 0)
	if value == "" {
		e.str(0x87, name)
	} else {
		filter := e.open(0xa3)
		e.str(0x04, name)
		e.str(0x04, value)
		e.close(filter)
	}
	list := e.open(0x30)
	for _, a := range attributes {
		e.str(0x04, a)
	}
	e.close(list)
	e.end(outer, inner)
}

// attribute is a PartialAttribute with n values of equal length out of text.
func (e *ber) attribute(name string, n int, text []byte) {
	attr := e.open(0x30)
	e.str(0x04, name)
	values := e.open(0x31)
	for i := range n {
		value := e.open(0x04)
		e.b = append(e.b, text[i*len(text)/n:(i+1)*len(text)/n]...)
		e.close(value)
	}
	e.close(values)
	e.close(attr)
}
