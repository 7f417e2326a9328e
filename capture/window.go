package capture

import "io"

// window is a stretch of a stream, looked at where it lies. It is bufio.Reader
// but for two things: the buffer can be changed for another, so that what was
// shown of it can be lent to somebody else (lender), who is told of each read,
// which may have to wait.
type window struct {
	src      io.Reader
	buf      []byte
	from, to int    // buf[from:to] is read and not passed over
	err      error  // of src, behind it
	lender   lender // nil: what was shown will be overwritten
}

// lender lends what a window shows to others.
type lender interface {
	// turn takes the buffer that is full and gives one to go on in.
	turn(full []byte) []byte
	// pause is called before anything that may have to wait.
	pause()
}

func newWindow(src io.Reader, size int) *window { return &window{src: src, buf: make([]byte, size)} }

// fewestFree is how much is asked for at least at once.
const fewestFree = 4 << 10

// Peek gives the next n octets without passing over them, fewer if an error
// stands behind them: io.EOF at the end. There must be room for n.
func (w *window) Peek(n int) ([]byte, error) {
	for w.to-w.from < n && w.err == nil {
		w.more(n)
	}
	if have := w.to - w.from; have < n {
		return w.buf[w.from:w.to], w.err
	}
	return w.buf[w.from : w.from+n], nil
}

// more reads once, into room for n octets from the place of the window on.
func (w *window) more(n int) {
	if free := len(w.buf) - w.to; w.from+n > len(w.buf) || free < fewestFree && w.from > 0 {
		old, buf := w.buf[w.from:w.to], w.buf
		if w.lender != nil {
			buf = w.lender.turn(w.buf)
		}
		w.buf, w.from, w.to = buf, 0, copy(buf, old)
	}
	if w.lender != nil {
		w.lender.pause()
	}
	w.read(w.buf[w.to:])
}

// read reads something into b, or notes why there is nothing.
func (w *window) read(b []byte) {
	for range 100 { // as in bufio: a reader that gives nothing for ever is broken
		n, err := w.src.Read(b)
		w.to += n
		w.err = err
		if n > 0 || err != nil {
			return
		}
	}
	w.err = io.ErrNoProgress
}

// Buffered gives what can be shown without reading.
func (w *window) Buffered() int { return w.to - w.from }

// Discard passes over n octets, as many as there are. It reads, if need be.
func (w *window) Discard(n int) (int, error) {
	for left := n; ; {
		step := min(left, w.to-w.from)
		w.from += step
		if left -= step; left == 0 {
			return n, nil
		}
		if w.err != nil {
			return n - left, w.err
		}
		w.more(1)
	}
}

// Read implements io.Reader.
func (w *window) Read(p []byte) (int, error) {
	if w.from == w.to && w.err == nil && len(p) > 0 {
		w.more(1)
	}
	if w.from == w.to && len(p) > 0 {
		return 0, w.err
	}
	n := copy(p, w.buf[w.from:w.to])
	w.from += n
	return n, nil
}
