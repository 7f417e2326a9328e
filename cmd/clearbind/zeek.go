package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/zeeklog"
)

// queuedRecords are batches of records that wait while the disk stalls: at some
// three hundred a batch about 10 MB. Full means that lines are lost and counted.
const queuedRecords = 64

// zeekLogs are the logs of --zeek-logs. One goroutine owns them: the merge's, or
// that of a live sensor which writes them. nil: none are wanted.
type zeekLogs struct {
	logs     *zeeklog.Logs
	log      *slog.Logger
	board    *board
	survives bool                 // a sensor goes on when lines cannot be written
	lane     chan []detect.Record // live: what waits to be written
	reopen   chan struct{}        // live: the files were rotated
	written  chan struct{}        // live: closed when all of lane is
	err      error                // the last error of writing; nil: it works
	stuck    bool                 // the disk takes nothing any more
}

func openZeek(cfg *config, log *slog.Logger) (*zeekLogs, error) {
	if cfg.zeekLogs == "" {
		return nil, nil
	}
	logs, err := zeeklog.Open(cfg.zeekLogs)
	if err != nil {
		return nil, fmt.Errorf("--zeek-logs: %w", err)
	}
	return &zeekLogs{
		logs: logs, log: log, survives: cfg.live(),
		lane: make(chan []detect.Record, queuedRecords), reopen: make(chan struct{}, 1), written: make(chan struct{}),
	}, nil
}

// tell writes a record's line.
func (z *zeekLogs) tell(r *detect.Record) {
	if z.err != nil && !z.survives {
		z.board.loseRecords(1)
		return
	}
	z.wrote(z.logs.Write(r))
}

func (z *zeekLogs) flush() {
	if z.logs.Waiting() && (z.err == nil || z.survives) {
		lost, err := z.logs.Flush()
		z.wrote(lost, err)
		if z.err != nil && err == nil {
			z.log.Info("lines of the Zeek logs can be written again")
			z.err = nil
		}
	}
}

// wrote takes what came of a write. A sensor counts what is lost, says so once,
// and goes on; elsewhere the first error is the last.
func (z *zeekLogs) wrote(lost int, err error) {
	if err == nil {
		return
	}
	z.board.loseRecords(lost)
	if z.err == nil {
		z.log.Error("--zeek-logs", "err", err)
	}
	z.err = fmt.Errorf("--zeek-logs: %w", err)
}

// write writes what a live sensor's workers hand over, and follows the files
// where they are rotated. It returns when lane is closed.
func (z *zeekLogs) write() {
	defer close(z.written)
	for {
		select {
		case records, ok := <-z.lane:
			if !ok {
				return
			}
			for i := range records {
				z.tell(&records[i])
			}
			if len(z.lane) == 0 {
				z.flush()
			}
		case <-z.reopen:
			z.wrote(z.logs.Reopen())
		}
	}
}

// finish waits for what a live sensor's workers have handed over.
func (z *zeekLogs) finish() error {
	if z == nil {
		return nil
	}
	close(z.lane)
	select {
	case <-z.written:
		return nil
	case <-time.After(lastWords):
		z.stuck = true
		return fmt.Errorf("--zeek-logs: the disk is stuck: %d batches of lines are lost", len(z.lane))
	}
}

func (z *zeekLogs) close() error {
	if z == nil || z.stuck {
		return nil
	}
	if lost, err := z.logs.Close(); err != nil {
		z.wrote(lost, err)
	}
	return z.err
}

// recordMerge puts the records of several workers that read the same files into
// one order, the order of the packets that completed them.
type recordMerge struct {
	lanes []recordLane
	tell  func(*detect.Record)
}

// recordLane is what is known of one worker.
type recordLane struct {
	records []detect.Record // in order
	upTo    uint64          // what is to come is not before this
	over    bool
}

// take adds what a worker handed over, and tells what no worker can have
// anything before.
func (m *recordMerge) take(b *batch) {
	l := &m.lanes[b.worker]
	l.records = append(l.records, b.records...)
	l.upTo, l.over = b.recordsUpTo, b.over
	for {
		behind := &m.lanes[0]
		for i := range m.lanes {
			if m.lanes[i].compare(behind) < 0 {
				behind = &m.lanes[i]
			}
		}
		if len(behind.records) == 0 {
			return // and waits for that one, or for none
		}
		m.tell(&behind.records[0])
		behind.records = behind.records[1:]
	}
}

// compare orders lanes by their next record, or the earliest they could have.
func (l *recordLane) compare(o *recordLane) int {
	ended, oEnded := l.over && len(l.records) == 0, o.over && len(o.records) == 0
	if ended || oEnded {
		switch {
		case ended && oEnded:
			return 0
		case ended:
			return 1
		}
		return -1
	}
	order, tie := l.next()
	oOrder, oTie := o.next()
	return cmp.Or(cmp.Compare(order, oOrder), cmp.Compare(tie, oTie))
}

func (l *recordLane) next() (order, tie uint64) {
	if len(l.records) > 0 {
		return l.records[0].Order, l.records[0].Tie + 1
	}
	return l.upTo, 0
}
