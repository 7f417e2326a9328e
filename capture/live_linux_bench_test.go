package capture

import (
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkLiveNext takes frames that wait in the ring: what Next costs.
func BenchmarkLiveNext(b *testing.B) {
	for name, names := range map[string][]string{"one": {"lv-b"}, "any": {"any"}, "two": {"lv-b", "lv-d"}} {
		b.Run(name, func(b *testing.B) {
			namespace(b)
			veth(b, "lv-a", "lv-b")
			veth(b, "lv-c", "lv-d")
			l := open(b, LiveConfig{Interfaces: names, RingSize: 128 << 20})[0]
			s, frame := openSender(b, "lv-a"), make([]byte, benchOctets)
			b.SetBytes(benchOctets)
			b.ReportAllocs()
			var f Frame
			for left := b.N; left > 0; {
				n := min(left, benchFrames)
				b.StopTimer()
				for range n {
					s.send(b, frame)
				}
				time.Sleep(settleTime)
				b.StartTimer()
				for range n {
					if err := l.Next(&f); err != nil {
						b.Fatal(err)
					}
				}
				left -= n
			}
			if stats, _ := l.Stats(); stats.Dropped > 0 {
				b.Errorf("%+v", stats)
			}
		})
	}
}

// BenchmarkLiveFlood takes frames while another thread sends as fast as it can:
// what arrives, what is dropped, and how busy the reader is.
func BenchmarkLiveFlood(b *testing.B) {
	namespace(b)
	veth(b, "lv-a", "lv-b")
	l := open(b, LiveConfig{Interfaces: []string{"lv-b"}})[0]
	s, frame := openSender(b, "lv-a"), make([]byte, benchOctets)
	b.SetBytes(benchOctets)
	b.ResetTimer()
	begin := busy()
	var sending sync.WaitGroup
	sending.Go(func() { // until all are sent; waited for below
		for range b.N {
			s.send(b, frame)
		}
	})
	var f Frame
	var stats Stats
	for stats.Frames+stats.Dropped < uint64(b.N) {
		if err := l.Next(&f); err != nil || stats.Frames&0xffff == 0 {
			stats, _ = l.Stats()
		}
		stats.Frames = l.frames
	}
	b.StopTimer()
	sending.Wait()
	b.ReportMetric(float64(l.frames)/b.Elapsed().Seconds(), "frames/s")
	b.ReportMetric(100*float64(stats.Dropped)/float64(b.N), "%dropped")
	b.ReportMetric(100*(busy()-begin).Seconds()/b.Elapsed().Seconds(), "%busy")
}

// busy is the processor time of this thread.
func busy() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkLiveRefuses sends frames that no worker wants, past one socket and
// past several: what each costs whoever receives.
func BenchmarkLiveRefuses(b *testing.B) {
	frame := shipped(b)["simple-bind-success.pcap"]
	bare := passed(b, filters()["usual"], frame, share{0, 1})[0].data
	for _, sockets := range []struct {
		name    string
		workers int
	}{{"none", 0}, {"1", 1}, {"2", 2}, {"8", 8}, {"16", 16}} {
		b.Run(sockets.name, func(b *testing.B) {
			namespace(b)
			veth(b, "lv-a", "lv-b")
			if sockets.workers > 0 {
				open(b, LiveConfig{Interfaces: []string{"lv-b"}, Workers: sockets.workers, Filter: &Filter{Ports: []uint16{1, 2, 4, 6}, Tunnels: true}, RingSize: 1})
			}
			s := openSender(b, "lv-a")
			b.ResetTimer()
			for range b.N {
				s.send(b, bare)
			}
		})
	}
}
