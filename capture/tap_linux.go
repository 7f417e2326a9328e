package capture

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// tap is one interface as one worker watches it: a socket that stays the same
// while the interface comes and goes, as binding it again needs no privilege and
// opening another would.
type tap struct {
	name    string
	link    uint16 // of its frames
	fd      int
	ring    ring
	promisc bool
	echoes  bool // the loopback interface may be among those it gets frames of
	up      bool
	carrier bool
	downs   uint64
	missed  missed
	stats   Stats
}

// openTap opens name for a worker.
func openTap(name string, cfg *LiveConfig, w share) (*tap, error) {
	t := &tap{name: name, fd: -1, promisc: cfg.Promiscuous && name != anyInterface}
	if err := t.open(cfg, w); err != nil {
		_ = t.close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

func (t *tap) open(cfg *LiveConfig, w share) error {
	d, err := lookup(t.name)
	if err != nil {
		return err
	}
	t.link, t.up, t.carrier = linkOf(d.hatype), d.up, d.running
	t.missed = cardMissed("/sys/class/net", t.name)
	t.echoes = t.name == anyInterface || d.hatype == unix.ARPHRD_LOOPBACK
	snaplen := uint32(maxFrame)
	if cfg.Snaplen > 0 {
		snaplen = uint32(min(cfg.Snaplen, maxFrame))
	}
	code, err := cfg.Filter.program(t.link, snaplen, w)
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	if t.fd, err = openSocket(t.link); err != nil {
		return err
	}
	if err := attach(t.fd, code); err != nil {
		return err
	}
	size := cfg.RingSize
	if size <= 0 {
		size = 32 << 20
	}
	if err := t.ring.open(t.fd, size/w.workers); err != nil {
		return err
	}
	return t.bind(d.index)
}

// bind begins to watch an interface, in its mode.
func (t *tap) bind(index int) error {
	if err := bind(t.fd, index); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if t.promisc {
		if err := promiscuous(t.fd, index); err != nil {
			return fmt.Errorf("promiscuous mode: %w", err)
		}
	}
	return nil
}

// check looks how the interface is. One that went down and up again has our
// socket still; one that was made anew under its name has to be bound, and so has
// one that comes back from another network namespace, with the number it had.
func (t *tap) check() {
	d, err := look(t.fd, t.name)
	if err != nil {
		t.mark(device{})
		return
	}
	if d.index != bound(t.fd) {
		t.mark(device{})
		if linkOf(d.hatype) != t.link || t.bind(d.index) != nil {
			return // of another kind, for which the filter is wrong; or gone again
		}
	}
	t.mark(d)
}

func (t *tap) mark(d device) {
	if t.up && !d.up {
		t.downs++
	}
	t.up, t.carrier = d.up, d.running
}

// failed takes the error that the socket waits with: the interface went down,
// if only for a moment.
func (t *tap) failed() {
	if code, err := unix.GetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && unix.Errno(code) == unix.ENETDOWN {
		t.mark(device{})
	}
	t.check()
}

// echo says whether the frame that peek gave is the outgoing half of one on the
// loopback interface, which comes in as well.
func (t *tap) echo() bool {
	if !t.echoes {
		return false
	}
	a := t.ring.address()
	return a.Pkttype == unix.PACKET_OUTGOING && a.Hatype == unix.ARPHRD_LOOPBACK
}

// take lends f the frame h.
func (t *tap) take(h *unix.Tpacket3Hdr, f *Frame) {
	t.ring.take(h, f, t.link == linkSLL2)
	f.Link, f.Origin = t.link, t.name
	t.stats.Frames++
	t.stats.Bytes += uint64(len(f.Data))
}

// count adds what the kernel counted since it was asked last: it begins anew
// with each answer.
func (t *tap) count() error {
	s, err := unix.GetsockoptTpacketStatsV3(t.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return fmt.Errorf("%s: statistics: %w", t.name, err)
	}
	t.stats.Dropped += uint64(s.Drops)
	t.stats.Frozen += uint64(s.Freeze_q_cnt)
	return nil
}

func (t *tap) close() error {
	err := t.ring.close()
	if t.fd >= 0 {
		err = errors.Join(err, unix.Close(t.fd))
		t.fd = -1
	}
	return err
}
