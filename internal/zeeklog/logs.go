package zeeklog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// full is how much a log gathers before it writes.
const full = 64 << 10

// Logs are both logs in a folder. One goroutine owns them.
type Logs struct {
	messages, searches file
}

// Open opens the logs of a folder. What they have is kept: lines are appended.
func Open(dir string) (*Logs, error) {
	l := &Logs{
		messages: file{name: filepath.Join(dir, "ldap.log"), path: "ldap", columns: messageColumns},
		searches: file{name: filepath.Join(dir, "ldap_search.log"), path: "ldap_search", columns: searchColumns},
	}
	if err := l.messages.open(); err != nil {
		return nil, err
	}
	if err := l.searches.open(); err != nil {
		_ = l.messages.f.Close() // nothing was written
		return nil, err
	}
	return l, nil
}

func (l *Logs) each(do func(*file) (int, error)) (lost int, err error) {
	n, err1 := do(&l.messages)
	m, err2 := do(&l.searches)
	return n + m, errors.Join(err1, err2)
}

// Write adds a record's line to its log. Lost is how many lines could not be
// written, this one or others that waited with it.
func (l *Logs) Write(r *detect.Record) (lost int, err error) {
	f := &l.messages
	if r.Search() {
		f = &l.searches
	}
	return f.write(r)
}

// Waiting says whether lines were not handed on yet.
func (l *Logs) Waiting() bool { return len(l.messages.buf)+len(l.searches.buf) > 0 }

// Flush hands on what waits.
func (l *Logs) Flush() (lost int, err error) { return l.each((*file).flush) }

// Reopen ends the logs and opens them anew: the files were moved away. Those
// that cannot be opened are written on where they are.
func (l *Logs) Reopen() (lost int, err error) { return l.each((*file).reopen) }

// Close ends the logs.
func (l *Logs) Close() (lost int, err error) { return l.each((*file).close) }

// file is one log.
type file struct {
	name, path string
	columns    []column
	f          *os.File
	buf        []byte // lines that wait
	lines      int    // records among them
	headed     bool   // the file has a header of ours, or it waits in buf
	torn       bool   // the file ends within a line
	last       time.Time
}

func (f *file) open() (err error) {
	f.f, err = os.OpenFile(f.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640) //nolint:gosec // log shippers read by group
	return err
}

func (f *file) write(r *detect.Record) (lost int, err error) {
	if !f.headed {
		f.buf, f.headed = header(f.buf, f.path, f.columns, r.Time), true
	}
	if r.Time.After(f.last) {
		f.last = r.Time
	}
	f.buf = line(f.buf, r)
	f.lines++
	if len(f.buf) < full {
		return 0, nil
	}
	return f.flush()
}

// flush writes what waits. What a full disk does not take is lost, and counted
// to the line; the next lines begin with a header again.
func (f *file) flush() (lost int, err error) {
	if len(f.buf) == 0 {
		return 0, nil
	}
	if f.torn { // end the line that a full disk has cut
		if _, err := f.f.WriteString("\n"); err != nil {
			return f.lose(f.buf), f.wrap(err)
		}
		f.torn = false
	}
	n, err := f.f.Write(f.buf)
	if err != nil {
		f.torn = n > 0 && f.buf[n-1] != '\n'
		return f.lose(f.buf[n:]), f.wrap(err)
	}
	f.buf, f.lines = f.buf[:0], 0
	return 0, nil
}

// lose gives up the lines of which rest was not written.
func (f *file) lose(rest []byte) (lost int) {
	for i, c := range rest {
		if c == '\n' {
			lost++
		}
		if c == '#' && (i == 0 || rest[i-1] == '\n') {
			lost-- // a line of the header
		}
	}
	lost = min(lost, f.lines)
	f.buf, f.lines, f.headed = f.buf[:0], 0, false
	return lost
}

func (f *file) wrap(err error) error { return fmt.Errorf("lines of %s.log are lost: %w", f.path, err) }

func (f *file) reopen() (lost int, err error) {
	old := *f
	if err := f.open(); err != nil {
		f.f = old.f
		lost, e := f.flush()
		return lost, errors.Join(err, e)
	}
	f.buf, f.lines, f.headed, f.torn = nil, 0, false, false
	return old.close()
}

func (f *file) close() (lost int, err error) {
	if f.headed {
		f.buf = footer(f.buf, f.last)
	}
	lost, err = f.flush()
	return lost, errors.Join(err, f.f.Close())
}
