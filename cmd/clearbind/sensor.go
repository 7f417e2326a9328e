package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

// sensor is one worker: a source, its decoder and its engine, owned by one
// goroutine. Several of them are given the frames of the same files, and each
// keeps the segments of its own pairs of hosts.
type sensor struct {
	src          capture.Source
	routed       routed // src, if it is of files; nil: an interface
	packets      decode.Packets
	engine       *detect.Engine
	index        int                                 // of workers
	workers      int                                 // that read the same frames
	place        int                                 // on the board
	live         interface{ Links() []capture.Link } // nil: not an interface
	waits        bool                                // the source may keep us waiting: alerts must not
	out          chan<- batch
	records      chan<- []detect.Record // live: their own way, as their disk may be another
	least        detect.Severity        // what is below it is told to nobody, and so not lost
	proofs       *proofs                // live
	board        *board
	log          *slog.Logger
	reload       *atomic.Pointer[detect.Config] // a configuration to change to; nil: it never changes
	crashOnPanic bool

	frame       capture.Frame
	seg         decode.Segment // here, as the engine borrows it: on the stack it would escape with each frame
	at          detect.Packet  // the frame's place
	handling    bool           // frame is being handled: a panic is of it
	alone       bool           // and no other worker does the same with it
	order       uint64         // of frame
	sent        uint64         // order when a batch was handed over last
	sentAt      time.Time      // packet time of that
	undecoded   [decode.NumReasons]uint64
	panics      uint64
	first, last time.Time // the earliest and the latest packet
	nextCopy    time.Time // when the board is given the inventory again
	keep        *keeping  // nil: the inventory is in memory only
	linked      []capture.Link
	linksAt     time.Time // when they were looked at
	watcher     links
}

// routed is a source whose frames went through a router.
type routed interface {
	capture.Source
	Left() *capture.Left // frames before the one at hand, that are others' or nobody's
	Chosen() bool        // the one at hand is this worker's, by a glance
}

// batch is what a worker hands over now and then.
type batch struct {
	worker int
	alerts []detect.Alert
	upTo   uint64 // alerts still to come have no smaller Order
	over   bool   // none are
	weight int    // octets of memory of their evidence

	records     []detect.Record
	recordsUpTo uint64 // the same of records
}

const (
	batchFrames = 4096                   // frames after which a worker says how far it is, alerts or not
	batchAlerts = 256                    // alerts after which it does not wait for that
	batchWeight = 1 << 20                // octets of evidence likewise
	batchTime   = 250 * time.Millisecond // packet time after which one whose source may wait does not
)

// loop is the program: Next, Decode, Observe. It returns at the end of the
// source, or soon after ctx has ended.
func (s *sensor) loop(ctx context.Context) error {
	for ctx.Err() == nil {
		switch err := s.frames(); {
		case err == nil:
		case errors.Is(err, capture.ErrIdle):
			s.idle()
		default:
			return s.finish(err)
		}
		s.configure()
		s.handOver(s.engine.Watermark())
		s.publish(false)
	}
	return s.finish(io.EOF)
}

// frames takes frames until a batch is due or the source has none for now. A
// panic while one is handled is counted and costs the frame: a blind sensor is
// worse than a missed packet. It ends the batch, so that no frame pays for being
// guarded.
func (s *sensor) frames() error {
	defer func() {
		if !s.handling || s.crashOnPanic {
			return
		}
		if r := recover(); r != nil {
			s.handling = false
			s.panicked(&s.frame, r)
		}
	}()
	for {
		err := s.src.Next(&s.frame)
		if s.routed != nil {
			s.pass(s.routed.Left())
		}
		if err != nil {
			return err
		}
		s.order++
		s.handling = true
		s.handle(&s.frame)
		s.handling = false
		if s.due() {
			return nil
		}
	}
}

// pass counts frames that went to other workers, or to none.
func (s *sensor) pass(l *capture.Left) {
	if l.Frames == 0 {
		return
	}
	s.order += l.Frames
	s.undecoded[decode.OK] += l.Frames
	s.lived(l.First)
	s.lived(l.Last)
	s.engine.Tick(&detect.Packet{Time: l.Last, Order: s.order})
}

// lived notes the time of a frame.
func (s *sensor) lived(at time.Time) {
	switch {
	case at.After(s.last):
		if s.last = at; s.first.IsZero() {
			s.first = at
		}
	case at.Before(s.first) && !at.IsZero():
		s.first = at
	}
}

// idle lets time go on where nothing arrives: on an interface the clock tells.
func (s *sensor) idle() {
	if s.live != nil {
		now := time.Now().UTC()
		if s.keep != nil {
			s.keep.time(s, now)
		}
		s.engine.Tick(&detect.Packet{Time: now, Order: s.order})
	}
}

