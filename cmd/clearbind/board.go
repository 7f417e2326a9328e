package main

import (
	"slices"
	"sync"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/evidence"
	"github.com/clearbind/clearbind/internal/inventory"
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
	interfaces []string // in the order of counted.links; nil: files are read

	mu          sync.Mutex
	reports     []counted
	inventories []*detect.Inventory // replaced, never changed
	keeper      *inventory.Keeper   // nil: the inventory is in memory only
	configOK    bool                // the last reading of the configuration
	configAt    time.Time           // the last one that was good; zero: there is no file
	lost        uint64              // alerts
	lostRecords uint64              // lines of the Zeek logs
	damaged     int                 // files that could not be read whole
	interrupted bool                // the rest of the files was not read
	evidence    *evidence.Writer    // nil: none is asked for
	unproven    uint64              // alerts that lost their evidence on the way
}

func newBoard(workers int, interfaces []string) *board {
	b := &board{configOK: true, interfaces: interfaces, reports: make([]counted, workers), inventories: make([]*detect.Inventory, workers)}
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

// turned takes over what a worker noted in a stretch that has ended.
func (b *board) turned(worker int, n *inventory.Note, next inventory.Stretch, over bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keeper.Turn(worker, n, next, over)
	b.inventories[worker] = new(detect.Inventory)
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

func (b *board) loseEvidence(alerts int) {
	if alerts == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unproven += uint64(alerts)
}

// ended notes how the reading of files went.
func (b *board) ended(damaged int, interrupted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.damaged, b.interrupted = damaged, interrupted
}

// alive says whether every live worker has written lately, and up whether one of
// the interfaces is up as well, so that frames can arrive.
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

// ready says whether frames can arrive. Files are there already.
func (b *board) ready() bool {
	_, up := b.alive(time.Now())
	return up || b.interfaces == nil
}

// state is what all workers together have seen so far.
type state struct {
	metrics.Snapshot
	inventory   *detect.Inventory
	first, last time.Time // packets; zero: none
	damaged     int
	interrupted bool
}

// state adds the workers up. Frames of files are read by each of them, so those
// are the first one's; frames of interfaces are dealt out.
func (b *board) state() *state {
	s := &state{inventory: new(detect.Inventory)}
	b.mu.Lock()
	inventories := slices.Clone(b.inventories)
	s.damaged, s.interrupted = b.damaged, b.interrupted
	s.first, s.last = b.span()
	s.Snapshot = b.counters()
	if b.keeper != nil {
		inventories = append(inventories, b.keeper.Rest()...)
		s.Inventory = metrics.Inventory(b.keeper.Status())
	}
	b.mu.Unlock()
	for _, n := range inventories {
		s.inventory.Merge(n)
	}
	s.LastPacket = s.last
	s.Exposed.Accounts, s.Exposed.Clients, s.Exposed.Servers = s.inventory.Recent(s.last)
	return s
}

// span gives the time of the earliest and of the latest packet; zero: none.
func (b *board) span() (first, last time.Time) {
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

func (b *board) counters() metrics.Snapshot {
	first := &b.reports[0]
	s := metrics.Snapshot{
		Sources:    []metrics.Source{{Name: "file", Stats: first.stats}},
		Undecoded:  first.undecoded,
		AlertsLost: b.lost,
		LinesLost:  b.lostRecords,
		ConfigGood: b.configOK,
		ConfigTime: b.configAt,
	}
	if b.interfaces != nil {
		s.Sources, s.Undecoded = b.liveSources()
	}
	for i := range b.reports {
		s.Detect.Add(&b.reports[i].counts)
		s.Panics += b.reports[i].panics
		if b.interfaces != nil || i == 0 {
			s.Fragments += b.reports[i].fragments
		}
	}
	if b.evidence != nil {
		s.Evidence = b.evidence.Counts()
		s.Evidence.Lost[evidence.LossSlow] += b.unproven
	}
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
