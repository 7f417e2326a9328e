package main

import (
	"cmp"

	"github.com/clearbind/clearbind/detect"
)

// merge puts the alerts of several workers into one order, the order of the
// packets that are their evidence, and gives them to tell. Between them it
// calls idle, when it may have to wait. It returns when all channels are closed.
//
// It always receives from the worker that is furthest behind, so a worker that
// is ahead waits for it at its channel, and none waits for ever.
func merge(workers []<-chan batch, tell func(*detect.Alert), idle func()) {
	lanes := make([]lane, len(workers))
	for {
		behind := 0
		for i := range lanes {
			if lanes[i].less(&lanes[behind]) {
				behind = i
			}
		}
		switch l := &lanes[behind]; {
		case len(l.alerts) > 0:
			tell(&l.alerts[0])
			l.alerts = l.alerts[1:]
		case l.over:
			return
		default:
			idle()
			b, ok := <-workers[behind]
			l.alerts, l.upTo, l.over = b.alerts, b.upTo, !ok
		}
	}
}

// lane is what is known of one worker.
type lane struct {
	alerts []detect.Alert // in order
	upTo   uint64         // what is to come is not before this
	over   bool
}

// less says whether l's next alert, or the earliest it could still have, comes
// before o's.
func (l *lane) less(o *lane) bool {
	if l.done() != o.done() {
		return !l.done()
	}
	order, tie := l.next()
	oOrder, oTie := o.next()
	if c := cmp.Compare(order, oOrder); c != 0 {
		return c < 0
	}
	return tie < oTie
}

func (l *lane) done() bool { return l.over && len(l.alerts) == 0 }

func (l *lane) next() (order, tie uint64) {
	if len(l.alerts) > 0 {
		return l.alerts[0].Order, l.alerts[0].Tie + 1
	}
	return l.upTo, 0
}