// finish tells what still waits, and why there is no more.
func (s *sensor) finish(err error) error {
	s.engine.Finish()
	s.publish(true)
	s.handOver(0) // whoever runs the loop says that nothing follows
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read: %w", err)
}

// due says whether a batch is.
func (s *sensor) due() bool {
	return s.order-s.sent >= batchFrames || s.engine.Told()+s.engine.Recorded() >= batchAlerts || s.engine.Weight() >= batchWeight || s.waits && s.last.Sub(s.sentAt) >= batchTime
}

func (s *sensor) handOver(upTo uint64) {
	weight := s.engine.Weight()
	b := batch{worker: s.place, alerts: s.engine.Take(nil), upTo: upTo, weight: weight}
	b.records, b.recordsUpTo = s.engine.TakeRecords()
	s.sent, s.sentAt = s.order, s.last
	if s.live == nil {
		s.out <- b
		return
	}
	if len(b.records) > 0 {
		select {
		case s.records <- b.records:
		default:
			s.board.loseRecords(len(b.records))
		}
	}
	if len(b.alerts) > 0 {
		s.board.loseEvidence(s.proofs.admit(&b))
		select {
		case s.out <- batch{alerts: b.alerts, weight: b.weight}:
		default: // the disk is too slow: capture does not wait for it
			s.proofs.release(&b)
			s.board.lose(toTell(b.alerts, s.least))
		}
	}
}

// configure takes over a configuration that was read anew.
func (s *sensor) configure() {
	if s.reload == nil {
		return
	}
	if cfg := s.reload.Swap(nil); cfg != nil {
		s.engine.Configure(*cfg)
	}
}

// handle decodes a frame and shows it to the engine.
func (s *sensor) handle(f *capture.Frame) {
	chosen := s.routed != nil && s.routed.Chosen() // the router had a glance
	s.alone = s.workers <= 1 || chosen
	at := &s.at
	at.Time, at.Order, at.Number, at.Origin = f.Time, s.order, f.Number, f.Origin
	s.lived(f.Time)
	if s.keep != nil {
		s.keep.frame(s, f)
	}
	plain := chosen
	if !chosen {
		var brief decode.Brief
		brief, plain = decode.Glance(f.Link, f.Data)
		if plain && (!s.engine.Ports().Watches(brief.Src, brief.Dst) || s.workers > 1 && !s.mine(brief.Shard())) {
			s.alone = true
			s.undecoded[decode.OK]++
			s.engine.Tick(at)
			return
		}
	}
	link := decode.Frame{Link: f.Link, Data: f.Data, WireLen: f.WireLen, Time: f.Time, VLAN: f.VLAN}
	why := s.packets.Decode(&link, &s.seg)
	s.alone = true
	s.undecoded[why]++
	if why != decode.OK || !plain && s.workers > 1 && !s.mine(s.seg.Shard()) {
		s.engine.Tick(at) // packet time goes on for every worker alike
		return
	}
	s.engine.Observe(at, &s.seg)
}

// mine says whether a shard belongs to this worker.
func (s *sensor) mine(shard int) bool { return shard%s.workers == s.index }

// panicked tells the first panic, without the frame's octets. What makes one
// decoder panic does the same to those of all workers, and counts once.
func (s *sensor) panicked(f *capture.Frame, r any) {
	if !s.alone && s.index != 0 {
		return
	}
	s.panics++
	if s.panics == 1 {
		s.log.Error("a packet made the decoder fail and was skipped; please report this", "file", f.Origin, "packet", f.Number,
			"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
	}
}

// links gives the state of the interfaces, looked at once a second.
func (s *sensor) links(now time.Time, end bool) []capture.Link {
	if end || now.Sub(s.linksAt) >= time.Second {
		s.linksAt, s.linked = now, s.live.Links()
		if s.place == 0 { // all workers see the same
			s.watcher.log = s.log
			s.watcher.look(s.linked)
		}
	}
	return s.linked
}

// counted gives the counters as they are.
func (s *sensor) counted(end bool) counted {
	stats, err := s.src.Stats()
	if err != nil {
		s.log.Warn("source statistics", "err", err)
	}
	r := counted{stats: stats, undecoded: s.undecoded, fragments: s.packets.Stats().Overruns, counts: s.engine.Counts(), panics: s.panics, first: s.first, last: s.last}
	if s.live != nil {
		r.alive = time.Now()
		r.links = s.links(r.alive, end)
	}
	return r
}

// publish shows the counters to whoever asks.
func (s *sensor) publish(end bool) {
	s.board.put(s.place, s.counted(end))
	// The inventory grows with the network: copying it may take two hundredths
	// of the time, and no more.
	if now := time.Now(); end || now.After(s.nextCopy) {
		n := s.engine.Inventory()
		s.board.note(s.place, n)
		if s.keep != nil {
			s.keep.note(s, n, end)
		}
		s.nextCopy = time.Now().Add(max(time.Second, 50*time.Since(now)))
	}
}
