package event2889

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// what tells what a list may be.
const what = "an exported list of event 2889 is XML, CSV or JSON (see docs/event-2889.md)"

// Read adds the events of a file. An error names the place and what to do; what
// was read before it is of no use.
func (l *List) Read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	l.Files = append(l.Files, path)
	return l.read(path, f)
}

func (l *List) read(path string, r io.Reader) error {
	raw := bufio.NewReader(r)
	head, err := raw.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if bytes.HasPrefix(head, []byte("ElfFile\x00")) {
		return fmt.Errorf("%s: an event log in binary form (.evtx); export it on Windows: wevtutil qe \"%s\" /lf:true /q:\"*[System[EventID=2889]]\" /f:xml > 2889.xml", path, path)
	}
	// PowerShell writes UTF-16; what is not UTF-8 is replaced, not refused: a
	// command line writes names in whatever code page it has.
	b := &bounded{text: bufio.NewReader(transform.NewReader(raw, unicode.BOMOverride(fallback(head)))), line: 1}
	first, err := b.first()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: the file is empty; %s", path, what)
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case first == '<':
		err = l.readXML(path, b)
	case first == '{' || first == '[':
		err = l.readJSON(path, first, b)
	default:
		err = l.readCSV(path, b)
	}
	if errors.Is(err, errTooLong) {
		return fmt.Errorf("%s:%d: an event of more than 1 MiB, or one that does not end; %s", path, b.started, what)
	}
	return err
}

// fallback decodes what has no byte order mark.
func fallback(head []byte) transform.Transformer {
	if len(head) >= 2 && head[0] != 0 && head[1] == 0 {
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
	}
	return unicode.UTF8.NewDecoder()
}

// bounded reads the text of a list. It bounds what one event may take: readers
// below it hold an event in memory until its end.
type bounded struct {
	text    *bufio.Reader
	line    int // of the next octet
	at      int // of the last one
	started int // line of the event at hand
	used    int // octets of it
}

var errTooLong = errors.New("an event is too long")

// first gives the first octet that is no blank, and leaves it.
func (b *bounded) first() (byte, error) {
	for {
		c, err := b.text.ReadByte()
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(c)) {
			return c, b.text.UnreadByte()
		}
		if c == '\n' {
			b.line++
		}
	}
}

// next says that another event begins.
func (b *bounded) next() { b.used, b.started = 0, b.line }

// ReadByte implements io.ByteReader, for readers that would read ahead.
func (b *bounded) ReadByte() (byte, error) {
	if b.used >= maxRecord {
		return 0, errTooLong
	}
	c, err := b.text.ReadByte()
	if err == nil {
		b.used++
		b.at = b.line
		if c == '\n' {
			b.line++
		}
	}
	return c, err
}

// Read implements io.Reader. It gives a line at most, so that what is read is at
// most a line ahead of what is used.
func (b *bounded) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c, err := b.ReadByte()
		if err != nil {
			if n > 0 {
				return n, nil // the error comes again
			}
			return 0, err
		}
		p[n] = c
		if n++; c == '\n' {
			break
		}
	}
	return n, nil
}
