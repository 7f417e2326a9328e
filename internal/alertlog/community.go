package alertlog

import (
	"crypto/sha1" //nolint:gosec // the Community ID specification says SHA-1; nothing is protected by it
	"encoding/base64"
	"encoding/binary"
	"net/netip"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

// communityID gives the Community ID, version 1 with seed 0, of the connection
// as it was on the wire, so that it joins with what Zeek, Suricata and others
// say of the same flow.
func communityID(a *detect.Alert) string {
	src, dst := a.Client, a.Server
	if a.Balancer.IsValid() {
		src = a.Balancer
	}
	if dst.Compare(src) < 0 {
		src, dst = dst, src
	}
	proto := byte(6)
	if a.Proto == decode.UDP {
		proto = 17
	}
	var buf [2 + 16 + 16 + 2 + 4]byte
	b := append(buf[:0], 0, 0)
	b = appendAddr(appendAddr(b, src.Addr()), dst.Addr())
	b = append(b, proto, 0)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, src.Port()), dst.Port())
	sum := sha1.Sum(b) //nolint:gosec // see the import
	return "1:" + base64.StdEncoding.EncodeToString(sum[:])
}

func appendAddr(b []byte, a netip.Addr) []byte {
	if a.Is4() {
		v4 := a.As4()
		return append(b, v4[:]...)
	}
	v6 := a.As16()
	return append(b, v6[:]...)
}
