package main

import (
	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

// router says which worker a frame of files is for. Where a glance tells
// that, the others are spared it; all get those that a glance does not
// understand, those at which packet time makes a step, and now and then one, so
// that each can say how far it is.
type router struct {
	ports   *detect.Ports
	workers int
	all     bool // somebody wants to see every frame
	clock   detect.Clock
	alone   int // frames since one went to all
}

// route gives a frame that makes it fail to all: they survive a panic, and
// count it, where the goroutine that reads would end the process.
func (r *router) route(f *capture.Frame) (to int) {
	defer func() {
		if recover() != nil {
			to = capture.ToAll
		}
	}()
	step := r.clock.Step(f.Time)
	r.alone++
	brief, plain := decode.Glance(f.Link, f.Data)
	switch {
	case r.all, step, !plain, r.alone >= batchFrames:
		r.alone = 0
		return capture.ToAll
	case !r.ports.Watches(brief.Src, brief.Dst):
		return capture.ToNone
	}
	if r.workers == 1 {
		return 0
	}
	return brief.Shard() % r.workers
}
