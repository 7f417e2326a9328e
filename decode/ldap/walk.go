package ldap

// MaxFilterDepth is how deeply a filter may be nested to be read: 250 nested
// ANDs are in a capture of a real client, 100,000 are an attack on parsers.
const MaxFilterDepth = 512

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
			item, ok := filterItem(element{tag: tag, value: filter[body : body+size]})
			if !ok {
				return false
			}
			if !visit(item) {
				return true
			}
			off = body + size
		}
	}
	return true
}

func filterItem(e element) (item FilterItem, ok bool) {
	item.Choice = e.tag
	c := cursor{b: e.value}
	switch e.tag {
	case filterPresent:
		item.Attribute = e.value
		return item, true
	case filterEqual, filterGreater, filterLess, filterApprox:
		attr, ok1 := c.take(0x04)
		value, ok2 := c.take(0x04)
		item.Attribute, item.Value = attr.value, value.value
		return item, ok1 && ok2 && !attr.cut && !value.cut
	case filterSubstrings:
		attr, ok := c.take(0x04)
		item.Attribute = attr.value
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

// filterDepthOK says whether a filter is nested within MaxFilterDepth. It costs
// time linear in the filter's length.
func filterDepthOK(element []byte) bool {
	var ends [MaxFilterDepth + 1]int
	depth := 0
	for off := 0; off < len(element); {
		for depth > 0 && off >= ends[depth] {
			depth--
		}
		size, body, v := length(element, off+1)
		if v != OK {
			return false
		}
		if element[off]&0x20 == 0 { // primitive
			off = body + size
			continue
		}
		if depth++; depth > MaxFilterDepth {
			return false
		}
		ends[depth] = body + size
		off = body
	}
	return true
}
