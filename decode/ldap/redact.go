package ldap

import "bytes"

// Blank is what Redact puts in the place of an octet.
const Blank = '*'

// Redact gives a copy of a message in which every octet is Blank that is a
// secret, or that could be one: passwords, credentials of SASL and Sicily,
// values of the secret attributes wherever they stand, and whatever is not
// understood. What remains is what is known to be harmless: the other way
// round, a form that nobody thought of would give a secret away. Tags and
// lengths remain, so the copy reads as the same operation. msg may be cut
// short. It takes time linear in its octets.
func Redact(msg []byte, secrets *SecretSet) []byte {
	r := redactor{in: msg, out: bytes.Repeat([]byte{Blank}, len(msg)), secrets: secrets}
	hdr, v := Scan(msg)
	if v != OK || hdr.Op == 0 {
		return r.out
	}
	r.show(msg[:min(hdr.Body, len(msg))])
	contents := hdr.Contents(msg)
	behind := r.operation(&hdr, contents)
	if len(contents) <= hdr.BodyLen {
		behind = msg[min(hdr.Body+hdr.BodyLen, len(msg)):min(hdr.Len, len(msg))]
	}
	r.controls(behind)
	return r.out
}

// redactor copies what is harmless from in to out.
type redactor struct {
	in, out []byte
	secrets *SecretSet
}

// show copies a part of in.
func (r *redactor) show(part []byte) {
	if len(part) > 0 { // else there may be no place for it
		copy(r.out[cap(r.in)-cap(part):], part) // both end where in's memory ends
	}
}

// take gives the next element if it has the tag, and shows its tag and length.
func (r *redactor) take(c *cursor, tag byte) (e element, ok bool) {
	before := c.b
	if e, ok = c.take(tag); ok {
		r.show(before[:len(before)-len(c.b)-len(e.value)])
	}
	return e, ok
}

// text shows the next element if it has the tag. It is false if there is none,
// or only a part of it.
func (r *redactor) text(c *cursor, tag byte) (e element, ok bool) {
	if e, ok = r.take(c, tag); ok {
		r.show(e.value)
	}
	return e, ok && !e.cut
}

// number shows the next element if it has the tag and holds a number.
func (r *redactor) number(c *cursor, tag byte) {
	if e, ok := r.take(c, tag); ok && (e.integer() >= 0 || !e.cut && len(e.value) <= 1) {
		r.show(e.value)
	}
}

// texts shows all elements with the tag.
func (r *redactor) texts(b []byte, tag byte) {
	c := cursor{b}
	for _, ok := r.text(&c, tag); ok; _, ok = r.text(&c, tag) {
	}
}

// operation shows the contents of an operation and gives what it leaves of them:
// what a request claims for its length need not be true (Header.Contents).
func (r *redactor) operation(hdr *Header, body []byte) (behind []byte) {
	c := cursor{body}
	switch hdr.Op {
	case BindRequest:
		r.bind(&c)
	case SearchRequest:
		r.search(&c)
	case SearchResultEntry, AddRequest:
		r.entry(&c, r.attribute)
	case ModifyRequest:
		r.entry(&c, r.change)
	case CompareRequest:
		r.text(&c, 0x04)
		ava, _ := r.take(&c, tagSequence)
		r.assertion(ava.value)
	case DelRequest:
		if len(body) > 0 && body[0] == 0x04 { // see ParseDelRequest
			r.text(&c, 0x04)
		} else {
			r.show(body)
		}
	case ModifyDNRequest:
		r.text(&c, 0x04)
		r.text(&c, 0x04)
		r.number(&c, 0x01)
		r.text(&c, 0x80)
	case ExtendedRequest, IntermediateResponse:
		oid, _ := r.text(&c, 0x80)
		value, _ := r.take(&c, 0x81)
		if string(oid.whole()) == OIDPasswordModify {
			r.passwordModify(value.value)
		}
	case SearchResultReference:
		r.texts(body, 0x04)
	case AbandonRequest:
		if hdr.BodyLen <= 5 {
			r.show(body)
		}
	case UnbindRequest:
	default:
		r.result(hdr.Op, &c)
	}
	return c.b
}

func (r *redactor) bind(c *cursor) {
	r.number(c, 0x02)
	r.text(c, 0x04)
	if len(c.b) == 0 || choiceByTag(c.b[0]) == NoChoice {
		return
	}
	auth, _ := r.take(c, c.b[0])
	if auth.tag != 0xa3 {
		return
	}
	inner := cursor{auth.value}
	if mechanism, _ := r.take(&inner, 0x04); isMechanism(mechanism.whole()) {
		r.show(mechanism.value)
		r.take(&inner, 0x04) // the credentials: tag and length
	}
}

