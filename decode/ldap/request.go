package ldap

import (
	"iter"
	"math"
)

// Scope is a search's scope (RFC 4511 4.5.1.2).
type Scope uint8

// Scopes (RFC 4511 4.5.1.2), and the one that OpenLDAP and 389-ds add.
const (
	ScopeBase Scope = iota
	ScopeOne
	ScopeSubtree
	ScopeSubordinate // draft-sermersheim-ldap-subordinate-scope
	numScopes        // any other number is kept as it came
)

var scopeNames = [numScopes]string{"base", "one", "subtree", "subordinate"}

func (s Scope) String() string {
	if s < numScopes {
		return scopeNames[s]
	}
	return "unknown"
}

// Search is a SearchRequest (RFC 4511 4.5.1).
type Search struct {
	Base                 []byte // borrowed; nil: its tag is not a name's
	Scope                Scope
	Deref                int
	SizeLimit, TimeLimit int
	TypesOnly            bool
	Filter               []byte // the whole element, tag and length included; borrowed; whole or nil
	attributes           []byte
}

// ParseSearchRequest reads a SearchRequest's contents (Header.Contents), which
// may be cut short; it is false without base and scope. What comes before the
// filter may have any tag, as in OpenLDAP.
func ParseSearchRequest(body []byte) (req Search, ok bool) {
	c := cursor{body}
	base, ok1 := c.next()
	scope, ok2 := c.next()
	if !ok1 || !ok2 || base.cut || scope.cut {
		return req, false
	}
	// What cannot be read must not pass for a search of the root, base only,
	// which is harmless.
	req.Base, req.Scope = base.name(), Scope(math.MaxUint8)
	if n := scope.integer(); n >= 0 && req.Base != nil {
		req.Scope = Scope(min(n, math.MaxUint8))
	}
	deref, _ := c.universal()
	size, _ := c.universal()
	limit, _ := c.universal()
	typesOnly, _ := c.universal()
	req.Deref, req.SizeLimit, req.TimeLimit = max(deref.integer(), 0), max(size.integer(), 0), max(limit.integer(), 0)
	req.TypesOnly = typesOnly.true()
	rest := c.b
	if filter, ok := c.next(); ok && !filter.cut {
		req.Filter = rest[:len(rest)-len(c.b)]
	}
	attributes, _ := c.universal()
	req.attributes = attributes.value
	return req, true
}

// RootDSE says whether the request reads the server's own entry, which tells
// what the server can do and nothing of the directory (RFC 4512 5.1).
func (r *Search) RootDSE() bool { return len(r.Base) == 0 && r.Scope == ScopeBase }

// Attributes gives the attributes asked for, borrowed; one that is cut ends it.
func (r *Search) Attributes() iter.Seq[[]byte] { return octetStrings(r.attributes) }

func octetStrings(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := cursor{b}
		for e, ok := c.universal(); ok && !e.cut; e, ok = c.universal() {
			if !yield(e.value) {
				return
			}
		}
	}
}

// Entry is a SearchResultEntry (RFC 4511 4.5.2) or an AddRequest (4.7). Its
// values are not handed out.
type Entry struct {
	DN         []byte // borrowed
	attributes []byte
}

// ParseEntry reads the contents of either; they may be cut short. DN and list may
// have any tag, as in OpenLDAP.
func ParseEntry(body []byte) (entry Entry, ok bool) {
	c := cursor{body}
	dn, ok := c.next()
	if !ok || dn.cut {
		return entry, false
	}
	entry.DN = dn.name()
	attributes, _ := c.universal()
	entry.attributes = attributes.value
	return entry, true
}

// Attributes gives each attribute's description, borrowed, and whether it has
// a value that is not empty. One whose description is cut ends it.
func (e *Entry) Attributes() iter.Seq2[[]byte, bool] {
	return func(yield func([]byte, bool) bool) {
		c := cursor{e.attributes}
		for attr, ok := c.universal(); ok; attr, ok = c.universal() {
			if desc, hasValue, ok := attribute(attr.value); ok && !yield(desc, hasValue) {
				return
			}
		}
	}
}

// Secret gives the first attribute whose description s names and that has a
// value that is not empty, borrowed; nil: none. It is what Attributes would
// find, but looks at values only behind such a description: an entry has dozens
// of attributes, and every one of every entry is asked.
func (e *Entry) Secret(s *SecretSet) []byte {
	for b := e.attributes; len(b) > 0 && isUniversal(b[0]); {
		size, off, v := length(b, afterTag(b))
		if v != OK {
			return nil
		}
		end := min(off+size, len(b))
		attr := b[off:end]
		b = b[end:]
		if len(attr) < 2 || !isUniversal(attr[0]) {
			continue
		}
		n, at := int(attr[1]), 2
		if attr[0] != 0x04 || n >= 0x80 { // no attribute has a name that long, but some write lengths so
			if n, at, v = length(attr, afterTag(attr)); v != OK {
				continue
			}
		}
		if n > len(attr)-at || !s.Contains(attr[at:at+n]) {
			continue
		}
		if desc, hasValue, ok := attribute(attr); ok && hasValue {
			return desc
		}
	}
	return nil
}

