package detect

import (
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode"
)

// TestOthersFramesAreNoEvidence gives a hole up while another connection's frame
// is at hand: its addresses and VLAN belong to that one.
func TestOthersFramesAreNoEvidence(t *testing.T) {
	k := newTalk(t, Config{}).open()
	k.drops(0, 100)
	k.asks(simple(1, who, secret))
	k.p.Time = k.p.Time.Add(time.Second)
	other := decode.Segment{
		Src: endpoint("10.0.0.8:40000"), Dst: endpoint("10.0.0.9:389"), Proto: decode.TCP, Flags: decode.SYN,
		VLAN: 7, SrcMAC: [6]byte{2, 0, 0, 0, 0, 8}, DstMAC: [6]byte{2, 0, 0, 0, 0, 9},
	}
	k.e.Observe(&k.p, &other)
	for range 3 {
		k.wait(time.Second)
	}
	alerts := k.end()
	if len(alerts) != 1 || alerts[0].Client != k.client.AddrPort() {
		t.Fatalf("told %+v", alerts)
	}
	if a := alerts[0]; a.VLAN != 0 || a.ClientMAC != [6]byte{} || a.ServerMAC != [6]byte{} {
		t.Errorf("VLAN %d, client %x, server %x", a.VLAN, a.ClientMAC, a.ServerMAC)
	}
}
