package decode

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// fragmentsOf cuts an IP packet into fragments of n octets, of ID 77.
func fragmentsOf(packet []byte, n int) (parts [][]byte) {
	size := map[byte]int{4: 20, 6: 40}[packet[0]>>4]
	for off := size; off < len(packet); off += n {
		end := min(off+n, len(packet))
		parts = append(parts, fragmentOf(packet, off-size, end-size, end < len(packet)))
	}
	return parts
}

// fragmentOf gives the fragment of the octets from off to end behind the header.
func fragmentOf(packet []byte, off, end int, more bool) []byte {
	if packet[0]>>4 == 6 {
		head, field := slices.Clone(packet[:40]), uint16(off)
		if more {
			field |= 1
		}
		ext := []byte{head[6], 0, byte(field >> 8), byte(field), 0, 0, 0, 77}
		head[6] = 44
		binary.BigEndian.PutUint16(head[4:], uint16(8+end-off))
		return slices.Concat(head, ext, packet[40+off:40+end])
	}
	head, field := slices.Clone(packet[:20]), uint16(off/8)
	if more {
		field |= 0x2000
	}
	binary.BigEndian.PutUint16(head[2:], uint16(20+end-off))
	binary.BigEndian.PutUint16(head[4:], 77)
	binary.BigEndian.PutUint16(head[6:], field)
	return slices.Concat(head, packet[20+off:20+end])
}

// reader feeds raw IP packets to one Packets.
type reader struct {
	p   Packets
	seg Segment
	now time.Time
}

func (r *reader) read(packet []byte) Reason {
	return r.p.Decode(&Frame{Link: 101, Data: packet, WireLen: len(packet), Time: r.now}, &r.seg)
}

// expect reads the packets; want has the first letters of their reasons: f for
// a fragment kept, o for OK, b for a bad header.
func (r *reader) expect(t *testing.T, want string, packets ...[]byte) {
	t.Helper()
	var got strings.Builder
	for _, packet := range packets {
		got.WriteByte(r.read(packet).String()[0])
	}
	if got.String() != want {
		t.Fatalf("gave %s, want %s", got.String(), want)
	}
}

func (r *reader) stats(t *testing.T, want PacketStats) {
	t.Helper()
	if got := r.p.Stats(); got != want {
		t.Errorf("stats are\n%+v, want\n%+v", got, want)
	}
}

func TestFragments(t *testing.T) {
	for _, in := range inners() {
		parts := fragmentsOf(octets(t, in.hex), 16)
		last := len(parts) - 1
		backwards := slices.Clone(parts)
		slices.Reverse(backwards)
		twice := slices.Concat(parts[:last], parts[:last], parts[last:])
		for order, parts := range map[string][][]byte{"in order": parts, "backwards": backwards, "parts repeated": twice} {
			t.Run(in.name+" "+order, func(t *testing.T) {
				var r reader
				r.expect(t, strings.Repeat("f", len(parts)-1)+"o", parts...)
				if !reflect.DeepEqual(r.seg, in.want) {
					t.Errorf("gave\n%+v\nwant\n%+v", r.seg, in.want)
				}
				r.stats(t, PacketStats{Completed: 1})
			})
		}
	}
}

func TestFragmentsInAndOfTunnels(t *testing.T) {
	outer := octets(t, outer4("11"), vxlan, innerMACs, "0800", tcp4)
	inner := fragmentsOf(octets(t, tcp4), 16)
	wrapped := func(part []byte) []byte {
		return append(octets(t, strings.Replace(outer4("2f"), "len+2", "0000", 1), "0000 0800"), part...)
	}
	for name, parts := range map[string][][]byte{
		"of the tunnel's packets": fragmentsOf(outer, 40),
		"inside a tunnel":         {wrapped(inner[0]), wrapped(inner[1]), wrapped(inner[2]), wrapped(inner[3])},
		"of both":                 slices.Concat(both(t, inner[0]), both(t, inner[1]), both(t, inner[2]), both(t, inner[3])),
	} {
		t.Run(name, func(t *testing.T) {
			var r reader
			for i, part := range parts {
				r.now = r.now.Add(repeatWindow) // the outer fragments all have one ID
				if why := r.read(part); (why == OK) != (i == len(parts)-1) {
					t.Fatalf("part %d of %d: %s", i, len(parts), why)
				}
			}
			if !reflect.DeepEqual(r.seg, inners()[0].want) {
				t.Errorf("gave\n%+v\nwant\n%+v", r.seg, inners()[0].want)
			}
		})
	}
}

