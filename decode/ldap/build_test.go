package ldap

import (
	"encoding/hex"
	"slices"
	"strings"
)

// elem writes an element with the shortest length; long writes the four octets
// Active Directory uses nearly everywhere.
func elem(tag byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	switch n := len(body); {
	case n < 0x80:
		return slices.Concat([]byte{tag, byte(n)}, body)
	case n < 1<<16:
		return slices.Concat([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body)
	default:
		return slices.Concat([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body)
	}
}

func long(tag byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	n := len(body)
	return slices.Concat([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body)
}

func str(s string) []byte         { return elem(0x04, []byte(s)) }
func in(n byte, s string) []byte  { return elem(0x80|n, []byte(s)) }
func integer(n ...byte) []byte    { return elem(0x02, n) }
func enum(n byte) []byte          { return []byte{0x0a, 1, n} }
func list(parts ...[]byte) []byte { return elem(0x30, parts...) }
func values(vals ...string) []byte {
	var b []byte
	for _, v := range vals {
		b = append(b, str(v)...)
	}
	return elem(0x31, b)
}

func message(id byte, op []byte, controls ...[]byte) []byte {
	return list(append([][]byte{integer(id), op}, controls...)...)
}

// body gives the contents of an operation.
func body(parts ...[]byte) []byte { return slices.Concat(parts...) }

// octets reads hex with blanks in it and a remark behind each "#".
func octets(annotated string) []byte {
	var digits strings.Builder
	for line := range strings.Lines(annotated) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		panic(err)
	}
	return b
}

// within says whether part is a piece of whole, not a copy of one.
func within(whole, part []byte) bool {
	for i := range whole {
		if len(part) > 0 && &whole[i] == &part[0] {
			return i+len(part) <= len(whole)
		}
	}
	return len(part) == 0
}

func equality(attr, value string) []byte { return elem(filterEqual, str(attr), str(value)) }
