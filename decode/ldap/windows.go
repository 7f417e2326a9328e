package ldap

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// windowsValue gives a value of the DC locator's filter (MS-ADTS 6.3.3), or a
// security identifier, in the words of Zeek's logs and Wireshark; "": it is
// told as it is.
func windowsValue(attr, value []byte) string {
	switch string(attr) {
	case "NtVer":
		if len(value) == 4 {
			return fmt.Sprintf("0x%08x", binary.LittleEndian.Uint32(value))
		}
	case "DomainGuid":
		if len(value) == 16 {
			return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(value), binary.LittleEndian.Uint16(value[4:]),
				binary.LittleEndian.Uint16(value[6:]), value[8:10], value[10:])
		}
	case "DomainSid":
		return sidString(value)
	case "objectSid", "AAC":
		var b strings.Builder
		for i, c := range value {
			if i > 0 {
				b.WriteByte(':')
			}
			fmt.Fprintf(&b, "%02x", c)
		}
		return b.String()
	}
	return ""
}

// sidString gives a security identifier (MS-DTYP 2.4.2) as S-1-5-…; "": it is
// none.
func sidString(b []byte) string {
	if len(b) < 8 || len(b) != 8+4*int(b[1]) {
		return ""
	}
	authority := uint64(binary.BigEndian.Uint16(b[2:]))<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	text := fmt.Appendf(nil, "S-%d-%d", b[0], authority)
	for rest := b[8:]; len(rest) > 0; rest = rest[4:] {
		text = fmt.Appendf(text, "-%d", binary.LittleEndian.Uint32(rest))
	}
	return string(text)
}