// both cuts a fragment again, in a packet around it.
func both(t *testing.T, part []byte) [][]byte {
	return fragmentsOf(octets(t, outer4("04"), hex.EncodeToString(part)), 24)
}

func TestAMirrorsSecondCopiesBeginNoDatagram(t *testing.T) {
	var r reader
	p := fragmentsOf(octets(t, tcp4), 32)
	r.expect(t, "ffof", p[0], p[0], p[1], p[1])
	r.stats(t, PacketStats{Completed: 1})
	r.now = r.now.Add(repeatWindow)
	r.expect(t, "fo", p[0], p[1]) // the ID was used again
	r.stats(t, PacketStats{Completed: 2})
}

func TestTwoDatagramsOfOneID(t *testing.T) {
	var r, whole reader
	first, second := octets(t, tcp4), octets(t, tcp4)
	copy(second[len(second)-20:], strings.ToUpper(payload))
	second[27]++ // its sequence number
	whole.expect(t, "o", second)
	a, b := fragmentsOf(first, 32), fragmentsOf(second, 32)
	r.expect(t, "ffoffofff", a[0], a[0], a[1], a[1], b[0], b[1], b[0], b[1], a[0])
	r = reader{}
	r.expect(t, "fofo", a[0], a[1], b[0], b[1])
	if !reflect.DeepEqual(r.seg, whole.seg) {
		t.Errorf("gave\n%+v\nwant\n%+v", r.seg, whole.seg)
	}
	r.stats(t, PacketStats{Completed: 2})
}

func TestOverlappingIPv4FragmentsKeepWhatCameFirst(t *testing.T) {
	packet := octets(t, udp4)
	other := bytes.Clone(packet)
	copy(other[28:], strings.ToUpper(payload))
	for name, c := range map[string]struct {
		parts [][]byte
		want  string
	}{
		"the beginning again": {[][]byte{fragmentOf(packet, 0, 16, true), fragmentOf(other, 8, 28, false)}, "an LDAP MESSAGE, SAY"},
		"around an island": {[][]byte{fragmentOf(packet, 8, 16, true), fragmentOf(other, 0, 24, true), fragmentOf(other, 24, 28, false)},
			"an LDAP MESSAGE, SAY"},
		"around two islands": {[][]byte{fragmentOf(packet, 8, 16, true), fragmentOf(packet, 24, 28, false), fragmentOf(other, 0, 24, true)},
			"an LDAP MESSAGE, say"},
	} {
		t.Run(name, func(t *testing.T) {
			var r reader
			r.expect(t, strings.Repeat("f", len(c.parts)-1)+"o", c.parts...)
			if got := string(r.seg.Payload); got != c.want {
				t.Errorf("gave %q, want %q", got, c.want)
			}
		})
	}
}

func TestOverlappingIPv6FragmentsDropTheDatagram(t *testing.T) {
	packet := octets(t, udp6)
	other := bytes.Clone(packet)
	copy(other[48:], strings.ToUpper(payload))
	var r reader
	r.expect(t, "fbff", fragmentOf(packet, 0, 16, true), fragmentOf(packet, 8, 28, false), fragmentOf(packet, 16, 28, false), fragmentOf(packet, 0, 16, true))
	r.stats(t, PacketStats{Dropped: 1})
	var s reader
	s.expect(t, "fbf", fragmentOf(packet, 0, 16, true), fragmentOf(other, 0, 16, true), fragmentOf(packet, 16, 28, false))
	s.stats(t, PacketStats{Dropped: 1})
}

