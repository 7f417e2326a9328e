package heap

import (
	"runtime"
	"testing"
)

func TestPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 200, 1 << 20: 200, 4 << 20: 200, 5 << 20: 160, 8 << 20: 100, 2 << 30: 100} {
		if got := percent(live); got != want {
			t.Errorf("%d octets in use: %d, want %d", live, got, want)
		}
	}
}

func TestLive(t *testing.T) {
	held := make([]byte, 3<<20)
	runtime.GC()
	if n := live(); n < uint64(len(held)) || n > 1<<30 {
		t.Errorf("%d octets are in use", n)
	}
	runtime.KeepAlive(held)
}
