package main

import (
	"testing"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

// However many workers there are, together they follow as many connections and
// hold as much as one would.
func TestWorkersShareTheLimits(t *testing.T) {
	for _, n := range []int{1, 2, 3, 16, decode.Shards} {
		part := share(detect.Config{AnyPort: true}, n)
		if !part.AnyPort {
			t.Errorf("%d workers: the rest of the configuration is lost", n)
		}
		if sum := n * part.MaxFlows; sum > 1<<20 || sum <= 1<<20-n {
			t.Errorf("%d workers follow %d connections", n, sum)
		}
		if sum := n * part.MaxMemory; sum > 256<<20 || sum <= 256<<20-n {
			t.Errorf("%d workers hold %d octets", n, sum)
		}
	}
}

// Of files every worker puts the same fragments together, of interfaces each its own.
func TestFragmentsAreCountedOnce(t *testing.T) {
	for name, interfaces := range map[string][]string{"files": nil, "interfaces": {"eth1"}} {
		b := newBoard(2, interfaces)
		b.put(0, counted{fragments: 5})
		b.put(1, counted{fragments: 5})
		want := uint64(5)
		if interfaces != nil {
			want = 10
		}
		if got := b.state().Fragments; got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}