func TestPartsOfAnIPv6DatagramMayDifferInTheirNextHeader(t *testing.T) {
	var r reader
	parts := fragmentsOf(octets(t, udp6), 16)
	parts[1][40] = 6
	r.expect(t, "fo", parts[1], parts[0])
	if !reflect.DeepEqual(r.seg, inners()[3].want) {
		t.Errorf("gave %+v", r.seg)
	}
}

func TestFragmentsThatContradictEachOther(t *testing.T) {
	p := octets(t, tcp4)
	for name, parts := range map[string][][]byte{
		"two ends":                     {fragmentOf(p, 16, 24, false), fragmentOf(p, 16, 32, false)},
		"two ends, the later earlier":  {fragmentOf(p, 16, 32, false), fragmentOf(p, 16, 24, false)},
		"an end before another part":   {fragmentOf(p, 24, 32, true), fragmentOf(p, 8, 16, false)},
		"a part behind the end":        {fragmentOf(p, 8, 16, false), fragmentOf(p, 16, 24, true)},
		"a part that reaches past it":  {fragmentOf(p, 16, 20, false), fragmentOf(p, 16, 24, true)},
		"more to come behind the last": {fragmentOf(p, 16, 52, false), fragmentOf(p, 16, 56, true)},
	} {
		t.Run(name, func(t *testing.T) {
			var r reader
			r.expect(t, "fb", parts...)
			r.stats(t, PacketStats{Dropped: 1})
		})
	}
}

func TestFragmentsOfNoDatagram(t *testing.T) {
	p := octets(t, tcp4)
	far := fragmentOf(p, 0, 24, true)
	binary.BigEndian.PutUint16(far[6:], 0x3fff)
	for name, part := range map[string][]byte{
		"empty":                     fragmentOf(p, 16, 16, true),
		"not a multiple of eight":   fragmentOf(p, 16, 23, true),
		"beyond what a length says": far,
	} {
		t.Run(name, func(t *testing.T) {
			var r reader
			r.expect(t, "b", part)
			r.stats(t, PacketStats{Refused: 1})
		})
	}
	t.Run("cut by the snap length", func(t *testing.T) {
		var r reader
		part := fragmentOf(p, 0, 32, true)
		r.expect(t, "t", part[:len(part)-1])
		r.stats(t, PacketStats{Refused: 1})
	})
}

// TestFragmentsOfOddLength: Linux puts these together, and tells its application
// what a sensor must not miss.
func TestFragmentsOfOddLength(t *testing.T) {
	p := octets(t, tcp4)
	var r, whole reader
	whole.expect(t, "o", p)
	r.expect(t, "ffo", fragmentOf(p, 0, 23, true), fragmentOf(p, 16, 35, true), fragmentOf(p, 32, len(p)-20, false))
	if !reflect.DeepEqual(r.seg, whole.seg) {
		t.Errorf("gave\n%+v\nwant\n%+v", r.seg, whole.seg)
	}
	var r6 reader
	r6.expect(t, "b", fragmentOf(octets(t, tcp6), 0, 23, true)) // RFC 8200 4.5: nobody does
}

