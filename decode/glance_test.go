package decode

import "testing"

// agrees holds a glance against the whole reading.
func agrees(t *testing.T, link uint16, data []byte, wire int) (seen bool) {
	t.Helper()
	g, ok := Glance(link, data)
	if !ok {
		if g.Src != 0 || g.Dst != 0 || g.hosts != nil {
			t.Errorf("%+v of a frame that was not understood", g)
		}
		return false
	}
	var p Packets
	var seg Segment
	if why := p.Decode(&Frame{Link: link, Data: data, WireLen: wire}, &seg); why != OK {
		t.Errorf("%x is %s", data, why)
	} else if seg.Src.Port != g.Src || seg.Dst.Port != g.Dst || seg.Shard() != g.Shard() {
		t.Errorf("%+v in shard %d, and Decode says %d and %d, shard %d", g, g.Shard(), seg.Src.Port, seg.Dst.Port, seg.Shard())
	}
	return true
}

func TestGlance(t *testing.T) {
	plain := map[string]bool{"Ethernet": true, "802.1Q": true, "802.1Q with a priority only, then a VLAN": true, "802.1ad": true}
	for _, w := range allWrappings() {
		for _, in := range inners() {
			t.Run(w.name+"/"+in.name, func(t *testing.T) {
				frame, _ := w.around(t, in)
				if seen := agrees(t, w.link, frame, len(frame)); seen != plain[w.name] {
					t.Errorf("seen %v", seen)
				}
				for n := range frame { // cut anywhere, by the snap length and by nobody
					agrees(t, w.link, frame[:n], len(frame))
					agrees(t, w.link, frame[:n], n)
				}
				for i := range frame { // every octet as small and as large as can be, and the next
					for _, c := range []byte{0, 1, frame[i] + 1, frame[i] ^ 0x80, 0xff} {
						was := frame[i]
						frame[i] = c
						agrees(t, w.link, frame, len(frame))
						frame[i] = was
					}
				}
			})
		}
	}
}

func TestGlanceLeavesTunnelsAlone(t *testing.T) {
	for _, port := range []string{"12b5", "2118", "17c1"} {
		frame := octets(t, macs, "0800", `45 00 0024 1234 4000 40 11 0000 0a000007 0a000005 c74e`, port, `0010 0000 08000000 00002a00`)
		if _, ok := Glance(1, frame); ok {
			t.Errorf("a tunnel on port %s was taken for what it is not", port)
		}
	}
}

func TestGlanceAllocatesNothing(t *testing.T) {
	frame := octets(t, macs, "0800", tcp4)
	if n := testing.AllocsPerRun(100, func() { Glance(1, frame) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzGlance(f *testing.F) {
	for _, w := range allWrappings() {
		for _, in := range inners() {
			frame, _ := w.around(f, in)
			f.Add(w.link, uint16(0), frame)
			f.Add(w.link, uint16(7), frame[:len(frame)-7])
		}
	}
	f.Fuzz(func(t *testing.T, link, missing uint16, data []byte) { agrees(t, link, data, len(data)+int(missing)) })
}

func BenchmarkGlance(b *testing.B) {
	for name, frame := range map[string][]byte{"IPv4TCP": octets(b, macs, "0800", tcp4), "VLANIPv6TCP": octets(b, macs, "8100 000a 86dd", tcp6)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := Glance(1, frame); !ok {
					b.Fatal("not understood")
				}
			}
		})
	}
}
