package main

import (
	"sync"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/metrics"
)

// report is what a worker counted so far.
type report struct {
	stats     capture.Stats
	undecoded [decode.NumReasons]uint64
	counts    detect.Counts
	panics    uint64
	last      time.Time
}

// board is where workers leave their counters, for scrapes and the summary.
// One lock in thousands of frames; nothing on a packet's path waits for it.
type board struct {
	mu      sync.Mutex
	reports []report
	exposed []*detect.Exposed
	copied  []time.Time // when exposed was copied last
	lost    uint64
}

// exposedEvery is how often the sets behind the exposed_* gauges are copied.
const exposedEvery = time.Second

func newBoard(workers int) *board {
	b := &board{reports: make([]report, workers), exposed: make([]*detect.Exposed, workers), copied: make([]time.Time, workers)}
	for i := range b.exposed {
		b.exposed[i] = new(detect.Exposed)
	}
	return b
}

func (b *board) put(worker int, r report, exposed func() *detect.Exposed, end bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reports[worker] = r
	if now := time.Now(); end || now.Sub(b.copied[worker]) >= exposedEvery {
		b.exposed[worker], b.copied[worker] = exposed(), now
	}
}

func (b *board) lose(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost += uint64(n)
}

// everybody gives who was exposed, each once.
func (b *board) everybody() *detect.Exposed {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all detect.Exposed
	for _, x := range b.exposed {
		all.Merge(x)
	}
	return &all
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
