package loadgen

import (
	"fmt"
	"strings"
)

// filler is what nobody looks at.
var filler = []byte(strings.Repeat("The quick brown fox jumps over the lazy dog. ", 128))

// The messages of a talk, in BER with lengths as short as they can be.

func tlv(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b := []byte{tag}
	switch {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 0x100:
		b = append(b, 0x81, byte(n))
	default:
		b = append(b, 0x82, byte(n>>8), byte(n))
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func text(format string, args ...any) []byte { return tlv(4, fmt.Appendf(nil, format, args...)) }

func message(id byte, op []byte) []byte { return tlv(0x30, []byte{2, 1, id}, op) }

func bind(id byte, user int) []byte {
	password := tlv(0x80, fmt.Appendf(nil, "Load-Secret-%d", user))
	return message(id, tlv(0x60, []byte{2, 1, 3}, text("uid=u%03d,ou=people,dc=load,dc=test", user), password))
}

func unbind(id byte) []byte { return message(id, []byte{0x42, 0}) }

func result(id, tag, code byte) []byte {
	return message(id, tlv(tag, []byte{0x0a, 1, code}, text(""), text("")))
}

// search asks in one of a few ways, as applications do.
func search(id byte, way, who int) []byte {
	equal := func(attr string) []byte { return tlv(0xa3, text("%s", attr), text("u%03d", who)) }
	filters := [...][]byte{
		equal("uid"),
		tlv(0xa0, tlv(0xa3, text("objectClass"), text("person")), equal("sAMAccountName")),
		tlv(0xa1, equal("mail"), equal("cn"), equal("sn")),
		tlv(0x87, []byte("objectClass")),
	}
	return message(id, tlv(0x63, text("ou=people,dc=load,dc=test"), []byte{0x0a, 1, 2, 0x0a, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0},
		filters[way], tlv(0x30, text("cn"), text("mail"), text("memberOf"))))
}

// entry is an answer of about so many octets.
func entry(id byte, who, size int) []byte {
	attr := func(name string, value []byte) []byte { return tlv(0x30, text("%s", name), tlv(0x31, tlv(4, value))) }
	return message(id, tlv(0x64, text("uid=u%03d,ou=people,dc=load,dc=test", who),
		tlv(0x30, attr("cn", fmt.Appendf(nil, "User %d", who)), attr("description", filler[:size]))))
}