// isMechanism says whether b can name a SASL mechanism (RFC 4422 3.1).
func isMechanism(b []byte) bool {
	for _, c := range b {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 20
}

func (r *redactor) search(c *cursor) {
	r.text(c, 0x04)
	for _, tag := range [...]byte{0x0a, 0x0a, 0x02, 0x02, 0x01} {
		r.number(c, tag)
	}
	rest := c.b
	c.next()
	r.filter(rest[:len(rest)-len(c.b)])
	attributes, _ := r.take(c, tagSequence)
	r.texts(attributes.value, 0x04)
}

// filter steps through a filter as WalkFilter does.
func (r *redactor) filter(b []byte) {
	for c := (cursor{b}); len(c.b) > 0; {
		switch tag := c.b[0]; tag {
		case filterAnd, filterOr, filterNot:
			_, body, v := length(c.b, 1)
			if v != OK {
				return
			}
			r.show(c.b[:body])
			c.b = c.b[body:]
		case filterPresent:
			r.text(&c, tag)
		case filterEqual, filterGreater, filterLess, filterApprox:
			item, _ := r.take(&c, tag)
			r.assertion(item.value)
		case filterSubstrings:
			item, _ := r.take(&c, tag)
			r.substrings(item.value)
		case filterExtensible:
			item, _ := r.take(&c, tag)
			if !item.cut { // what is missing could be the attribute
				r.extensible(item.value)
			}
		default:
			return
		}
	}
}

// assertion shows an attribute and, if it is no secret, what it is compared
// with.
func (r *redactor) assertion(b []byte) {
	c := cursor{b}
	attr, ok := r.text(&c, 0x04)
	value, _ := r.take(&c, 0x04)
	if ok && !r.secrets.Contains(attr.value) {
		r.show(value.value)
	}
}

func (r *redactor) substrings(b []byte) {
	c := cursor{b}
	attr, known := r.text(&c, 0x04)
	parts, _ := r.take(&c, tagSequence)
	c = cursor{parts.value}
	for len(c.b) > 0 && c.b[0] >= 0x80 && c.b[0] <= 0x82 {
		part, _ := r.take(&c, c.b[0])
		if known && !r.secrets.Contains(attr.value) {
			r.show(part.value)
		}
	}
}

// extensible shows the value of an extensible match if the match names one
// attribute, and that is no secret.
func (r *redactor) extensible(b []byte) {
	types, harmless := 0, true
	c := cursor{b}
	for part, ok := c.next(); ok; part, ok = c.next() {
		if part.tag == 0x82 {
			types++
			harmless = harmless && !part.cut && !r.secrets.Contains(part.value)
		}
	}
	c = cursor{b}
	for len(c.b) > 0 && c.b[0] >= 0x81 && c.b[0] <= 0x84 {
		part, _ := r.take(&c, c.b[0])
		if part.tag != 0x83 || types == 1 && harmless {
			r.show(part.value)
		}
	}
}

// entry shows a DN and a list, each of whose elements each shows.
func (r *redactor) entry(c *cursor, each func([]byte)) {
	r.text(c, 0x04)
	list, _ := r.take(c, tagSequence)
	inner := cursor{list.value}
	for e, ok := r.take(&inner, tagSequence); ok; e, ok = r.take(&inner, tagSequence) {
		each(e.value)
	}
}

func (r *redactor) change(b []byte) {
	c := cursor{b}
	r.number(&c, 0x0a)
	modification, _ := r.take(&c, tagSequence)
	r.attribute(modification.value)
}

// attribute shows a PartialAttribute, without its values if they are secrets.
func (r *redactor) attribute(b []byte) {
	c := cursor{b}
	desc, ok := r.text(&c, 0x04)
	values, _ := r.take(&c, 0x31)
	if ok && !r.secrets.Contains(desc.value) {
		r.texts(values.value, 0x04)
		return
	}
	c = cursor{values.value}
	for _, ok := r.take(&c, 0x04); ok; _, ok = r.take(&c, 0x04) {
	}
}

// passwordModify shows the value of RFC 3062's request but for its passwords.
func (r *redactor) passwordModify(value []byte) {
	outer := cursor{value}
	seq, _ := r.take(&outer, tagSequence)
	c := cursor{seq.value}
	r.text(&c, 0x80)
	r.take(&c, 0x81)
	r.take(&c, 0x82)
}

// result shows an LDAPResult. The challenge of Sicily's NTLM stands where the
// matched DN does.
func (r *redactor) result(op Op, c *cursor) {
	r.number(c, 0x0a)
	if matched, _ := r.take(c, 0x04); !matched.cut && !bytes.HasPrefix(matched.value, []byte("NTLM")) {
		r.show(matched.value)
	}
	r.text(c, 0x04)
	referral, _ := r.take(c, 0xa3)
	r.texts(referral.value, 0x04)
	switch op {
	case BindResponse:
		r.take(c, 0x87)
	case ExtendedResponse:
		r.text(c, 0x8a)
		value, _ := r.take(c, 0x8b)
		r.generated(value.value)
	default:
	}
}

// generated shows the tags of a value that is what RFC 3062's response holds, to
// the octet.
func (r *redactor) generated(value []byte) {
	outer := cursor{value}
	seq, ok1 := outer.take(tagSequence)
	inner := cursor{seq.value}
	_, ok2 := inner.take(0x80)
	if ok1 && ok2 && !seq.cut && len(outer.b) == 0 && len(inner.b) == 0 {
		outer = cursor{value}
		r.take(&outer, tagSequence)
		inner = cursor{seq.value}
		r.take(&inner, 0x80)
	}
}

// harmlessControls are those whose values hold sizes, flags and names.
var harmlessControls = map[string]bool{
	oidPaged:                  true,
	"1.2.840.113556.1.4.473":  true, // server-side sorting (RFC 2891)
	"1.2.840.113556.1.4.801":  true, // parts of a security descriptor (MS-ADTS 3.1.1.3.4.1.11)
	"1.2.840.113556.1.4.1339": true, // domain scope
}

func (r *redactor) controls(rest []byte) {
	outer := cursor{rest}
	list, _ := r.take(&outer, tagControls)
	c := cursor{list.value}
	for e, ok := r.take(&c, tagSequence); ok; e, ok = r.take(&c, tagSequence) {
		inner := cursor{e.value}
		oid, _ := r.text(&inner, 0x04)
		r.number(&inner, 0x01)
		value, _ := r.take(&inner, 0x04)
		if harmlessControls[string(oid.whole())] {
			r.show(value.value)
		}
	}
}
