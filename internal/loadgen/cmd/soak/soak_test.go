//go:build linux

package main

import (
	"bytes"
	"testing"

	"github.com/clearbind/clearbind/internal/loadgen"
)

// TestPassesAreOfOtherConnections wants the same frames in each pass, but for
// the client's port, which no pass has twice.
func TestPassesAreOfOtherConnections(t *testing.T) {
	l, err := newLoad(loadgen.Config{Seed: 3, Connections: 5000, Searches: 1, Entries: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.frames) != l.tally.Packets {
		t.Fatalf("%d frames of %d", len(l.frames), l.tally.Packets)
	}
	ends := func() map[string]bool { // client, server and the client's port
		all := map[string]bool{}
		for i, f := range l.frames {
			port, addresses := f[l.ports[i]:l.ports[i]+2], f[14+12:14+20]
			if f[12] == 0x86 {
				addresses = f[14+8 : 14+40]
			}
			half := len(addresses) / 2
			if bytes.Equal(f[l.ports[i]+2:l.ports[i]+4], []byte{389 >> 8, 389 & 0xff}) {
				all[string(addresses[:half])+string(port)] = true
			} else {
				all[string(addresses[half:])+string(port)] = true
			}
		}
		return all
	}
	seen := ends()
	if len(seen) != 5000 {
		t.Fatalf("%d connections", len(seen))
	}
	for range 3 {
		was := make([][]byte, len(l.frames))
		for i, f := range l.frames {
			was[i] = bytes.Clone(f)
			l.renumber(i)
			at := l.ports[i]
			if !bytes.Equal(was[i][:at], f[:at]) || !bytes.Equal(was[i][at+2:], f[at+2:]) || bytes.Equal(was[i], f) {
				t.Fatalf("frame %d: more than a port changes, or nothing", i)
			}
		}
		for end := range ends() {
			if seen[end] {
				t.Fatal("a connection comes again")
			}
			seen[end] = true
		}
	}
}

func TestGrowthIsSeen(t *testing.T) {
	for name, tt := range map[string]struct {
		last   sample
		errors int
	}{
		"none":        {sample{100, 14, 9}, 0},
		"less":        {sample{80, 12, 8}, 0},
		"memory":      {sample{111, 14, 9}, 1},
		"goroutines":  {sample{100, 17, 9}, 1},
		"descriptors": {sample{100, 14, 10}, 1},
	} {
		samples := make([]sample, 40)
		for i := range samples {
			samples[i] = sample{100, 14, 9}
			if i >= 30 {
				samples[i] = tt.last
			}
		}
		var j judge
		if j.growth(samples); len(j.errs) != tt.errors {
			t.Errorf("%s: %v", name, j.errs)
		}
	}
	var j judge
	if j.growth(make([]sample, 8)); len(j.errs) == 0 {
		t.Error("a moment is taken for a soak")
	}
}

func TestSum(t *testing.T) {
	c := counters{`a{x="1",y="2"}`: 3, `a{x="2",y="2"}`: 4, `ab`: 5, `b`: 6}
	for _, tt := range []struct {
		name, label string
		want        float64
	}{{"a", "", 7}, {"a", `x="1"`, 3}, {"a", `y="2"`, 7}, {"b", "", 6}, {"c", "", 0}} {
		if got := c.sum(tt.name, tt.label); got != tt.want {
			t.Errorf("%s %s: %v, want %v", tt.name, tt.label, got, tt.want)
		}
	}
}
