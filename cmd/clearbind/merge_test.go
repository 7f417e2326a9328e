package main

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/clearbind/clearbind/detect"
)

// TestMergeIsInOrderWhateverTheWorkers deals the alerts of a run to workers,
// with batches cut anywhere, and wants them back in order.
func TestMergeIsInOrderWhateverTheWorkers(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		n := 1 + r.IntN(5)
		lanes := make([][]detect.Alert, n)
		var want []detect.Alert
		order := uint64(0)
		for range r.IntN(100) {
			order += uint64(r.IntN(3))
			a := detect.Alert{Order: order, Tie: uint64(len(want))}
			want = append(want, a)
			worker := r.IntN(n)
			lanes[worker] = append(lanes[worker], a)
		}
		in := make(chan batch, 1)
		for i, alerts := range lanes {
			cuts := rand.New(rand.NewPCG(seed, uint64(i)+1))
			go deal(i, in, alerts, cuts)
		}
		var have []detect.Alert
		merge(n, in, func(a *detect.Alert) { have = append(have, *a) }, func() {}, func(*batch) {})
		if !slices.EqualFunc(have, want, func(a, b detect.Alert) bool { return a.Order == b.Order && a.Tie == b.Tie }) {
			t.Fatalf("seed %d: %d alerts came of %d, or not in order", seed, len(have), len(want))
		}
	}
}

// deal hands the alerts over in batches, some of them empty.
func deal(worker int, in chan<- batch, alerts []detect.Alert, r *rand.Rand) {
	for len(alerts) > 0 {
		k := r.IntN(min(len(alerts), 7) + 1)
		b := batch{worker: worker, alerts: alerts[:k]}
		if alerts = alerts[k:]; len(alerts) > 0 {
			b.upTo = alerts[0].Order
		}
		in <- b
	}
	in <- batch{worker: worker, over: true}
}
