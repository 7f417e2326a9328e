package detect

import (
	"slices"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode"
)

func TestConnectionsEnd(t *testing.T) {
	closeBoth := func(k *talk) {
		k.segment(0, decode.FIN|decode.ACK, nil)
		k.segment(1, decode.FIN|decode.ACK, nil)
		k.segment(0, decode.ACK, nil)
	}
	t.Run("a second after both ends said so", func(t *testing.T) {
		k := newTalk(t, Config{}).open()
		k.asks(simple(1, who, secret))
		k.answers(bound(1, 0))
		closeBoth(k)
		k.wait(500 * time.Millisecond)
		if n := k.e.Counts().OpenConnections; n != 1 {
			t.Errorf("%d connections, too early", n)
		}
		k.wait(time.Second)
		if c := k.e.Counts(); c.OpenConnections != 0 || c.Connections[None] != 1 {
			t.Errorf("%d connections are open, %d ended", c.OpenConnections, c.Connections[None])
		}
	})
	t.Run("a minute after a SYN that nothing followed", func(t *testing.T) {
		k := newTalk(t, Config{})
		for i := range 500 {
			k.client.Port = uint16(2000 + i)
			k.segment(0, decode.SYN, nil)
		}
		k.wait(2 * time.Minute)
		if c := k.e.Counts(); c.OpenConnections != 0 || c.OtherConns != 500 {
			t.Errorf("%d connections are open, %d ended", c.OpenConnections, c.OtherConns)
		}
	})
	t.Run("not by a reset that the ends do not believe", func(t *testing.T) {
		k := newTalk(t, Config{}).open()
		k.asks(simple(1, who, secret))
		k.answers(bound(1, 0))
		k.segment(1, decode.RST, nil)
		k.asks(searchRequest(2, "dc=x", 2))
		k.answers(done(2, 0))
		k.wait(10 * time.Second)
		k.asks(searchRequest(3, "dc=y", 2))
		got := k.end()
		if len(got) != 3 || got[2].User != who {
			t.Errorf("told %+v", got)
		}
	})
	t.Run("when their ports are used again", func(t *testing.T) {
		k := newTalk(t, Config{}).open()
		k.asks(simple(1, who, secret))
		k.answers(bound(1, 0))
		k.seq = [2]uint32{700000, 800000}
		k.open()
		k.asks(searchRequest(1, "dc=x", 2))
		k.answers(done(1, 0))
		got := k.end()
		if !slices.Equal(told(got), []string{"cleartext-bind", "cleartext-search"}) || got[1].User != "" {
			t.Errorf("told %+v", got)
		}
	})
}

// A mirror of two ports delivers every packet twice, the copies sometimes only
// after the connection is over.
func TestSecondCopiesTellNothingNew(t *testing.T) {
	for name, late := range map[string]bool{"each behind its first": false, "all behind the last": true} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{})
			var copies []func()
			play := func(side int, flags decode.Flags, payload []byte) {
				at := k.seq
				k.segment(side, flags, payload)
				again := func() {
					now := k.seq
					k.seq = at
					k.segment(side, flags, payload)
					k.seq = now
				}
				if late {
					copies = append(copies, again)
				} else {
					again()
				}
			}
			play(0, decode.SYN, nil)
			play(1, decode.SYN|decode.ACK, nil)
			play(0, decode.ACK, simple(1, who, secret))
			play(1, decode.ACK, bound(1, 0))
			play(0, decode.ACK, searchRequest(2, "dc=x", 2))
			play(1, decode.ACK, entry(2, "cn=a", "cn"))
			play(1, decode.ACK, done(2, 0))
			play(0, decode.ACK, unbind(3))
			play(0, decode.FIN|decode.ACK, nil)
			play(1, decode.FIN|decode.ACK, nil)
			for _, again := range copies {
				again()
			}
			got := k.end()
			if !slices.Equal(told(got), []string{"cleartext-bind", "cleartext-search"}) || got[1].Search.Entries != 1 {
				t.Errorf("told %+v", got)
			}
			if c := k.e.Counts(); c.Connections[None] != 1 {
				t.Errorf("counted %d connections", c.Connections[None])
			}
		})
	}
}

func TestDatagrams(t *testing.T) {
	send := func(k *talk, fromServer bool, b []byte) {
		k.p.Order++
		k.p.Number++
		k.p.Time = k.p.Time.Add(time.Millisecond)
		seg := decode.Segment{Src: k.client, Dst: k.serv, Proto: decode.UDP, Payload: b}
		if fromServer {
			seg.Src, seg.Dst = k.serv, k.client
		}
		k.e.Observe(&k.p, &seg)
		k.alerts = k.e.Take(k.alerts)
	}
	t.Run("the DC locator is no finding", func(t *testing.T) {
		k := newTalk(t, Config{})
		send(k, false, searchRequest(1, "", 0, "NetLogon"))
		send(k, true, append(entry(1, "", "netlogon"), done(1, 0)...))
		if got := k.end(); len(got) != 0 {
			t.Errorf("told %v", told(got))
		}
	})
	t.Run("a search is, once for its second copy", func(t *testing.T) {
		k := newTalk(t, Config{})
		send(k, false, searchRequest(1, "dc=x", 2))
		send(k, false, searchRequest(1, "dc=x", 2))
		send(k, true, append(entry(1, "cn=a,dc=x", "cn"), done(1, 0)...))
		got := k.end()
		if len(got) != 1 || got[0].Proto != decode.UDP || got[0].Outcome != Success || got[0].Search.Entries != 1 {
			t.Errorf("told %+v", got)
		}
	})
}
