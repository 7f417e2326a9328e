package detect

import (
	"runtime"
	"testing"
	"time"
	"unsafe"
)

// BenchmarkIdleConnections holds a million connections that searched once:
//
//	go test -run '^$' -bench IdleConnections -benchtime 1x ./detect
func BenchmarkIdleConnections(b *testing.B) {
	const connections = 1_000_000
	for b.Loop() {
		k := newTalk(nil, Config{RepeatInterval: -1, MaxFlows: connections})
		before := inUse()
		k.step = time.Microsecond // a million within the eight hours of silence
		idle(k, connections, func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 0))
			k.asks(searchRequest(2, "dc=x", 2, "cn"))
			k.answers(done(2, 0))
		})
		open, used := k.e.Counts().OpenConnections, inUse()-before
		if open != connections {
			b.Fatalf("%d connections are followed", open)
		}
		runtime.KeepAlive(k)
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(used)/connections, "B/connection")
		b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-of-the-system")
	}
}

// inUse gives the octets that are in use, and nothing that waits to be collected.
func inUse() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// idle opens n connections of a few hosts, lets each say something, and leaves
// them silent.
func idle(k *talk, n int, say func(*talk)) {
	for i := range n {
		k.client.Addr[15], k.client.Port = byte(i&15), uint16(1024+i>>4)
		k.seq = [2]uint32{uint32(i), uint32(i)}
		k.open()
		say(k)
		k.alerts = k.alerts[:0]
	}
}

// TestIdleConnectionIsBounded holds the bound: 2 KiB for a connection that
// waits for nothing, whatever it has done before.
func TestIdleConnectionIsBounded(t *testing.T) {
	const connections, most = 5_000, 2 << 10
	t.Logf("a session takes %d octets", unsafe.Sizeof(session{}))
	big := entry(2, "cn=photo,dc=x", "jpegPhoto;"+string(make([]byte, 5000)))
	for name, say := range map[string]func(*talk){
		"opened": func(*talk) {},
		"bound, and searched": func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 0))
			k.asks(searchRequest(2, "dc=x", 2, "cn"))
			k.answers(big[:1448], big[1448:2896], big[2896:], done(2, 0))
		},
		"asked a hundred things at once": func(k *talk) {
			for id := range byte(100) {
				k.asks(searchRequest(id+1, "dc=x", 2, "cn"))
			}
			for id := range byte(100) {
				k.answers(done(id+1, 0))
			}
		},
		"bound by SASL": func(k *talk) {
			k.asks(saslBind(1, "CRAM-MD5", nil))
			k.answers(result(1, 0x61, 14, ""))
			k.asks(saslBind(2, "CRAM-MD5", []byte("app 0123456789abcdef0123456789abcdef")))
			k.answers(bound(2, 0))
			k.asks(searchRequest(3, "dc=x", 2))
			k.answers(done(3, 0))
		},
		"lost a segment, and found it": func(k *talk) {
			ask := searchRequest(2, "dc=x", 2, "cn")
			before := k.seq[0]
			k.drops(0, len(ask))
			k.asks(searchRequest(3, "dc=x", 2))
			after := k.seq[0]
			k.seq[0] = before
			k.asks(ask)
			k.seq[0] = after
			k.answers(done(2, 0), done(3, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{RepeatInterval: -1})
			before := inUse()
			idle(k, connections, say)
			each := (inUse() - before) / connections
			t.Logf("%d octets a connection", each)
			if open := k.e.Counts().OpenConnections; open < connections/2 {
				t.Fatalf("%d connections are followed", open)
			}
			if each > most {
				t.Errorf("%d octets a connection, more than %d", each, most)
			}
			runtime.KeepAlive(k)
		})
	}
}
