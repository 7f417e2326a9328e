package alertlog

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

// errDown says that the destination failed a moment ago and is not asked again
// yet. The alert is lost.
var errDown = errors.New("the syslog destination is down")

var errClosed = errors.New("the collector closed the connection at once")

const (
	remoteTimeout = 3 * time.Second // for one Write: to connect, to shake hands, and to hand over
	firstPause    = 100 * time.Millisecond
	longestPause  = 30 * time.Second
	refusal       = time.Second // a connection that the peer closes within this was refused
	patience      = 200 * time.Millisecond
)

// Remote sends lines to a syslog destination. It connects with the first line,
// and again when the connection is gone, after a pause that doubles from 100 ms
// to 30 s. A Write ends within 3 s with the line handed to the kernel or with an
// error: then the line is lost, and the caller counts it. One goroutine uses it.
type Remote struct {
	dest    Destination
	tls     *tls.Config
	now     func() time.Time // for pauses
	timeout time.Duration    // of one Write
	conn    net.Conn         // nil: none
	frame   func(dst, line []byte) []byte
	gone    chan struct{} // closed when the peer of a stream has closed it; nil: conn is no stream
	buf     []byte

	pause time.Duration // after the next failure
	until time.Time     // no attempt before
	cause error         // of the pause

	refused error // why the peer closed conn as soon as it was there; nil: it did not
}

// OpenRemote reads the certificates that d names; it does not connect yet, as a
// collector may come up later than the sensor.
func OpenRemote(d Destination) (*Remote, error) {
	r := &Remote{dest: d, now: time.Now, timeout: remoteTimeout}
	if d.Network != "tls" {
		return r, nil
	}
	var err error
	if r.tls, err = d.tls(); err != nil {
		return nil, err
	}
	return r, nil
}

// Write sends one line. It borrows line until it returns.
func (r *Remote) Write(line []byte) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.timeout)
	defer cancel()
	if r.conn != nil {
		var err error
		if !r.closedByPeer() {
			if err = r.hand(ctx, line); err == nil {
				r.pause, r.cause = 0, nil // it has outlived its first line
				return len(line), nil
			}
		}
		// The peer may have gone long ago: a new connection has the last word,
		// unless the time is up, or this one was refused as soon as it was there.
		r.drop()
		switch {
		case r.refused != nil:
			return 0, r.failed(r.refused)
		case errors.Is(err, os.ErrDeadlineExceeded):
			return 0, r.failed(err)
		}
	}
	if err := r.connect(ctx); err != nil {
		return 0, err
	}
	if err := r.hand(ctx, line); err != nil {
		r.drop() // half a frame may be out: nothing may follow it
		return 0, r.failed(err)
	}
	return len(line), nil
}

// hand frames the line and gives it to the kernel.
func (r *Remote) hand(ctx context.Context, line []byte) error {
	r.buf = r.frame(r.buf[:0], bytes.TrimSuffix(line, []byte("\n")))
	deadline, _ := ctx.Deadline()
	if err := r.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := r.conn.Write(r.buf)
	return err
}

func (r *Remote) connect(ctx context.Context) error {
	if r.now().Before(r.until) {
		return fmt.Errorf("%w: %w", errDown, r.cause)
	}
	conn, err := r.dial(ctx)
	if err != nil {
		return r.failed(err)
	}
	r.conn, r.gone, r.refused = conn, nil, nil
	switch conn.LocalAddr().Network() {
	case "unixgram", "udp":
		r.frame = func(dst, line []byte) []byte { return append(dst, line...) }
		return nil
	case "unix":
		r.frame = func(dst, line []byte) []byte { return append(append(dst, line...), '\n') } // RFC 6587 3.4.2
	default:
		r.frame = func(dst, line []byte) []byte { // octet counting: RFC 6587 3.4.1, RFC 5425 4.3
			return append(append(strconv.AppendInt(dst, int64(len(line)), 10), ' '), line...)
		}
	}
	r.watch()
	if r.tls == nil {
		return nil
	}
	// In TLS 1.3 a server judges our certificate when our side of the handshake
	// is already done: a moment's patience tells a refusal from a connection.
	select {
	case <-r.gone:
		r.drop()
		return r.failed(cmp.Or(r.refused, errClosed))
	case <-time.After(patience):
		return nil
	}
}

// watch waits for the peer to close a stream. A collector never says anything,
// and a line written into a stream that it has closed would be lost unnoticed.
func (r *Remote) watch() {
	conn, gone := r.conn, make(chan struct{})
	r.gone = gone
	start := r.now()
	// Ends with the connection, which drop closes and then waits. Until gone is
	// closed, refused is its.
	go func() {
		defer close(gone)
		_, err := io.Copy(io.Discard, conn)
		if r.now().Sub(start) < refusal && !errors.Is(err, net.ErrClosed) {
			r.refused = cmp.Or(err, errClosed)
		}
	}()
}

func (r *Remote) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	switch r.dest.Network {
	case "unix":
		conn, err := d.DialContext(ctx, "unixgram", r.dest.Address)
		if errors.Is(err, syscall.EPROTOTYPE) {
			conn, err = d.DialContext(ctx, "unix", r.dest.Address)
		}
		return conn, err
	case "tls":
		return (&tls.Dialer{NetDialer: &d, Config: r.tls}).DialContext(ctx, "tcp", r.dest.Address)
	default:
		return d.DialContext(ctx, r.dest.Network, r.dest.Address)
	}
}

// failed begins a pause, and gives err with where it happened.
func (r *Remote) failed(err error) error {
	r.pause = min(max(firstPause, 2*r.pause), longestPause)
	r.until = r.now().Add(r.pause)
	r.cause = fmt.Errorf("%s://%s: %w", r.dest.Network, r.dest.Address, err)
	return r.cause
}

func (r *Remote) closedByPeer() bool {
	select {
	case <-r.gone: // never, where gone is nil
		return true
	default:
		return false
	}
}

// drop gives the connection up and waits for watch. TLS would take another 5 s
// to say goodbye to a collector that stands still; what is below it just closes.
func (r *Remote) drop() {
	if r.conn == nil {
		return
	}
	if tc, ok := r.conn.(*tls.Conn); ok {
		_ = tc.NetConn().Close()
	}
	_ = r.conn.Close() // nothing that fails here matters any more
	if r.gone != nil {
		<-r.gone
	}
	r.conn, r.gone = nil, nil
}

// Close ends the connection, in the way of its protocol.
func (r *Remote) Close() error {
	if r.conn == nil {
		return nil
	}
	err := r.conn.Close()
	r.drop()
	return err
}