// attribute reads a PartialAttribute { type, vals SET OF }.
func attribute(b []byte) (desc []byte, hasValue, ok bool) {
	c := cursor{b}
	typ, ok := c.universal()
	if !ok || typ.cut {
		return nil, false, false
	}
	vals, _ := c.universal()
	return typ.value, vals.holdsValue(), true
}

// holdsValue says whether a SET OF values has one that is not empty. Where the
// values are cut away, their length on the wire decides: an empty one takes six
// octets at most as anybody writes it (04 84 00 00 00 00).
func (e *element) holdsValue() bool {
	c := cursor{e.value}
	for v, ok := c.next(); ok; v, ok = c.next() {
		if v.size > 0 {
			return true
		}
	}
	return e.cut && e.size > 6
}

// Change is one change of a ModifyRequest.
type Change struct {
	Operation int    // 0 add, 1 delete, 2 replace, 3 increment (RFC 4525)
	Attribute []byte // borrowed
	HasValue  bool
}

// Modify is a ModifyRequest (RFC 4511 4.6). Its values are not handed out.
type Modify struct {
	DN      []byte // borrowed
	changes []byte
}

// ParseModifyRequest reads its contents (Header.Contents), which may be cut
// short. Inside, all may have any tag, as in OpenLDAP.
func ParseModifyRequest(body []byte) (req Modify, ok bool) {
	entry, ok := ParseEntry(body) // the same shape on the outside
	return Modify{DN: entry.DN, changes: entry.attributes}, ok
}

// Changes gives the changes in the order sent.
func (r *Modify) Changes() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		c := cursor{r.changes}
		for e, ok := c.universal(); ok; e, ok = c.universal() {
			inner := cursor{e.value}
			op, ok1 := inner.universal()
			mod, ok2 := inner.universal()
			if !ok1 || !ok2 {
				continue
			}
			if desc, hasValue, ok := attribute(mod.value); ok && !yield(Change{op.integer(), desc, hasValue}) {
				return
			}
		}
	}
}

// ParseDelRequest gives the DN of a DelRequest (RFC 4511 4.8), whose contents
// are the DN itself; a constructed one, as an odd client sends it, holds the
// DN as an element.
func ParseDelRequest(body []byte) (dn []byte, ok bool) {
	c := cursor{body}
	if e, ok := c.take(0x04); ok { // no DN starts with this octet
		return e.value, true
	}
	return body, true
}

// ModifyDN is a ModifyDNRequest (RFC 4511 4.9).
type ModifyDN struct {
	DN, NewRDN, NewSuperior []byte // borrowed; NewRDN and NewSuperior as far as they are there, nil: absent
	DeleteOldRDN            bool
}

// ParseModifyDNRequest reads its contents (Header.Contents), which may be cut
// short.
func ParseModifyDNRequest(body []byte) (req ModifyDN, ok bool) {
	c := cursor{body}
	dn, ok := c.next()
	if !ok || dn.cut {
		return req, false
	}
	rdn, _ := c.universal()
	old, _ := c.universal()
	superior, _ := c.take(0x80)
	return ModifyDN{dn.name(), rdn.value, superior.value, old.true()}, true
}

// Compare is a CompareRequest (RFC 4511 4.10). Its value is not handed out.
type Compare struct {
	DN, Attribute []byte // borrowed
}

// ParseCompareRequest reads its contents (Header.Contents), which may be cut
// short.
func ParseCompareRequest(body []byte) (req Compare, ok bool) {
	c := cursor{body}
	dn, ok1 := c.next()
	ava, ok2 := c.universal()
	inner := cursor{ava.value}
	attr, ok3 := inner.universal()
	if !ok1 || !ok2 || !ok3 || attr.cut {
		return req, false
	}
	return Compare{dn.name(), attr.value}, true
}

// ParseAbandonRequest gives the message ID of the request to abandon (RFC 4511
// 4.11); its contents are the ID itself.
func ParseAbandonRequest(body []byte) (id int32, ok bool) {
	if len(body) > 5 {
		return 0, false
	}
	wide := number(body)
	return identifier(wide, len(body)), fitsID(wide, len(body), 0)
}
