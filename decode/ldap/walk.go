package ldap

// Filter choices by tag (RFC 4511 4.5.1.7).
const (
	filterAnd        = 0xa0
	filterOr         = 0xa1
	filterNot        = 0xa2
	filterEqual      = 0xa3
	filterSubstrings = 0xa4
	filterGreater    = 0xa5
	filterLess       = 0xa6
	filterPresent    = 0x87
	filterApprox     = 0xa8
	filterExtensible = 0xa9
)

// FilterItem is one test of a filter. All of it is borrowed.
type FilterItem struct {
	Choice    byte   // the tag of RFC 4511 4.5.1.7
	Attribute []byte // description; may be empty in an extensible match
	Rule      []byte // matching rule of an extensible match
	Value     []byte // assertion value; nil for presence and substrings
	parts     []byte // elements of substrings
}

// Matches says whether the item asks for any value, or any that looks like
// something, rather than for one value.
func (i *FilterItem) Matches() bool {
	return i.Choice == filterPresent || i.Choice == filterSubstrings
}

// WalkFilter visits the tests of a filter, in order, until visit says false.
// It is false for a filter that does not parse; what came before was visited.
//
// The sets (and, or, not) hold nothing but filters, end to end, so the walk
// steps over their headers and meets every test without keeping a stack: no
// nesting is too deep for it, and it does not allocate. Rules ask it of every
// search. FilterString builds asn1-ber's tree and is asked only for what is
// told; tests hold the two together.
func WalkFilter(filter []byte, visit func(FilterItem) bool) bool {
	for off := 0; off < len(filter); {
		size, body, v := length(filter, off+1)
		if v != OK || body+size > len(filter) {
			return false
		}
		switch tag := filter[off]; tag {
		case filterAnd, filterOr, filterNot:
			off = body
		default:
			item, ok := filterItem(tag, filter[body:body+size])
			if !ok {
				return false
			}
			if !visit(item) {
				return true
			}
			off = body + size
		}
	}
	return len(filter) > 0
}

func filterItem(tag byte, value []byte) (item FilterItem, ok bool) {
	item.Choice = tag
	c := cursor{value}
	switch tag {
	case filterPresent:
		item.Attribute = value
		return item, true
	case filterEqual, filterGreater, filterLess, filterApprox:
		attr, ok1 := c.universal() // OpenLDAP takes any tag, as it does of requests
		value, ok2 := c.universal()
		item.Attribute, item.Value = attr.value, value.value
		return item, ok1 && ok2 && !attr.cut && !value.cut
	case filterSubstrings:
		attr, ok := c.universal()
		parts, _ := c.universal()
		item.Attribute, item.parts = attr.value, parts.value
		return item, ok && !attr.cut
	case filterExtensible:
		for part, more := c.next(); more; part, more = c.next() {
			switch part.tag {
			case 0x81:
				item.Rule = part.value
			case 0x82:
				item.Attribute = part.value
			case 0x83:
				item.Value, ok = part.value, !part.cut
			}
		}
		return item, ok
	}
	return item, false
}

// FilterShape gives a number that is the same for filters with the same tests
// (choice, attribute and rule) in any order, whatever their values and however
// they are joined. Two different filters that share it are as likely as any two
// 64-bit hashes. It does not allocate.
func FilterShape(filter []byte) uint64 {
	shape := uint64(0)
	WalkFilter(filter, func(item FilterItem) bool {
		h := hashOctets(fnvOffset, item.Rule)
		h = hashOctets(h*fnvPrime^uint64(item.Choice), item.Attribute)
		shape += h // a sum does not depend on the order
		return true
	})
	return shape
}

// FNV-1a, 64 bits.
const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
)

func hashOctets(h uint64, b []byte) uint64 {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}
