package decode

import "testing"

// TestShardsAreEven wants hosts as they are numbered in networks to fall into
// all shards alike, whichever of them sends.
func TestShardsAreEven(t *testing.T) {
	for name, pair := range map[string]func(i int) (src, dst Endpoint){
		"clients in a row, one server": func(i int) (Endpoint, Endpoint) {
			return end("10.0.0.0", 1).plus(15, i).plus(14, i>>8), end("10.9.0.5", 389)
		},
		"a client of each network": func(i int) (Endpoint, Endpoint) {
			return end("10.0.0.7", 1).plus(14, i).plus(13, i>>8), end("10.0.0.5", 389)
		},
		"pairs": func(i int) (Endpoint, Endpoint) {
			return end("10.0.0.0", 1).plus(15, i%64), end("10.1.0.0", 389).plus(15, i/64)
		},
		"IPv6 hosts": func(i int) (Endpoint, Endpoint) {
			return end("2001:db8::", 1).plus(15, i).plus(14, i>>8), end("2001:db8::5", 389)
		},
		"IPv6 networks": func(i int) (Endpoint, Endpoint) {
			return end("2001:db8::7", 1).plus(7, i).plus(6, i>>8), end("2001:db8::5", 389)
		},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 4096
			var count [Shards]int
			for i := range n {
				src, dst := pair(i)
				there, back := Segment{Src: src, Dst: dst}, Segment{Src: dst, Dst: src}
				shard := there.Shard()
				if shard < 0 || shard >= Shards || back.Shard() != shard {
					t.Fatalf("shards %d and %d of %v and %v", shard, back.Shard(), src.AddrPort(), dst.AddrPort())
				}
				count[shard]++
			}
			for shard, c := range count { // 64 each; five standard deviations
				if c < 24 || c > 104 {
					t.Errorf("%d of %d in shard %d", c, n, shard)
				}
			}
		})
	}
}

// plus gives e with a number added to an octet of its address.
func (e Endpoint) plus(octet, n int) Endpoint {
	e.Addr[octet] += byte(n)
	return e
}

func BenchmarkShard(b *testing.B) {
	s := Segment{Src: end("10.0.0.7", 51022), Dst: end("10.0.0.5", 389)}
	sum := 0
	for b.Loop() {
		sum += s.Shard()
	}
	if sum == 1 {
		b.Fatal("in vain")
	}
}
