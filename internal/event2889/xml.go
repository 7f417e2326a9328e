package event2889

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// xmlEvent is what is needed of an event (the schema of Windows' event log).
type xmlEvent struct {
	System struct {
		EventID     string
		Computer    string
		TimeCreated struct {
			SystemTime string `xml:"SystemTime,attr"`
		}
	}
	EventData struct {
		Data []string
	}
	RenderingInfo struct {
		Message string
	}
}

// maxDepth is how many elements may be around an event: a reader remembers each.
const maxDepth = 32

// readXML reads events, one after another or within an element: what wevtutil,
// Event Viewer and ToXml write. Nothing outside the file is ever asked for, and
// entities that a document defines are unknown.
func (l *List) readXML(path string, b *bounded) error {
	d := xml.NewDecoder(b)
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8 by now
	b.next()
	before := b.line - 1 // lines that d has not seen
	depth := 0           // of what is around events
	for events := 0; ; {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && events == 0:
			return fmt.Errorf("%s: no event is in it; %s", path, what)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return xmlError(path, before, d, err)
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth > maxDepth {
			line, _ := d.InputPos()
			return fmt.Errorf("%s:%d: elements within more than %d others; %s", path, before+line, maxDepth, what)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "Event" {
			if d.InputOffset() > maxRecord && events == 0 {
				return fmt.Errorf("%s: no event is in its first MiB; %s", path, what)
			}
			b.next()
			continue
		}
		events++
		depth-- // its end is read with it
		line, _ := d.InputPos()
		var e xmlEvent
		if err := d.DecodeElement(&e, &start); err != nil {
			return xmlError(path, before, d, err)
		}
		l.add(&record{
			id: strings.TrimSpace(e.System.EventID), computer: e.System.Computer, time: readTime(e.System.TimeCreated.SystemTime),
			data: e.EventData.Data, message: e.RenderingInfo.Message,
		}, fmt.Sprintf("%s:%d", path, before+line))
		b.next()
	}
}

func xmlError(path string, before int, d *xml.Decoder, err error) error {
	if errors.Is(err, errTooLong) {
		return err
	}
	line, _ := d.InputPos()
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return fmt.Errorf("%s:%d: broken XML: %s; export the list again", path, before+line, syntax.Msg)
	}
	return fmt.Errorf("%s:%d: broken XML: %w; export the list again", path, before+line, err)
}
