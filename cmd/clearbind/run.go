package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/alertlog"
	"github.com/prometheus/common/promslog"
	"golang.org/x/term"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitFound  = 3
)

// run is the program: read the command line, read the captures, say what was
// found. It gives the exit status.
func run(args []string, stdout, stderr *os.File) int {
	cfg, err := parse(args, stdout, stderr)
	switch {
	case errors.Is(err, errShown):
		return exitDone
	case err != nil:
		return complain(stderr, err, exitUsage)
	}
	return start(cfg, stdout, stderr)
}

// start opens what the command line names and runs the program.
func start(cfg *config, stdout, stderr *os.File) int {
	cfg.log.Writer = stderr
	log := promslog.New(&cfg.log)
	files, err := capture.Walk(cfg.paths)
	if err != nil {
		return complain(stderr, err, exitFailed)
	}
	out, err := openOutput(cfg, stdout)
	if err != nil {
		return complain(stderr, err, exitFailed)
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves is an error of Write
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if piped(files) {
		cfg.workers = 1 // what is read once has one reader
	}
	p := &program{cfg: cfg, log: log, out: out, stderr: stderr, files: files, board: newBoard(cfg.workers)}
	return p.run(ctx)
}

// complain says what is wrong, a line each.
func complain(stderr io.Writer, err error, status int) int {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			complain(stderr, e, status)
		}
		return status
	}
	say(stderr, "clearbind: %v\n", err)
	return status
}

// say writes a line of stderr. Nobody can be told that it is closed.
func say(stderr io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(stderr, format, args...)
}

// program is what one run has open.
type program struct {
	cfg    *config
	log    *slog.Logger
	out    *output
	stderr *os.File
	files  []string // capture files, in the order they are read
	board  *board
}

// run starts everything, waits for it, and closes it in the order opened.
func (p *program) run(ctx context.Context) int {
	web, err := p.serve()
	if err != nil {
		return complain(p.stderr, err, exitFailed)
	}
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	p.out.board, p.out.cancel = p.board, cancel

	damages, errs := p.read(reading)
	for _, d := range damages {
		errs = append(errs, d)
	}
	failed := len(errs) > 0
	for _, err := range errs {
		complain(p.stderr, err, exitFailed)
	}
	if err := p.out.close(); err != nil {
		complain(p.stderr, err, exitFailed)
		failed = true
	}
	if !p.out.left {
		summarise(p.stderr, p.board, len(p.files), len(damages), ctx.Err() != nil)
	}
	if web != nil {
		web.linger(ctx, p.stderr)
	}
	switch {
	case failed:
		return exitFailed
	case p.out.found && ctx.Err() == nil:
		return exitFound
	}
	return exitDone
}

// read runs the workers and the merge of their alerts until the files are read
// or ctx ends. It gives what could not be read of the files, and what failed.
func (p *program) read(ctx context.Context) ([]*capture.DamagedError, []error) {
	n := p.cfg.workers
	sources := make([]*capture.Sequence, n)
	lanes := make([]<-chan batch, n)
	errs := make([]error, n)
	var wait sync.WaitGroup
	var waiting *pipe // between the source and the worker, where reading may have to wait
	for i := range n {
		sources[i] = capture.OpenFiles(p.files)
		var src capture.Source = sources[i]
		if piped(p.files) {
			waiting = openPipe(src, ctx.Done())
			src = waiting
		}
		// A worker may be this many batches ahead of the one furthest behind.
		lane := make(chan batch, 16)
		lanes[i] = lane
		s := &sensor{
			src: src, engine: detect.New(p.cfg.detect), index: i, workers: n,
			out: lane, board: p.board, log: p.log, crashOnPanic: p.cfg.crashOnPanic,
		}
		// One goroutine a worker: it owns its source, decoder and engine. Ends
		// with its file, or with ctx; wait waits for it.
		wait.Go(func() { errs[i] = errors.Join(s.loop(ctx), src.Close()) })
	}
	bar := startProgress(p.stderr, sources[0])
	merge(lanes, p.out.tell, p.out.flush)
	wait.Wait()
	bar.stop()
	if waiting != nil && !waiting.ended() {
		return nil, clean(errs) // the source is still in a read
	}
	return sources[0].Damages(), clean(errs)
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
