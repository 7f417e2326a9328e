package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/event2889"
	"github.com/clearbind/clearbind/internal/inventory"
	"github.com/prometheus/common/promslog"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitFound  = 3
)

// run is the program: read the command line, read the captures or watch the
// interfaces, say what was found. It gives the exit status.
func run(args []string, stdout, stderr *os.File) int {
	if len(args) > 0 && args[0] == "diff" {
		return diff(args[1:], stdout, stderr)
	}
	if len(args) > 0 && args[0] == "report" {
		return fleet(args[1:], stdout, stderr)
	}
	cfg, err := parse(args, stdout, stderr)
	switch {
	case err != nil:
		return stopped(stderr, err)
	case cfg.listInterfaces:
		return listInterfaces(stdout, stderr)
	case cfg.checkOnly:
		return checked(cfg, stdout, stderr)
	}
	return start(cfg, stdout, stderr)
}

// stopped gives the exit status of a command line that leaves nothing to do.
func stopped(stderr io.Writer, err error) int {
	switch {
	case errors.Is(err, errShown):
		return exitDone
	case errors.Is(err, errStdout):
		return complain(stderr, err, exitFailed)
	default:
		return complain(stderr, err, exitUsage)
	}
}

// start opens what the command line names and runs the program.
func start(cfg *config, stdout, stderr *os.File) int {
	cfg.log.Writer = stderr
	p := &program{cfg: cfg, log: promslog.New(&cfg.log), stderr: stderr}
	for _, note := range cfg.notes() {
		p.log.Warn(note)
	}
	var err error
	if p.events, err = readEvents(cfg.events); err != nil {
		return complain(stderr, err, exitFailed)
	}
	if !cfg.live() {
		if p.files, err = capture.Walk(cfg.paths); err != nil {
			return complain(stderr, err, exitFailed)
		}
	}
	if err := apart(cfg, p.files, stdout); err != nil {
		return complain(stderr, err, exitUsage)
	}
	if errs := p.checkReports(); len(errs) > 0 {
		return complain(stderr, errors.Join(errs...), exitFailed)
	}
	if cfg.live() {
		if p.sources, err = openLive(cfg); err != nil {
			return complain(stderr, hint(err), exitFailed)
		}
	}
	if p.out, err = openOutput(cfg, p.log, stdout); err != nil {
		return complain(stderr, err, exitFailed)
	}
	if p.zeek, err = openZeek(cfg, p.log); err != nil {
		return complain(stderr, err, exitFailed)
	}
	if p.keeper, err = keep(cfg, p.log); err != nil {
		return complain(stderr, err, exitFailed)
	}
	p.board = newBoard(cfg.workers, cfg.interfaces)
	p.board.keeper = p.keeper
	if err := p.openEvidence(); err != nil {
		return complain(stderr, err, exitFailed)
	}
	if cfg.file != "" {
		p.board.configured(true, time.Now())
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves is an error of Write
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends what does not end by itself: the first may come while
	// an output takes nothing.
	context.AfterFunc(ctx, stop)
	return p.run(ctx)
}

// complain says what is wrong, a line each. Files may have any names, and a folder
// of captures comes from anybody.
func complain(stderr io.Writer, err error, status int) int {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			complain(stderr, e, status)
		}
		return status
	}
	say(stderr, "clearbind: %s\n", detect.Plain(err.Error()))
	return status
}

// show writes what was asked for to stdout, and says whether that went well.
func show(stdout, stderr io.Writer, text []byte) int {
	if _, err := stdout.Write(text); err != nil {
		return complain(stderr, fmt.Errorf("%w: %v", errStdout, err), exitFailed)
	}
	return exitDone
}

// say writes to stderr, or to what goes there. Nobody can be told that it is closed.
func say(stderr io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(stderr, format, args...)
}

// program is what one run has open.
type program struct {
	cfg     *config
	log     *slog.Logger
	out     *output
	zeek    *zeekLogs // nil: none are wanted
	stderr  *os.File
	events  *event2889.List // nil: none
	files   []string        // capture files, in the order they are read
	sources []*capture.Live // or interfaces, a source for each worker
	board   *board
	keeper  *inventory.Keeper                // nil: the inventory is in memory only
	reloads []*atomic.Pointer[detect.Config] // live: a new configuration for each worker
	proofs  proofs                           // live
	reopen  chan struct{}                    // live: the alert log was rotated
	untold  atomic.Int64                     // live: alerts of the batch being told that are still to be
	stuck   bool                             // the output takes nothing any more, and is not looked at again
}

// run starts everything, waits for it, and closes it in the order opened.
func (p *program) run(ctx context.Context) int {
	web, err := p.serve()
	if err != nil {
		return complain(p.stderr, err, exitFailed)
	}
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	p.out.board = p.board
	if p.alertsOnly() {
		p.out.cancel = cancel
	}
	if p.zeek != nil {
		p.zeek.board = p.board
	}

	var damages []*capture.DamagedError
	var errs []error
	if p.cfg.live() {
		errs = p.guard(reading)
	} else {
		damages, errs = p.read(reading)
	}
	interrupted := reading.Err() != nil && !p.cfg.live() // what comes later interrupts no reading
	for _, d := range damages {
		errs = append(errs, d)
	}
	if !p.stuck {
		errs = append(errs, p.out.close()) // what is lost by it is in the reports
	}
	errs = append(errs, p.zeek.close(), p.closeEvidence())
	if p.keeper != nil {
		errs = append(errs, p.keeper.Close())
	}
	p.board.ended(len(damages), interrupted)
	errs = clean(append(errs, p.writeReports()...))
	for _, err := range errs {
		complain(p.stderr, err, exitFailed)
	}
	seen := p.board.state()
	if p.stuck || !p.out.left || !p.alertsOnly() {
		summarise(p.stderr, p, seen)
	}
	if web != nil {
		web.linger(ctx, p.stderr, p.cfg.live())
	}
	switch {
	case len(errs) > 0:
		return exitFailed
	case p.cfg.failOn != 0 && !interrupted && found(&seen.Detect, p.cfg.failOn):
		return exitFound
	}
	return exitDone
}

// alertsOnly says whether the alerts are all that the run is for: once nobody
// reads them, nothing is left to do. A sensor whose reader has gone is one, too.
func (p *program) alertsOnly() bool {
	return p.cfg.live() || p.cfg.failOn == 0 && len(p.cfg.reports) == 0 && p.zeek == nil && len(*p.cfg.web.WebListenAddresses) == 0
}

// where says what was read, in words.
func (p *program) where() string {
	if p.cfg.live() {
		return "on " + joinWords(p.cfg.interfaces)
	}
	return "in " + count(uint64(len(p.files)), "file")
}

// clean leaves out what is no error.
func clean(errs []error) []error {
	var left []error
	for _, err := range errs {
		if err != nil {
			left = append(left, err)
		}
	}
	return left
}
