package ldap

import "iter"

// tagControls is the tag of a message's controls (RFC 4511 4.1.11).
const tagControls = 0xa0

// cursor walks over the elements of some contents. It never recurses and costs
// no more than the octets it passes. Contents may be cut short: then the last
// element is, too.
type cursor struct{ b []byte }

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
	tag := c.b[0]
	size, off, v := length(c.b, afterTag(c.b))
	if v != OK {
		c.b = nil
		return e, false
	}
	end := min(off+size, len(c.b))
	e = element{tag: tag, value: c.b[off:end], size: size, cut: off+size > end}
	c.b = c.b[end:]
	return e, true
}

// maxTag bounds a tag of several octets (X.690 8.1.2.4). LDAP has none; servers
// that do not look at the tag of what can be but one thing step over them.
const maxTag = 8

// afterTag gives the offset behind the tag at the front of b.
func afterTag(b []byte) int {
	if b[0]&0x1f == 0x1f {
		return afterLongTag(b)
	}
	return 1
}

func afterLongTag(b []byte) int {
	n := 1
	for n < min(len(b), maxTag) && b[n]&0x80 != 0 {
		n++
	}
	return n + 1
}

// universal gives the next element if its tag is of class universal. Where an
// element can be but one thing, OpenLDAP and 389-ds take it under any tag, so a
// client could hide behind a wrong one.
func (c *cursor) universal() (e element, ok bool) {
	if len(c.b) == 0 || !isUniversal(c.b[0]) {
		return e, false
	}
	return c.next()
}

func isUniversal(tag byte) bool { return tag&0xc0 == 0 }

// name gives the value of what has a name's place, under whatever tag; nil where
// that tag could be that of a password or of a list with passwords in it.
func (e *element) name() []byte {
	if !isUniversal(e.tag) || e.tag&0x1e == 0x10 { // SEQUENCE, SET
		return nil
	}
	return e.value
}

// take gives the next element if it has the tag.
func (c *cursor) take(tag byte) (e element, ok bool) {
	if len(c.b) == 0 || c.b[0] != tag {
		return e, false
	}
	return c.next()
}

// whole gives the value, nil if it is cut. Names that are compared must be
// whole: the front of one may be another one. Text that is only told need not.
func (e *element) whole() []byte {
	if e.cut {
		return nil
	}
	return e.value
}

// integer reads an INTEGER or ENUMERATED as unsigned; -1: it is none, is cut,
// or is longer than LDAP's integers are (RFC 4511 4.1.1: up to 2^31-1).
func (e *element) integer() int {
	if len(e.value) == 0 || len(e.value) > 5 || e.cut {
		return -1
	}
	n := uint64(0)
	for _, c := range e.value {
		n = n<<8 | uint64(c)
	}
	if n > 1<<31-1 {
		return -1
	}
	return int(n)
}

// true says whether a BOOLEAN is; any octet but 00 will do, though RFC 4511 5.1
// wants FF.
func (e *element) true() bool { return len(e.value) == 1 && e.value[0] != 0 }

// Controls gives the OIDs of the controls in what follows an operation (RFC
// 4511 4.1.11), borrowed: of a message m with header h, m[h.Body+h.BodyLen:].
func Controls(rest []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for oid := range controls(rest) {
			if !yield(oid) {
				return
			}
		}
	}
}

// oidPaged is the paged results control (RFC 2696).
const oidPaged = "1.2.840.113556.1.4.319"

// LaterPage says whether what follows a search is a paged results control that
// asks for a page after the first: its cookie is not empty. Such a search goes on
// with an earlier one.
func LaterPage(rest []byte) bool {
	for oid, value := range controls(rest) {
		if string(oid) != oidPaged {
			continue
		}
		outer := cursor{value}
		seq, _ := outer.take(tagSequence)
		inner := cursor{seq.value}
		inner.take(0x02) // the page's size
		cookie, _ := inner.take(0x04)
		return cookie.size > 0
	}
	return false
}

// The pre-read and post-read controls (RFC 4527): a write's answer brings the
// entry as it was before, or as it is now.
const (
	oidPreRead  = "1.3.6.1.1.13.1"
	oidPostRead = "1.3.6.1.1.13.2"
)

// ReadEntries gives the entries that those controls hold, in what follows the
// answer to a write. They are borrowed.
func ReadEntries(rest []byte) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for oid, value := range controls(rest) {
			if string(oid) != oidPreRead && string(oid) != oidPostRead {
				continue
			}
			outer := cursor{value}
			e, _ := outer.take(tagEntry)
			if entry, ok := ParseEntry(e.value); ok && !yield(entry) {
				return
			}
		}
	}
}

// tagEntry is the tag of a SearchResultEntry.
const tagEntry = 0x64

// controls gives OIDs with their values, nil where there is none; borrowed.
func controls(rest []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(oid, value []byte) bool) {
		outer := cursor{rest}
		list, _ := outer.take(tagControls)
		c := cursor{list.value}
		for e, ok := c.take(tagSequence); ok; e, ok = c.take(tagSequence) {
			inner := cursor{e.value}
			oid, ok := inner.take(0x04)
			inner.take(0x01) // criticality
			value, _ := inner.take(0x04)
			if ok && !oid.cut && !yield(oid.value, value.value) {
				return
			}
		}
	}
}
