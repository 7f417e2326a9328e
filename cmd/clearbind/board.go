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

// counted is what a worker counted so far.
type counted struct {
	stats       capture.Stats
	undecoded   [decode.NumReasons]uint64
	fragments   uint64 // datagrams given up for want of room
	counts      detect.Counts
	panics      uint64
	first, last time.Time // packets; zero: none yet
	alive       time.Time // when a live worker wrote this
	links       []capture.Link
}

// board is where workers leave their counters, for scrapes and the summary.
// One lock in thousands of frames; nothing on a packet's path waits for it.
type board struct {
	mu          sync.Mutex
	reports     []counted
	inventories []*detect.Inventory // replaced, never changed
	live        bool
	interfaces  []string  // live: their names, in the order of counted.links
	isReady     bool      // live: frames can arrive
	configOK    bool      // the last reading of the configuration
	configAt    time.Time // the last one that was good; zero: there is no file
	lost        uint64    // alerts
	lostRecords uint64    // lines of the Zeek logs
}

func newBoard(workers int, interfaces []string) *board {
	b := &board{configOK: true, live: interfaces != nil, interfaces: interfaces, reports: make([]counted, workers), inventories: make([]*detect.Inventory, workers)}
	for i := range b.inventories {
		b.inventories[i] = new(detect.Inventory)
	}
	return b
}

func (b *board) put(worker int, r counted) {
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

// setReady notes whether frames can arrive.
func (b *board) setReady(is bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.isReady = is
}

func (b *board) ready() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.isReady
}

// configured notes how reading the configuration went.
func (b *board) configured(good bool, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.configOK = good
	if good {
		b.configAt = at
	}
}

func (b *board) lose(alerts int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost += uint64(alerts)
}

func (b *board) loseRecords(lines int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lostRecords += uint64(lines)
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
	for i := range b.reports {
		if r := &b.reports[i]; !r.first.IsZero() && (first.IsZero() || r.first.Before(first)) {
			first = r.first
		}
		if b.reports[i].last.After(last) {
			last = b.reports[i].last
		}
	}
	return first, last
}

// alive says whether every live worker has written lately, and ready whether
// one of the interfaces is up.
func (b *board) alive(now time.Time) (alive, up bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.reports {
		if now.Sub(b.reports[i].alive) > 5*time.Second {
			return false, false
		}
	}
	return true, anyUp(b.reports[0].links)
}

// snapshot adds the workers up. Frames of files are read by each of them, so
// those are the first one's; frames of interfaces are dealt out.
func (b *board) snapshot() metrics.Snapshot {
	inventory := b.inventory()
	_, last := b.span()
	b.mu.Lock()
	defer b.mu.Unlock()
	first := &b.reports[0]
	s := metrics.Snapshot{
		Sources:    []metrics.Source{{Name: "file", Stats: first.stats}},
		Undecoded:  first.undecoded,
		AlertsLost: b.lost,
		LinesLost:  b.lostRecords,
		ConfigGood: b.configOK,
		ConfigTime: b.configAt,
		LastPacket: last,
	}
	if b.live {
		s.Sources, s.Undecoded = b.liveSources()
	}
	for i := range b.reports {
		s.Detect.Add(&b.reports[i].counts)
		s.Panics += b.reports[i].panics
		if b.live || i == 0 {
			s.Fragments += b.reports[i].fragments
		}
	}
	s.Exposed.Accounts, s.Exposed.Clients, s.Exposed.Servers = inventory.Recent(last)
	return s
}

// liveSources adds up what the workers read of each interface. What its card
// has lost is the same for all of them.
func (b *board) liveSources() (sources []metrics.Source, undecoded [decode.NumReasons]uint64) {
	for i, name := range b.interfaces {
		sum := metrics.Source{Name: name}
		for j := range b.reports {
			if r := &b.reports[j]; i < len(r.links) {
				sum.Add(r.links[i].Stats)
				sum.Missed = r.links[i].Missed
			}
		}
		sources = append(sources, sum)
	}
	for j := range b.reports {
		for why, n := range b.reports[j].undecoded {
			undecoded[why] += n
		}
	}
	return sources, undecoded
}
