package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strings"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/inventory"
	"github.com/clearbind/clearbind/internal/metrics"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"
)

// inventoryConfig is where the inventory is kept.
type inventoryConfig struct {
	at       *inventory.Location // nil: in memory
	sensor   string
	keep     int // days; 0: for ever
	interval time.Duration
}

type inventoryTexts struct{ at, keep, interval string }

// keeping reads the flags of the inventory.
func (c *config) keeping(t *inventoryTexts) error {
	if t.at == "" {
		return nil
	}
	var err error
	if c.inventory.at, err = inventory.Parse(t.at); err != nil {
		return fmt.Errorf("--inventory: %w", err)
	}
	if c.inventory.at.TellsPassword() {
		c.warnings = append(c.warnings, "--inventory: its password can be read in the list of processes; PGPASSFILE or PGPASSWORD hide it")
	}
	keep, err := model.ParseDuration(t.keep)
	days := time.Duration(keep) / (24 * time.Hour)
	if err != nil || keep != 0 && days == 0 {
		return fmt.Errorf("--inventory.keep=%s: give days such as 90d, or 0", t.keep)
	}
	c.inventory.keep = int(days)
	interval, err := model.ParseDuration(t.interval)
	if err != nil || time.Duration(interval) < time.Second {
		return fmt.Errorf("--inventory.interval=%s: give a duration from 1s on, such as 1m", t.interval)
	}
	c.inventory.interval = time.Duration(interval)
	if c.inventory.sensor == "" {
		c.inventory.sensor = "captures"
		if c.live() {
			if c.inventory.sensor, _ = os.Hostname(); c.inventory.sensor == "" {
				return errors.New("--inventory.sensor: this host has no name; give one")
			}
			c.inventory.sensor = detect.NewPseudonyms(c.detect.PseudonymKey).Of(c.inventory.sensor)
		}
	}
	return nil
}

// keep opens the database of the inventory; nil: it is in memory. A sensor
// starts without one that is away, and writes when it is there.
func keep(cfg *config, log *slog.Logger) (*inventory.Keeper, error) {
	c := &cfg.inventory
	if c.at == nil {
		return nil, nil
	}
	ctx := context.Background()
	store, err := inventory.Open(ctx, c.at)
	switch {
	case err != nil && store != nil && cfg.live():
		log.Error("the inventory's database is away; it is written to when it is there", "err", err)
	case err != nil:
		if store != nil {
			_ = store.Close() // the first error tells
		}
		return nil, fmt.Errorf("--inventory: %w", err)
	}
	keeper, err := inventory.Keep(ctx, store, inventory.Config{
		Sensor: c.sensor, Live: cfg.live(), Source: strings.Join(cfg.interfaces, ","), Version: version.Version,
		Workers: cfg.workers, Keep: c.keep, Interval: c.interval, Log: log,
	})
	if err != nil {
		_ = store.Close() // the first error tells
		return nil, fmt.Errorf("--inventory: %w", err)
	}
	return keeper, nil
}

// keeping cuts what a worker notes into the stretches that the inventory is
// kept in: days of packet time, and captures.
type keeping struct {
	keeper      *inventory.Keeper
	at          inventory.Stretch
	begun       bool  // at is one
	start, end  int64 // of the day, in seconds since 1970
	first, last time.Time

	counts        bool // frames are this worker's to count: of files all workers see the same
	frames, bytes uint64
	source        string // the capture
	marker        inventory.Marker
	captureFrames uint64
}

// newKeeping gives nil if nothing is kept.
func newKeeping(keeper *inventory.Keeper, s *sensor) *keeping {
	if keeper == nil {
		return nil
	}
	return &keeping{keeper: keeper, at: inventory.Stretch{Day: math.MinInt64}, counts: s.live != nil || s.place == 0}
}

