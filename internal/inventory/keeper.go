package inventory

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// Config is what a Keeper works for.
type Config struct {
	Sensor   string        // the name it writes under
	Live     bool          // it watches interfaces: it never waits, and remembers what it wrote before
	Source   string        // interfaces
	Version  string        // of clearbind
	Workers  int           //
	Keep     int           // days that a sensor's interfaces are kept; 0: for ever
	Interval time.Duration // between two writes; 0: a minute
	Log      *slog.Logger
}

// Days is how far back a sensor remembers in its own report: quarterly jobs
// aside, a migration is planned on a month.
const Days = 30

const (
	writeEvery = time.Minute
	// maxWaiting bounds the entries that wait for a database that is away, but
	// for those of the day under way: as many as detect remembers of each kind.
	maxWaiting = 1 << 16
	// patience is how long one write may take, and lastWords the one at the end
	// of a sensor, for which systemd waits.
	patience  = 2 * time.Minute
	lastWords = 10 * time.Second
)

// Keeper takes what workers note, and writes it now and then. Its methods may be
// called by any goroutine, and none but WaitForRoom and Close waits for the
// database.
type Keeper struct {
	cfg   Config
	store *Store
	run   run // of interfaces, or what those of captures have in common

	mu       sync.Mutex
	room     *sync.Cond // captures: something was written, or could not be
	workers  []worker
	captures map[int]*captured
	parts    map[Stretch]*gathered
	total    []*detect.Inventory // captures: of all that has turned
	past     *Result             // interfaces: what was written before, in Days
	waiting  int                 // entries of parts
	status   Status
	err      error // of the last write

	written map[Stretch]*part // what the database has; of the writing goroutine alone
	ended   []Stretch         // live: that are written for good; the same
	pruned  Day               // the same
	wake    chan struct{}
	stop    chan struct{}
	stopped chan struct{}
}

// Status tells how the writing goes.
type Status struct {
	Writes, Failures uint64
	LastWrite        time.Time // that went well; zero: none
	Lost             uint64    // entries that had no room to wait any longer
}

// worker is one that notes.
type worker struct {
	now  *Note    // of the stretch under way; nil: none yet
	at   Stretch  // that stretch
	base Counters // when it began
	over bool
}

// captured is what is known of a capture.
type captured struct {
	source string
	mark   Mark
	frames uint64
}

// gathered is a stretch that some workers have left.
type gathered struct {
	turned      []*detect.Inventory
	counters    Counters
	first, last time.Time
}

// Keep starts to keep what workers note in a store, which it owns from now on.
// Close ends it. A sensor is first told what it has written before; where that
// cannot be read now, it is as soon as it can.
func Keep(ctx context.Context, store *Store, cfg Config) (*Keeper, error) {
	if cfg.Interval == 0 {
		cfg.Interval = writeEvery
	}
	k := &Keeper{
		cfg: cfg, store: store, workers: make([]worker, cfg.Workers),
		captures: make(map[int]*captured), parts: make(map[Stretch]*gathered), written: make(map[Stretch]*part),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	k.room = sync.NewCond(&k.mu)
	for i := range k.workers {
		k.workers[i].at = Stretch{Day: math.MinInt64}
	}
	k.run = run{sensor: cfg.Sensor, kind: kindCapture, reading: random(), version: cfg.Version, started: time.Now()}
	if cfg.Live {
		k.run.id, k.run.kind, k.run.source = random(), kindLive, cfg.Source
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := k.remember(ctx, nil); err != nil && !Away(err) {
			return nil, err
		}
	}
	// Waits for the database, so that nobody else has to. Close ends it.
	go k.work() //nolint:gosec // it outlives the start, whose context ctx is
	return k, nil
}

// random gives a number that no other process has.
func random() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.BigEndian.Uint64(b[:]) & math.MaxInt64)
}

// Note takes what a worker has noted so far in its stretch.
func (k *Keeper) Note(worker int, n *Note) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.note(worker, n)
}

func (k *Keeper) note(worker int, n *Note) {
	w := &k.workers[worker]
	w.now, w.at = n, n.Stretch
	if n.Source != "" {
		k.captures[n.Capture] = &captured{n.Source, n.Mark, n.Frames}
	}
}

