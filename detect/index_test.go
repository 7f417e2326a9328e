package detect

import (
	"math/rand/v2"
	"testing"

	"github.com/clearbind/clearbind/decode"
)

// keyOfNumber gives keys as a scan of a network makes them: hosts and ports in a row.
func keyOfNumber(n int) decode.FlowKey {
	k := decode.FlowKey{Proto: decode.TCP}
	k.Lo = decode.Endpoint{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 10, 14: byte(n >> 16), 15: byte(n >> 8)}, Port: uint16(40000 + n&0xff)}
	k.Hi = decode.Endpoint{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 1}, Port: 389}
	return k
}

// TestIndexIsAMap holds the index against a map, through everything a table of
// flows does to it.
func TestIndexIsAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var x flowIndex
	want := map[decode.FlowKey]*session{}
	for range 200_000 {
		key := keyOfNumber(r.IntN(20_000))
		if s := x.find(&key); s != want[key] {
			t.Fatalf("found %p, the map has %p", s, want[key])
		}
		switch s := want[key]; {
		case s == nil:
			s = &session{key: key}
			want[key] = s
			x.add(s)
		case r.IntN(3) == 0:
			delete(want, key)
			x.remove(s)
		}
		if x.used != len(want) {
			t.Fatalf("%d sessions, the map has %d", x.used, len(want))
		}
	}
	for key, s := range want {
		x.remove(s)
		if x.find(&key) != nil {
			t.Fatal("found after it was removed")
		}
	}
}

// Every part of a key counts, and none of its order.
func TestIndexTellsKeysApart(t *testing.T) {
	var x flowIndex
	key := keyOfNumber(1)
	x.add(&session{key: key})
	for i := range 16 {
		for _, change := range []func(*decode.FlowKey){
			func(k *decode.FlowKey) { k.Lo.Addr[i]++ }, func(k *decode.FlowKey) { k.Hi.Addr[i]++ },
			func(k *decode.FlowKey) { k.Lo.Port++ }, func(k *decode.FlowKey) { k.Hi.Port++ },
			func(k *decode.FlowKey) { k.Proto = decode.UDP }, func(k *decode.FlowKey) { k.Lo, k.Hi = k.Hi, k.Lo },
		} {
			other := key
			change(&other)
			if x.find(&other) != nil || x.hash(&other) == x.hash(&key) {
				t.Fatalf("%+v is taken for %+v", other, key)
			}
		}
	}
}

// A scan of hosts and ports in a row must not make long chains.
func TestIndexChainsStayShort(t *testing.T) {
	var x flowIndex
	for range 12 { // each with secrets of its own
		x = flowIndex{}
		for n := range 100_000 {
			x.add(&session{key: keyOfNumber(n)})
		}
		longest := 0
		for _, s := range x.places {
			n := 0
			for ; s != nil; s = s.chain {
				n++
			}
			longest = max(longest, n)
		}
		// Thrown at random, 100,000 in 262,144 places have a chain of 12 once in a
		// hundred million tries.
		if longest > 12 {
			t.Fatalf("a chain of %d", longest)
		}
	}
	key := keyOfNumber(5)
	if n := testing.AllocsPerRun(100, func() { x.find(&key) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkIndex(b *testing.B) {
	var x flowIndex
	for n := range 2000 {
		x.add(&session{key: keyOfNumber(n)})
	}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		key := keyOfNumber(n * 7 % 2000)
		if x.find(&key) == nil {
			b.Fatal("not found")
		}
		n++
	}
}
