package detect

import (
	"runtime"
	"testing"
)

// TestAnIdleConnectionCostsLittle holds the memory of open connections that
// have bound, searched, and fallen silent against what DESIGN promises: 2 KiB each.
func TestAnIdleConnectionCostsLittle(t *testing.T) {
	const connections, most = 100_000, 2 << 10
	k := newTalk(t, Config{RepeatInterval: -1})
	k.open()
	k.asks(simple(1, who, secret))
	k.answers(bound(1, 0))
	before := inUse()
	server := k.serv
	for i := range connections {
		k.client.Addr[14], k.client.Addr[15] = byte(i>>8)%4, byte(i) // a thousand clients
		k.serv, k.client.Port, k.seq = server, uint16(1024+i/1024), [2]uint32{1000, 9000}
		k.open()
		k.asks(simple(1, who, secret))
		k.answers(bound(1, 0))
		k.asks(searchRequest(2, "dc=x", 2))
		k.answers(done(2, 0))
	}
	k.alerts = nil
	each := (inUse() - before) / connections
	if open := k.e.Counts().OpenConnections; open < connections {
		t.Fatalf("%d connections are open", open)
	}
	t.Logf("%d octets a connection", each)
	if each > most {
		t.Errorf("%d octets a connection, more than %d", each, most)
	}
	runtime.KeepAlive(k)
}
