package ldap

// MaxFilterDepth is how deeply a filter may be nested to be put into words: 250
// nested ANDs are in a capture of a real client, 100,000 are an attack on
// parsers.
const MaxFilterDepth = 512

// maxFilterCost is what asn1-ber may use to read a filter, in octets. Filters
// of ten thousand tests cost less.
const maxFilterCost = 16 << 20

// elementCost is what asn1-ber takes for an element besides its contents:
// packet, buffer, children. Measured on 64 bits.
const elementCost = 280

// treeBounded says whether asn1-ber may be given an element. Its tree recurses,
// and each level copies all that is below it twice, so a megabyte in 500 levels
// becomes a gigabyte: the element is measured first. Its own limits are
// variables of the package, which others share, and know no cost.
//
// One element has to fill b, and each has to lie within the one around it.
// What the two could read differently is refused: indefinite lengths, tags of
// several octets. It takes time linear in len(b), and less for what is refused.
func treeBounded(b []byte) bool {
	var ends [MaxFilterDepth + 1]int // of the elements around the one at off
	ends[0] = len(b)
	depth, cost := 0, 0
	for off := 0; off < len(b); {
		tag := b[off]
		size, body, v := length(b, off+1)
		end := body + size
		if v != OK || tag&0x1f == 0x1f || end > ends[depth] || depth == 0 && end != len(b) {
			return false
		}
		if cost += elementCost + 2*size; cost > maxFilterCost {
			return false
		}
		off = end
		if tag&0x20 != 0 { // constructed: go in
			if depth++; depth > MaxFilterDepth {
				return false
			}
			ends[depth], off = end, body
		}
		for depth > 0 && off == ends[depth] {
			depth--
		}
	}
	return len(b) > 0
}
