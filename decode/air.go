package decode

import "encoding/binary"

// radiotap steps over what the receiver says of a frame in the air
// (LINKTYPE_IEEE802_11_RADIOTAP). One bit of it matters here: whether the frame's
// header is padded.
func (h *headers) radiotap(b []byte) Reason {
	if len(b) < 8 {
		return Truncated
	}
	size := int(binary.LittleEndian.Uint16(b[2:]))
	switch {
	case size < 8:
		return BadHeader
	case size > len(b):
		return Truncated
	}
	return h.air(b[size:], radiotapFlags(b[:size])&radiotapPadded != 0)
}

const (
	radiotapTSFT   = 1 << 0 // fields that are there
	radiotapFlag   = 1 << 1
	radiotapMore   = 1 << 31 // another word of them follows
	radiotapPadded = 0x20    // in the field of flags
)

// radiotapFlags gives the field of flags: the second one, behind a time of eight
// octets that lies at a multiple of them.
func radiotapFlags(b []byte) byte {
	present := binary.LittleEndian.Uint32(b[4:])
	at := 8
	for word := present; word&radiotapMore != 0 && len(b) >= at+4; at += 4 {
		word = binary.LittleEndian.Uint32(b[at:])
	}
	if present&radiotapTSFT != 0 {
		at = (at+7)&^7 + 8
	}
	if present&radiotapFlag == 0 || at >= len(b) {
		return 0
	}
	return b[at]
}

// What the first two octets of a frame in the air say (IEEE 802.11 9.2.4.1).
const (
	airType      = 0x0c // of the first
	airData      = 0x08
	airNoData    = 0x40
	airQoS       = 0x80
	airToDS      = 0x01 // of the second
	airFromDS    = 0x02
	airMore      = 0x04
	airProtected = 0x40
	airOrder     = 0x80
)

// air reads a frame of IEEE 802.11 that carries data nobody has encrypted, not in
// fragments and not several in one (A-MSDU).
func (h *headers) air(b []byte, padded bool) Reason {
	if len(b) < 24 {
		return Truncated
	}
	first, second := b[0], b[1]
	if first&airType != airData || first&airNoData != 0 || second&airProtected != 0 {
		return NotIP
	}
	if second&airMore != 0 || b[22]&0xf != 0 {
		return Fragment
	}
	size := 24
	dst, src := 4, 10
	switch second & (airToDS | airFromDS) {
	case airToDS:
		dst = 16
	case airFromDS:
		src = 16
	case airToDS | airFromDS:
		dst, src, size = 16, 24, 30
	}
	if first&airQoS != 0 {
		if size += 2; len(b) < size {
			return Truncated
		}
		if b[size-2]&0x80 != 0 {
			return NotIP
		}
		if second&airOrder != 0 {
			size += 4
		}
	}
	if padded {
		size = (size + 3) &^ 3
	}
	if len(b) < size {
		return Truncated
	}
	if !h.inner {
		copy(h.seg.DstMAC[:], b[dst:])
		copy(h.seg.SrcMAC[:], b[src:])
	}
	return h.snap(b[size:])
}