// Turn takes the last of what a worker noted in a stretch: it goes on in
// another, or ends. The worker of captures calls WaitForRoom then.
func (k *Keeper) Turn(worker int, n *Note, next Stretch, over bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.note(worker, n)
	w := &k.workers[worker]
	g := k.parts[n.Stretch]
	if g == nil {
		g = new(gathered)
		k.parts[n.Stretch] = g
	}
	g.take(w)
	k.waiting += n.Inventory.Len()
	w.now, w.base, w.at, w.over = nil, n.Counters, next, over
	if !k.cfg.Live {
		k.total = compact(append(k.total, n.Inventory))
	}
}

// WaitForRoom waits while many captures could be written, and are not yet.
func (k *Keeper) WaitForRoom() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for !k.cfg.Live && k.waiting > maxWaiting && k.err == nil && k.anyComplete() {
		nudge(k.wake)
		k.room.Wait()
	}
}

// take adds what a worker has in its stretch.
func (g *gathered) take(w *worker) {
	g.turned = append(g.turned, w.now.Inventory)
	counted := w.now.Counters.since(&w.base)
	g.counters.Add(&counted)
	g.first, g.last = detect.Earlier(g.first, w.now.First), detect.Later(g.last, w.now.Last)
}

// compact merges the last of a list as soon as they are as many as the first
// together, so that all merging costs little more than the first one.
func compact(list []*detect.Inventory) []*detect.Inventory {
	for n := len(list); n > 1 && list[n-1].Len() >= list[n-2].Len(); n-- {
		sum := new(detect.Inventory)
		sum.Merge(list[n-2])
		sum.Merge(list[n-1])
		sum.Trim()
		list = append(list[:n-2:n-2], sum)
	}
	return list
}

// Crowded says that so much of captures waits that days are no longer told
// apart within one.
func (k *Keeper) Crowded() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.cfg.Live && k.waiting > maxWaiting
}

// complete says whether no worker will come back to a stretch.
func (k *Keeper) complete(s Stretch) bool {
	for i := range k.workers {
		if w := &k.workers[i]; !w.over && (w.at.Capture < s.Capture || w.at.Capture == s.Capture && (s.Capture > 0 || w.at.Day <= s.Day)) {
			return false
		}
	}
	return true
}

func (k *Keeper) anyComplete() bool {
	for s := range k.parts {
		if k.complete(s) {
			return true
		}
	}
	return false
}

// Rest gives what a report has beside what the workers have noted in their
// stretches under way.
func (k *Keeper) Rest() []*detect.Inventory {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := append([]*detect.Inventory(nil), k.total...)
	if k.cfg.Live {
		for _, g := range k.parts {
			list = append(list, g.turned...)
		}
		if k.past != nil {
			list = append(list, k.past.Inventory)
		}
	}
	return list
}

// Totals gives what a sensor has counted in Days, this run and those before.
func (k *Keeper) Totals() (sum Counters, first, last time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.past != nil {
		for i := range k.past.Sensors {
			sum.Add(&k.past.Sensors[i].Counters)
		}
		first, last = k.past.First, k.past.Last
	}
	for _, g := range k.parts {
		sum.Add(&g.counters)
		first, last = detect.Earlier(first, g.first), detect.Later(last, g.last)
	}
	for i := range k.workers {
		if w := &k.workers[i]; w.now != nil {
			counted := w.now.Counters.since(&w.base)
			sum.Add(&counted)
			first, last = detect.Earlier(first, w.now.First), detect.Later(last, w.now.Last)
		}
	}
	return sum, first, last
}

// Status tells how the writing goes.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.status
}

// Close writes what is left, and closes the store. Its error says what is lost.
func (k *Keeper) Close() error {
	close(k.stop)
	<-k.stopped
	err := k.store.Close()
	switch {
	case k.err != nil:
		return fmt.Errorf("not everything was written: %w", k.err)
	case k.status.Lost > 0:
		return fmt.Errorf("%s: %d entries were lost while it could not be written", k.store.at, k.status.Lost)
	}
	return err
}

// nudge leaves word, unless word is there already.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
