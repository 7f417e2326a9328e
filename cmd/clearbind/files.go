package main

import (
	"context"
	"errors"
	"sync"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/detect"
)

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
			src: src, engine: detect.New(p.cfg.detect), index: i, place: i, workers: n, waits: waiting != nil,
			out: lane, board: p.board, log: p.log, crashOnPanic: p.cfg.crashOnPanic,
		}
		// One goroutine a worker: it owns its source, decoder and engine. Ends
		// with its file, or with ctx; wait waits for it.
		wait.Go(func() {
			defer close(lane)
			errs[i] = errors.Join(s.loop(ctx), src.Close())
		})
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
