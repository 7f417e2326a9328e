package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

// sensor is one worker: a source, its decoder and its engine, owned by one
// goroutine. Several of them read the same files, and each keeps the segments
// of its own pairs of hosts.
type sensor struct {
	src     capture.Source
	packets decode.Packets
	engine  *detect.Engine
	index   int // of workers
	workers int
	out     chan<- batch // closed by the loop
	board   *board
	log     *slog.Logger

	order     uint64
	undecoded [decode.NumReasons]uint64
	panics    uint64
	last      time.Time
}

// batch is what a worker hands over now and then.
type batch struct {
	alerts []detect.Alert
	upTo   uint64 // alerts still to come have no smaller Order
}

const (
	batchFrames = 4096 // frames after which a worker says how far it is, alerts or not
	batchAlerts = 256  // alerts after which it does not wait for that
)

// loop is the program: Next, Decode, Observe.
func (s *sensor) loop(ctx context.Context) error {
	defer close(s.out)
	var (
		frame  capture.Frame
		alerts []detect.Alert
		sent   uint64
	)
	for {
		err := s.src.Next(&frame)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		s.order++
		s.handle(&frame)
		alerts = s.engine.Take(alerts)
		if s.order-sent < batchFrames && len(alerts) < batchAlerts {
			continue
		}
		sent = s.order
		s.out <- batch{alerts, s.engine.Watermark()}
		alerts = nil // handed over
		s.publish(false)
		if ctx.Err() != nil {
			break
		}
	}
	s.engine.Finish()
	s.publish(true)
	s.out <- batch{alerts: s.engine.Take(alerts)}
	return nil
}

// crashOnPanic makes tests die of what the program survives.
var crashOnPanic = false

// handle decodes a frame and shows it to the engine. A panic on the way is
// counted and costs the frame: a blind sensor is worse than a missed packet.
func (s *sensor) handle(f *capture.Frame) {
	defer func() {
		if crashOnPanic {
			return
		}
		if r := recover(); r != nil {
			s.panicked(f, r)
		}
	}()
	at := detect.Packet{Time: f.Time, Order: s.order, Number: f.Number, Origin: f.Origin}
	if f.Time.After(s.last) {
		s.last = f.Time
	}
	var seg decode.Segment
	link := decode.Frame{Link: f.Link, Data: f.Data, WireLen: f.WireLen, Time: f.Time, VLAN: f.VLAN}
	why := s.packets.Decode(&link, &seg)
	s.undecoded[why]++
	if why != decode.OK || seg.Shard()%s.workers != s.index {
		s.engine.Tick(&at) // packet time goes on for every worker alike
		return
	}
	s.engine.Observe(&at, &seg)
}

// panicked tells the first panic, without the frame's octets.
func (s *sensor) panicked(f *capture.Frame, r any) {
	s.panics++
	if s.panics == 1 {
		s.log.Error("a packet made the decoder fail and was skipped; please report this", "file", f.Origin, "packet", f.Number,
			"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
	}
}

// publish shows the counters to whoever asks.
func (s *sensor) publish(end bool) {
	stats, err := s.src.Stats()
	if err != nil {
		s.log.Warn("source statistics", "err", err)
	}
	s.board.put(s.index, report{
		stats: stats, undecoded: s.undecoded, counts: s.engine.Counts(), panics: s.panics, last: s.last,
	}, func() *detect.Exposed { return s.engine.Exposed() }, end)
}
