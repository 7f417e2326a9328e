package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/alertlog"
	"github.com/clearbind/clearbind/internal/evidence"
	"github.com/prometheus/common/version"
	"golang.org/x/term"
)

// output is where alerts go. One goroutine owns it: the merge's, or the
// teller's of a live sensor.
type output struct {
	path     string // "-": stdout; "": a syslog destination
	file     *os.File
	remote   *alertlog.Remote
	buf      *bufio.Writer
	write    func(*detect.Alert) error
	evidence *evidence.Writer // nil: none is asked for
	log      *slog.Logger
	board    *board
	cancel   context.CancelFunc // ends the reading when nobody reads the alerts; nil: it goes on
	least    detect.Severity    // told
	survives bool               // a sensor goes on when alerts cannot be written
	left     bool               // whoever read the alerts has gone
	sent     int64              // octets of alerts that file took
	ends     []int64            // where each alert in buf ends, counted as sent is
	unsent   atomic.Int64       // alerts that were told and that file does not have; anybody reads it
	within   bool               // what was written ends within a line, as buffers do
	torn     bool               // and will not go on
	err      error              // the last error of writing; nil: it works
}

func openOutput(cfg *config, log *slog.Logger, stdout *os.File) (*output, error) {
	o := &output{log: log, least: cfg.minSeverity, survives: cfg.live()}
	observer := alertlog.Observer{}
	if cfg.live() {
		observer.Hostname, _ = os.Hostname() // a sensor without a name has none
		observer.Hostname = detect.NewPseudonyms(cfg.detect.PseudonymKey).Of(observer.Hostname)
		observer.Version, observer.Live = version.Version, true
	}
	if alertlog.IsDestination(cfg.output) {
		return o.openSyslog(cfg, observer)
	}
	o.path, o.file = cfg.output, stdout
	if cfg.output != "-" {
		if err := o.open(); err != nil {
			return nil, err
		}
	}
	o.buf = bufio.NewWriterSize(o, 64<<10)
	terminal := term.IsTerminal(int(o.file.Fd()))
	switch {
	case cfg.format == "syslog":
		o.write = alertlog.NewSyslog(o.buf, alertlog.SyslogConfig{Observer: observer, Facility: alertlog.Authpriv, PID: pid(cfg)}).Write
	case cfg.format == "text" || cfg.format == "auto" && terminal:
		color := terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		o.write = alertlog.NewText(o.buf, color).Write
	default:
		o.write = alertlog.NewJSON(o.buf, observer).Write
	}
	return o, nil
}

// pid is told by sensors only: the alerts of a file are the same everywhere.
func pid(cfg *config) int {
	if cfg.live() {
		return os.Getpid()
	}
	return 0
}

func (o *output) openSyslog(cfg *config, observer alertlog.Observer) (*output, error) {
	remote, err := alertlog.OpenRemote(cfg.syslog)
	if err != nil {
		return nil, fmt.Errorf("--output: %w", err)
	}
	o.remote, o.buf = remote, bufio.NewWriter(io.Discard)
	o.write = alertlog.NewSyslog(remote, alertlog.SyslogConfig{Observer: observer, Facility: cfg.syslog.Facility, PID: os.Getpid()}).Write
	return o, nil
}

func (o *output) open() error {
	file, err := os.OpenFile(o.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640) //nolint:gosec // log shippers read by group
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	o.file = file
	return nil
}

// reopen follows a file that was rotated away, and sees whether there is room
// for evidence again.
func (o *output) reopen() {
	if o.evidence != nil {
		o.evidence.Rescan()
	}
	if o.path == "-" || o.path == "" {
		return
	}
	o.flush()
	old := o.file
	if err := o.open(); err != nil {
		o.log.Error("the alert log cannot be opened anew; the old file is written on", "err", err)
		return
	}
	o.torn, o.within = false, false
	_ = old.Close() // what it had was flushed
}

// Write implements io.Writer below the buffer.
func (o *output) Write(p []byte) (int, error) {
	if o.torn { // end the line that a full disk has cut
		if _, err := o.file.WriteString("\n"); err != nil {
			return 0, err
		}
		o.within = false
	}
	n, err := o.file.Write(p)
	o.sent += int64(n)
	o.settle()
	if n > 0 {
		o.within = p[n-1] != '\n'
	}
	o.torn = err != nil && o.within
	return n, err
}

// toTell counts the alerts that are grave enough to be told.
func toTell(alerts []detect.Alert, least detect.Severity) (n int) {
	for i := range alerts {
		if alerts[i].Severity >= least {
			n++
		}
	}
	return n
}

// settle strikes off the alerts that file has.
func (o *output) settle() {
	n := 0
	for n < len(o.ends) && o.ends[n] <= o.sent {
		n++
	}
	o.ends = slices.Delete(o.ends, 0, n)
	o.unsent.Add(int64(-n))
}

// tell writes an alert, if it is grave enough.
func (o *output) tell(a *detect.Alert) {
	if a.Severity < o.least {
		return
	}
	if o.left {
		return // not lost: not wanted
	}
	if o.err != nil && !o.survives {
		o.board.lose(1)
		return
	}
	o.prove(a)
	o.unsent.Add(1)
	err := o.write(a)
	switch {
	case err != nil:
	case o.remote != nil:
		o.unsent.Store(0) // one message is one write
	default:
		o.ends = append(o.ends, o.sent+int64(o.buf.Buffered()))
		o.settle()
	}
	o.wrote(err)
}

// flush hands on what was written so far.
func (o *output) flush() {
	if o.left || o.err != nil && !o.survives {
		return
	}
	pending := o.buf.Buffered() > 0
	err := o.buf.Flush()
	if pending || err != nil {
		o.wrote(err)
	}
}

// wrote takes what came of a write. A sensor counts what is lost, says so once,
// and goes on; elsewhere the first error is the last.
func (o *output) wrote(err error) {
	switch {
	case err == nil:
		if o.err != nil && o.survives && o.buf.Buffered() == 0 {
			o.log.Info("alerts can be written again")
			o.err = nil
		}
		return
	case errors.Is(err, syscall.EPIPE) && o.remote == nil:
		o.left = true // as in "clearbind … | head": nobody is there to tell
		if o.cancel != nil {
			o.cancel()
		}
		return
	}
	o.board.lose(int(o.unsent.Swap(0)))
	o.ends = o.ends[:0]
	if o.file != nil {
		o.buf.Reset(o) // or it would give the same error for ever
	}
	if o.err == nil && o.survives { // elsewhere it ends the run, which says so
		o.log.Error("alerts are lost", "err", err)
	}
	o.err = fmt.Errorf("alerts are lost: %w", err)
}

func (o *output) close() error {
	o.flush()
	err := o.err
	switch {
	case o.remote != nil:
		err = errors.Join(err, o.remote.Close())
	case o.path != "-":
		err = errors.Join(err, o.file.Close())
	}
	return err
}
