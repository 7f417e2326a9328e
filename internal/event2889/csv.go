package event2889

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readCSV reads what Export-Csv and Event Viewer write.
func (l *List) readCSV(path string, b *bounded) error {
	b.next()
	header, err := b.header()
	if err != nil {
		return err
	}
	comma := separator(header)
	columns, err := csv.NewReader(strings.NewReader(header)).Read()
	if comma != ',' || err != nil {
		r := csv.NewReader(strings.NewReader(header))
		r.Comma = comma
		columns, err = r.Read()
	}
	if err != nil {
		return fmt.Errorf("%s:%d: the names of the columns cannot be read: %w; %s", path, b.started, bare(err), what)
	}
	meaning := make([]field, len(columns))
	for i, name := range columns {
		meaning[i] = fieldOf(name)
	}
	if !slices.ContainsFunc(meaning, func(f field) bool { return f != fieldNone }) {
		return fmt.Errorf("%s:%d: no column is known; %s", path, b.started, what)
	}
	r := csv.NewReader(b)
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = comma, -1, true
	before := b.line - 1 // lines that r has not seen
	for {
		b.next()
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errTooLong):
			return err
		case err != nil:
			if broken, ok := errors.AsType[*csv.ParseError](err); ok {
				return fmt.Errorf("%s:%d: broken CSV: %w; export the list again", path, before+broken.StartLine, broken.Err)
			}
			return fmt.Errorf("%s: %w", path, err)
		}
		line, _ := r.FieldPos(0)
		l.addRow(row, meaning, fmt.Sprintf("%s:%d", path, before+line))
	}
}

// addRow counts the event of a row. Event Viewer writes the text into a column
// that has no name.
func (l *List) addRow(row []string, meaning []field, at string) {
	var rec record
	for i, value := range row {
		if i < len(meaning) {
			rec.set(meaning[i], value)
		}
	}
	if _, _, _, ok := rec.bind(); !ok {
		for _, value := range row {
			if _, _, _, ok := readMessage(value); ok {
				rec.message, rec.client, rec.data = value, "", nil
			}
		}
	}
	l.add(&rec, at)
}

// header gives the line with the names of the columns, which remarks may stand
// before: "#TYPE …" of Windows PowerShell, "sep=;" of spreadsheets.
func (b *bounded) header() (string, error) {
	for {
		b.started = b.line
		var line strings.Builder
		for {
			c, err := b.ReadByte()
			if err != nil && (!errors.Is(err, io.EOF) || line.Len() == 0) {
				return "", err
			}
			if err != nil || c == '\n' {
				break
			}
			line.WriteByte(c)
		}
		text := strings.TrimSpace(line.String())
		if text != "" && !strings.HasPrefix(text, "#TYPE") && !strings.HasPrefix(text, "sep=") {
			return text, nil
		}
	}
}

// separator gives what stands between the names: a semicolon where the decimal
// comma is used.
func separator(header string) rune {
	best, most := ',', strings.Count(header, ",")
	for _, c := range ";\t" {
		if n := strings.Count(header, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// bare gives an error of a CSV without its own count of lines.
func bare(err error) error {
	if broken, ok := errors.AsType[*csv.ParseError](err); ok {
		return broken.Err
	}
	return err
}
