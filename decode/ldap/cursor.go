package ldap

import "iter"

// cursor walks over the elements of some contents. It never recurses and costs
// no more than the octets it passes. Contents may be cut short: then the last
// element is, too.
type cursor struct {
	b   []byte
	cut bool // b ends before the contents do
}

// element is one BER element; its value is borrowed.
type element struct {
	tag   byte
	value []byte
	size  int  // octets the value has on the wire
	cut   bool // value is shorter than size
}

// next gives the next element; ok is false at the end, or where no element is.
func (c *cursor) next() (e element, ok bool) {
	if len(c.b) == 0 {
		return e, false
	}
	e.tag = c.b[0]
	if e.tag&0x1f == 0x1f { // no LDAP element has a tag of several octets
		c.b = nil
		return e, false
	}
	size, off, v := length(c.b, 1)
	if v != OK {
		c.b = nil
		return e, false
	}
	e.size = size
	end := off + size
	if end > len(c.b) {
		e.cut, end = true, len(c.b)
	}
	e.value = c.b[off:end]
	c.b = c.b[end:]
	return e, true
}

// take gives the next element if it has the tag.
func (c *cursor) take(tag byte) (e element, ok bool) {
	if len(c.b) == 0 || c.b[0] != tag {
		return e, false
	}
	return c.next()
}

// Controls gives the OIDs of the controls in what follows an operation (RFC
// 4511 4.1.11), borrowed.
func Controls(rest []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		outer := cursor{b: rest}
		list, _ := outer.take(0xa0)
		c := cursor{b: list.value}
		for e, ok := c.take(tagSequence); ok; e, ok = c.take(tagSequence) {
			inner := cursor{b: e.value}
			if oid, ok := inner.take(0x04); ok && !yield(oid.value) {
				return
			}
		}
	}
}

// integer reads an INTEGER or ENUMERATED that is not negative; -1: it is none.
func (e *element) integer() int {
	if len(e.value) == 0 || len(e.value) > 5 || e.cut {
		return -1
	}
	n := 0
	for _, c := range e.value {
		n = n<<8 | int(c)
	}
	return n
}