// frame takes a frame before anybody looks at it.
func (k *keeping) frame(s *sensor, f *capture.Frame) {
	if s.live == nil && f.Number == 1 {
		k.turn(s, inventory.Stretch{Capture: k.at.Capture + 1, Day: inventory.DayOf(f.Time)})
		k.source, k.marker, k.captureFrames = f.Origin, inventory.Marker{}, 0
	}
	k.time(s, f.Time)
	if k.first.IsZero() || f.Time.Before(k.first) {
		k.first = f.Time
	}
	if f.Time.After(k.last) {
		k.last = f.Time
	}
	if !k.counts {
		return
	}
	k.frames++
	k.bytes += uint64(len(f.Data))
	if s.live == nil {
		k.captureFrames++
		k.marker.Add(f.Time, f.WireLen, f.Data)
	}
}

// time goes on to another day, if it is one. On an interface days only go
// forward; captures may be in any order.
func (k *keeping) time(s *sensor, at time.Time) {
	if sec := at.Unix(); sec >= k.start && sec < k.end {
		return
	}
	day := inventory.DayOf(at)
	if k.begun && (s.live != nil && day < k.at.Day || day != k.at.Day && k.keeper.Crowded()) {
		return
	}
	k.turn(s, inventory.Stretch{Capture: k.at.Capture, Day: day})
}

// turn ends the stretch under way, if there is one. What is over by the time of
// the frame at hand still belongs to it.
func (k *keeping) turn(s *sensor, next inventory.Stretch) {
	if k.begun && next != k.at {
		s.engine.Tick(&s.at)
		s.board.put(s.place, s.counted(false))
		s.board.turned(s.place, k.noted(s, s.engine.Turn(), next.Capture != k.at.Capture), next, false)
		k.keeper.WaitForRoom()
		k.first, k.last = time.Time{}, time.Time{}
	}
	k.at, k.begun = next, true
	k.start = next.Day.Start().Unix()
	k.end = k.start + 24*60*60
}

// note shows what was noted so far, or at the end all of it.
func (k *keeping) note(s *sensor, n *detect.Inventory, end bool) {
	switch {
	case !k.begun:
	case end:
		s.board.turned(s.place, k.noted(s, n, true), k.at, true)
	default:
		k.keeper.Note(s.place, k.noted(s, n, false))
	}
}

// noted puts together what belongs to the stretch; end: the capture has no more
// frames.
func (k *keeping) noted(s *sensor, n *detect.Inventory, end bool) *inventory.Note {
	note := &inventory.Note{Stretch: k.at, Inventory: n, Counters: s.board.countedBy(s.place), First: k.first, Last: k.last}
	note.Counters.Frames, note.Counters.Bytes = k.frames, k.bytes
	if s.live == nil && k.counts {
		note.Source, note.Mark, note.Frames = k.source, k.marker.Mark(end), k.captureFrames
	}
	return note
}

// countedBy gives what a worker has counted, without what others count as well.
func (b *board) countedBy(worker int) (c inventory.Counters) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := &b.reports[worker]
	c.Detect, c.Panics = r.counts, r.panics
	if b.interfaces != nil || worker == 0 {
		c.Undecoded, c.Fragments = r.undecoded, r.fragments
	}
	if worker == 0 {
		c.AlertsLost = b.lost
	}
	for _, link := range r.links {
		c.Dropped += link.Stats.Dropped
		c.Frozen += link.Stats.Frozen
		if worker == 0 { // all see the same
			c.Missed += link.Missed
		}
	}
	return c
}

// remember puts what a sensor has seen within inventory.Days, in this run and in
// those before it, in the place of what this run has counted.
func (s *state) remember(keeper *inventory.Keeper, interfaces []string) {
	c, first, last := keeper.Totals()
	kept := kept(&c, joinWords(interfaces))
	kept.Detect.OpenConnections = s.Detect.OpenConnections
	s.Snapshot, s.first, s.last = kept, first, last
}

// kept gives counters as a report takes them.
func kept(c *inventory.Counters, name string) metrics.Snapshot {
	stats := capture.Stats{Frames: c.Frames, Bytes: c.Bytes, Dropped: c.Dropped, Frozen: c.Frozen}
	c.Undecoded[decode.OK] = 0
	return metrics.Snapshot{
		Sources: []metrics.Source{{Name: name, Stats: stats, Missed: c.Missed}}, Undecoded: c.Undecoded, Detect: c.Detect,
		Fragments: c.Fragments, Panics: c.Panics, AlertsLost: c.AlertsLost,
	}
}
