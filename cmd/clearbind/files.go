package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/detect"
)

// read runs the workers and the merge of their alerts until the files are read
// or ctx ends. It gives what could not be read of the files, and what failed.
func (p *program) read(ctx context.Context) ([]*capture.DamagedError, []error) {
	n, waits := p.cfg.workers, piped(p.files)
	files := capture.OpenFiles(p.files)
	r := &router{ports: detect.NewPorts(&p.cfg.detect), workers: n, all: p.keeper != nil}
	var shared *capture.Shared
	if n > 1 || waits {
		shared = capture.Share(files, n, r.route, ctx.Done())
	}
	out := make(chan batch, 4*n)
	errs := make([]error, n+1)
	var wait sync.WaitGroup
	for i := range n {
		s := &sensor{
			engine: detect.New(share(p.cfg.detect, n)), index: i, place: i, workers: n, waits: waits,
			out: out, board: p.board, log: p.log, crashOnPanic: p.cfg.crashOnPanic,
		}
		if shared != nil {
			s.routed = shared.Reader(i)
		} else {
			s.routed = capture.Sift(files, r.route)
		}
		s.src = s.routed
		s.keep = newKeeping(p.keeper, s)
		// One goroutine a worker: it owns its source, decoder and engine. Ends
		// with its source, or with ctx; wait waits for it.
		wait.Go(func() {
			errs[i] = errors.Join(s.loop(ctx), s.src.Close())
			out <- batch{worker: i, over: true}
		})
	}
	bar := startProgress(p.stderr, files)
	records := recordMerge{lanes: make([]recordLane, n)}
	if p.zeek != nil {
		records.tell = p.zeek.tell
	}
	merge(n, out, p.out.tell, p.flush, records.take)
	wait.Wait()
	bar.stop()
	if shared != nil {
		if waits && ctx.Err() != nil {
			select {
			case <-shared.Over():
			default:
				return nil, clean(errs) // files are still in a read, which may last as long as its writer likes
			}
		}
		<-shared.Over()
		errs[n] = files.Close()
	}
	return files.Damages(), clean(errs)
}

// flush hands on what was found so far.
func (p *program) flush() {
	p.out.flush()
	if p.zeek != nil {
		p.zeek.flush()
	}
}

// piped says whether one of files can be read only once, and may keep its
// reader waiting.
func piped(files []string) bool {
	return slices.ContainsFunc(files, func(path string) bool {
		if path == "-" {
			return true
		}
		info, err := os.Stat(path)
		return err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeCharDevice) != 0
	})
}
