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
	mu          sync.Mutex
	reports     []report
	inventories []*detect.Inventory // replaced, never changed
	lost        uint64              // alerts
}

func newBoard(workers int) *board {
	b := &board{reports: make([]report, workers), inventories: make([]*detect.Inventory, workers)}
	for i := range b.inventories {
		b.inventories[i] = new(detect.Inventory)
	}
	return b
}

func (b *board) put(worker int, r report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reports[worker] = r
}

// note takes over an inventory, which nobody may change from then on.
func (b *board) note(worker int, n *detect.Inventory) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inventories[worker] = n
}

func (b *board) lose(alerts int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost += uint64(alerts)
}

// inventory gives the sum of all workers' inventories.
func (b *board) inventory() *detect.Inventory {
	b.mu.Lock()
	each := slices.Clone(b.inventories)
	b.mu.Unlock()
	var all detect.Inventory
	for _, n := range each {
		all.Merge(n)
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
	inventory := b.inventory()
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
	s.Exposed.Accounts, s.Exposed.Clients, s.Exposed.Servers = inventory.Recent(first.last)
	return s
}
