package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/alertlog"
	"golang.org/x/term"
)

// output is where alerts go. The merge's goroutine owns it.
type output struct {
	file   *os.File
	buf    *bufio.Writer
	write  func(*detect.Alert) error
	board  *board
	cancel context.CancelFunc
	least  detect.Severity // told
	failOn detect.Severity // 0: none
	found  bool            // something at failOn or above
	left   bool            // whoever read the alerts has gone
	err    error           // the first that is not that
}

func openOutput(cfg *config, stdout *os.File) (*output, error) {
	o := &output{file: stdout, least: cfg.minSeverity, failOn: cfg.failOn}
	if cfg.output != "-" {
		file, err := os.OpenFile(cfg.output, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640) //nolint:gosec // log shippers read by group
		if err != nil {
			return nil, fmt.Errorf("--output: %w", err)
		}
		o.file = file
	}
	o.buf = bufio.NewWriterSize(o.file, 64<<10)
	terminal := term.IsTerminal(int(o.file.Fd()))
	if cfg.format == "text" || cfg.format == "auto" && terminal {
		color := terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		o.write = alertlog.NewText(o.buf, color).Write
	} else {
		o.write = alertlog.NewJSON(o.buf, alertlog.Observer{}).Write
	}
	return o, nil
}

// tell writes an alert, if it is grave enough.
func (o *output) tell(a *detect.Alert) {
	if o.failOn != 0 && a.Severity >= o.failOn {
		o.found = true
	}
	if a.Severity < o.least {
		return
	}
	if o.err != nil || o.left {
		o.board.lose(1)
		return
	}
	o.failed(o.write(a))
}

// flush hands on what was written so far.
func (o *output) flush() {
	if o.err == nil && !o.left {
		o.failed(o.buf.Flush())
	}
}

func (o *output) failed(err error) {
	switch {
	case err == nil:
	case errors.Is(err, syscall.EPIPE):
		o.left = true // as in "clearbind … | head": nobody is there to tell
		o.cancel()
	default:
		o.err = fmt.Errorf("alerts are lost: %w", err)
	}
}

func (o *output) close() error {
	o.flush()
	err := o.err
	if o.file != os.Stdout {
		err = errors.Join(err, o.file.Close())
	}
	return err
}
