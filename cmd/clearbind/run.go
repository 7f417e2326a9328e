package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/clearbind/clearbind/capture"
	"github.com/prometheus/common/promslog"
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
