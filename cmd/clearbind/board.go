package main

import (
	"slices"
	"sync"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/metrics"
)

// report is what a worker counted so far.
type report struct {
	stats       capture.Stats
	undecoded   [decode.NumReasons]uint64
	counts      detect.Counts
	panics      uint64
	first, last time.Time // packets; zero: none yet
}

// board is where workers leave their counters, for scrapes and the summary.
// One lock in thousands of frames; nothing on a packet's path waits for it.
type board struct {
	mu      sync.Mutex
	reports []report
	exposed []*detect.Exposed // replaced, never changed
	lost    uint64            // alerts
}

func newBoard(workers int) *board {
	b := &board{reports: make([]report, workers), exposed: make([]*detect.Exposed, workers)}
	for i := range b.exposed {
		b.exposed[i] = new(detect.Exposed)
	}
	return b
}

func (b *board) put(worker int, r report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reports[worker] = r
}

// expose takes over x, which nobody may change from then on.
func (b *board) expose(worker int, x *detect.Exposed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exposed[worker] = x
}

func (b *board) lose(alerts int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost += uint64(alerts)
}

// everybody gives who was exposed, each once.
func (b *board) everybody() *detect.Exposed {
	b.mu.Lock()
	sets := slices.Clone(b.exposed)
	b.mu.Unlock()
	var all detect.Exposed
	for _, x := range sets {
		all.Merge(x)
	}
	return &all
}

// span gives the time of the earliest and of the latest packet; zero: none.
func (b *board) span() (first, last time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reports[0].first, b.reports[0].last
}

// snapshot adds the workers up. Frames are read by each of them, so those are
// the first one's.
func (b *board) snapshot() metrics.Snapshot {
	exposed := b.everybody()
	b.mu.Lock()
	defer b.mu.Unlock()
	first := &b.reports[0]
	s := metrics.Snapshot{
		Sources:    []metrics.Source{{Name: "file", Stats: first.stats}},
		Undecoded:  first.undecoded,
		AlertsLost: b.lost,
		LastPacket: first.last,
	}
	for i := range b.reports {
		s.Detect.Add(&b.reports[i].counts)
		s.Panics += b.reports[i].panics
	}
	s.Exposed.Accounts, s.Exposed.Clients, s.Exposed.Servers = exposed.Recent(first.last)
	return s
}