func TestFragmentsAreForgotten(t *testing.T) {
	parts := fragmentsOf(octets(t, tcp4), 32)
	t.Run("when they are too old", func(t *testing.T) {
		var r reader
		r.now = time.Unix(1000, 0)
		r.expect(t, "f", parts[0])
		r.now = r.now.Add(fragmentTimeout)
		r.expect(t, "f", parts[1])
		r.stats(t, PacketStats{Datagrams: 1, HeldBytes: 20 + spanSize, Dropped: 1})
	})
	t.Run("when the next capture begins earlier", func(t *testing.T) {
		var r reader
		r.now = time.Unix(1000, 0)
		r.expect(t, "f", parts[0])
		r.now = r.now.Add(-fragmentTimeout)
		r.expect(t, "f", parts[1])
		r.stats(t, PacketStats{Datagrams: 1, HeldBytes: 20 + spanSize, Dropped: 1})
	})
	t.Run("when there are too many datagrams", func(t *testing.T) {
		var r reader
		for id := range 4 * maxDatagrams {
			binary.BigEndian.PutUint16(parts[0][4:], uint16(id))
			r.read(parts[0])
		}
		r.stats(t, PacketStats{Datagrams: maxDatagrams, HeldBytes: maxDatagrams * (32 + spanSize), Dropped: 3 * maxDatagrams, Overruns: 3 * maxDatagrams})
	})
	t.Run("when they take too much memory", func(t *testing.T) {
		var r reader
		big := fragmentOf(append(octets(t, tcp4), make([]byte, 60000)...), 0, 60000, true)
		for id := range maxDatagrams {
			binary.BigEndian.PutUint16(big[4:], uint16(id))
			r.read(big)
		}
		const fit = maxFragmentHeld / (60000 + spanSize)
		r.stats(t, PacketStats{Datagrams: fit, HeldBytes: fit * (60000 + spanSize), Dropped: maxDatagrams - fit, Overruns: maxDatagrams - fit})
	})
	t.Run("when they are too small", func(t *testing.T) {
		var r reader
		for _, part := range fragmentsOf(append(octets(t, tcp4), make([]byte, 60000)...), 8) {
			r.read(part)
		}
		r.stats(t, PacketStats{Dropped: 1})
	})
}

// Memory stays bounded however datagrams come and go behind a slow one.
func TestASlowDatagramDoesNotKeepTheOthers(t *testing.T) {
	var r reader
	parts := fragmentsOf(octets(t, tcp4), 32)
	r.expect(t, "f", parts[0])
	for id := range 10 * maxDatagrams {
		for _, part := range parts {
			binary.BigEndian.PutUint16(part[4:], uint16(1000+id))
			r.read(part)
		}
	}
	if n := len(r.p.fragments.index); n > maxDatagrams {
		t.Errorf("%d datagrams are remembered", n)
	}
	r.stats(t, PacketStats{Completed: 10 * maxDatagrams, Dropped: 1, Overruns: 1})
}

func TestADatagramIsWipedOnceItIsRead(t *testing.T) {
	var r reader
	parts := fragmentsOf(octets(t, tcp4), 32)
	r.expect(t, "fo", parts...)
	lent := r.seg.Payload
	r.expect(t, "t", nil)
	if !bytes.Equal(lent, make([]byte, len(lent))) {
		t.Error("its octets are still there")
	}
}

// Whatever the order, overlaps and repeats of the parts of one datagram: what is
// put together of true parts is the truth, and memory stays within its bounds.
func FuzzFragments(f *testing.F) {
	f.Add(false, []byte{0, 2, 1, 2, 2, 1, 4, 3, 0})
	f.Add(true, []byte{4, 3, 0, 0, 2, 1, 2, 2, 1})
	f.Add(false, []byte{0, 4, 1, 1, 2, 1, 3, 9, 0})
	truth := make([]byte, 256*8+255)
	for i := range truth {
		truth[i] = byte(i / 8 * 7)
	}
	f.Fuzz(func(t *testing.T, v6 bool, script []byte) {
		var fr fragments
		now := time.Unix(1000, 0)
		for ; len(script) >= 3; script = script[3:] {
			off, size, flags := int(script[0])*8, int(script[1]), script[2]
			more := flags&1 != 0
			if more {
				size *= 8
			}
			data := truth[min(off, len(truth)):min(off+size, len(truth))]
			now = now.Add(time.Duration(flags>>4) * time.Second)
			fr.release()
			_, whole, why := fr.add(fragmentKey{id: uint32(flags >> 1 & 3), v6: v6}, part{off: off, more: more, data: data}, now)
			if why == OK && !bytes.Equal(whole, truth[:len(whole)]) {
				t.Fatal("put together what was not sent")
			}
			if s := fr.stats; s.Datagrams < 0 || s.Datagrams > 4 || s.HeldBytes < 0 || s.HeldBytes > maxFragmentHeld {
				t.Fatalf("%+v", s)
			}
		}
	})
}
