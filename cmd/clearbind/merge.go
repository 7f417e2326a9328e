package main

import (
	"cmp"

	"github.com/clearbind/clearbind/detect"
)

// merge puts the alerts of n workers into one order, the order of the packets
// that are their evidence, and gives them to tell. It calls idle when it has to
// wait for more, shows each batch to took as it comes, and returns when every
// worker has said that it is over.
//
// It takes what comes from whichever worker: one that is ahead is never made to
// wait for another, or both could wait for ever for the files they share.
func merge(n int, in <-chan batch, tell func(*detect.Alert), idle func(), took func(*batch)) {
	lanes := make([]lane, n)
	for {
		behind := &lanes[0]
		for i := range lanes {
			if lanes[i].less(behind) {
				behind = &lanes[i]
			}
		}
		switch {
		case len(behind.alerts) > 0:
			tell(&behind.alerts[0])
			behind.alerts = behind.alerts[1:]
		case behind.over:
			return
		default:
			b := next(in, idle)
			lanes[b.worker].add(&b)
			took(&b)
		}
	}
}

// next waits for a batch.
func next(in <-chan batch, idle func()) batch {
	select {
	case b := <-in:
		return b
	default:
		idle()
		return <-in
	}
}

// lane is what is known of one worker.
type lane struct {
	alerts []detect.Alert // in order
	upTo   uint64         // what is to come is not before this
	over   bool
}

func (l *lane) add(b *batch) {
	if len(l.alerts) == 0 {
		l.alerts = b.alerts
	} else {
		l.alerts = append(l.alerts, b.alerts...)
	}
	l.upTo, l.over = b.upTo, b.over
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
