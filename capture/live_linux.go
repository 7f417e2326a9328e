package capture

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// idleTick is after how long without a frame Next gives ErrIdle.
	idleTick = 250 * time.Millisecond
	// settleTime is for how long a frame of one interface waits for an earlier one
	// of another, whose block the kernel still holds.
	settleTime = 2 * blockWait * time.Millisecond
	// checkEvery frames, one interface that is away is looked for, while others
	// leave no idle moment for it.
	checkEvery = 4096
)

// Live is a Source of the frames that arrive at network interfaces: those of one
// worker. It owns a socket and a ring an interface. An interface that goes away
// ends nothing: it is picked up when it comes back.
type Live struct {
	taps    []*tap
	fds     []unix.PollFd // of taps
	frames  uint64
	settled int64 // frames of this time, in nanoseconds since 1970, and before wait for no others
	closed  bool
}

// OpenLive begins to watch, and gives a Source for each worker, whose frames
// wait from now on. Every frame is one worker's; those between two addresses,
// in either direction, on any interface, whole or in fragments, are the same
// one's. Those of tunnels, whose addresses do not tell, are the first one's.
//
// An interface that is down is no error: it is not up yet. One that does not
// exist is.
func OpenLive(cfg LiveConfig) ([]*Live, error) {
	if len(cfg.Interfaces) == 0 {
		return nil, errors.New("no interface to watch")
	}
	for i, name := range cfg.Interfaces {
		if slices.Contains(cfg.Interfaces[:i], name) || len(cfg.Interfaces) > 1 && name == anyInterface {
			return nil, fmt.Errorf("%s: each frame would be seen twice", name)
		}
	}
	workers := max(cfg.Workers, 1)
	all := make([]*Live, 0, workers)
	for w := range workers {
		l := &Live{fds: make([]unix.PollFd, len(cfg.Interfaces))}
		all = append(all, l)
		for _, name := range cfg.Interfaces {
			t, err := openTap(name, &cfg, share{w, workers})
			if err != nil {
				for _, l := range all {
					_ = l.Close()
				}
				return nil, err
			}
			l.taps = append(l.taps, t)
		}
	}
	return all, nil
}

// Next implements Source. It waits for one tick at most.
func (l *Live) Next(f *Frame) error {
	*f = Frame{}
	if l.closed {
		return os.ErrClosed
	}
	var end time.Time // of the tick
	for {
		t, h, wait := l.first()
		if h != nil && wait == 0 {
			if t.echo() {
				t.ring.skip(h)
				continue
			}
			t.take(h, f)
			l.frames++
			f.Number = l.frames
			if l.frames%checkEvery == 0 {
				l.seek()
			}
			return nil
		}
		now := time.Now()
		if end.IsZero() {
			end = now.Add(idleTick)
		}
		if !now.Before(end) {
			l.check()
			return ErrIdle
		}
		if err := l.poll(min(wait, end.Sub(now))); err != nil {
			return err
		}
	}
}

// first gives the earliest frame there is, and for how long it has to wait: an
// interface that is up may have an earlier one that is not there yet.
func (l *Live) first() (from *tap, first *unix.Tpacket3Hdr, wait time.Duration) {
	lacking := false
	for _, t := range l.taps {
		h := t.ring.peek()
		if h == nil {
			lacking = lacking || t.up
			continue
		}
		if first == nil || h.Sec < first.Sec || h.Sec == first.Sec && h.Nsec < first.Nsec {
			from, first = t, h
		}
	}
	switch {
	case first == nil:
		return nil, nil, idleTick
	case !lacking || len(l.taps) == 1:
		return from, first, 0
	}
	stamp := int64(first.Sec)*1e9 + int64(first.Nsec)
	if stamp <= l.settled {
		return from, first, 0
	}
	now := time.Now().UnixNano()
	l.settled = now - int64(settleTime)
	if stamp <= l.settled || stamp > now { // later than now: the clock was set back
		return from, first, 0
	}
	return from, first, time.Duration(stamp - l.settled)
}

// poll waits for frames of the interfaces that have none.
func (l *Live) poll(wait time.Duration) error {
	for i, t := range l.taps {
		l.fds[i] = unix.PollFd{Fd: int32(t.fd), Events: unix.POLLIN}
		if t.ring.left > 0 {
			l.fds[i].Fd = -1 // passed over
		}
	}
	ms := int((wait + time.Millisecond - 1) / time.Millisecond)
	if _, err := unix.Poll(l.fds, ms); err != nil {
		if errors.Is(err, unix.EINTR) {
			return nil // the runtime's signals do that
		}
		return fmt.Errorf("wait for frames: %w", err)
	}
	for i, t := range l.taps {
		if l.fds[i].Revents&unix.POLLERR != 0 {
			t.failed()
		}
	}
	return nil
}

// check looks how all interfaces are.
func (l *Live) check() {
	for _, t := range l.taps {
		t.check()
	}
}

// seek looks for those that are away.
func (l *Live) seek() {
	for _, t := range l.taps {
		if !t.up {
			t.check()
		}
	}
}

// Links gives the state of each interface, as it was at the last tick. The
// caller owns the slice; like Next, it is for the goroutine that owns l.
func (l *Live) Links() []Link {
	links := make([]Link, len(l.taps))
	for i, t := range l.taps {
		if !l.closed {
			_ = t.count() // Stats tells the error
		}
		links[i] = Link{Name: t.name, Up: t.up, Carrier: t.carrier, Downs: t.downs, Missed: t.missed.count(), Stats: t.stats}
	}
	return links
}

// Stats implements Source: of all interfaces together.
func (l *Live) Stats() (sum Stats, err error) {
	for _, t := range l.taps {
		if !l.closed {
			err = errors.Join(err, t.count())
		}
		sum.Add(t.stats)
	}
	return sum, err
}

// Close implements Source. It is for the goroutine that owns l: Next never waits
// longer than a tick, so nobody has to wake it.
func (l *Live) Close() (err error) {
	if l.closed {
		return nil
	}
	_, err = l.Stats() // the last word on what was dropped
	l.closed = true
	for _, t := range l.taps {
		err = errors.Join(err, t.close())
	}
	return err
}
