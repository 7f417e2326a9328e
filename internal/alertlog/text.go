package alertlog

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/clearbind/clearbind/detect"
)

// Text writes alerts for people: a line that says what happened, a line with
// what helps to find it, and, the first time a rule is told, what to do.
type Text struct {
	w       io.Writer
	color   bool
	buf     bytes.Buffer
	day     string
	advised [detect.NumRules]bool
}

// NewText gives a writer of text. Each alert is one Write on w. Colours are
// ANSI escapes; whether w is a terminal that wants them is for the caller to say.
func NewText(w io.Writer, color bool) *Text { return &Text{w: w, color: color} }

// ANSI colours by severity.
var severityColors = [detect.NumSeverities]string{
	detect.Info: "\x1b[2m", detect.Low: "\x1b[36m", detect.Medium: "\x1b[33m", detect.High: "\x1b[31m", detect.Critical: "\x1b[1;31m",
}

const (
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
)

// indent is what the lines below the first begin with: they stand under its
// sentence.
const indent = "                   "

// Write writes one alert.
func (t *Text) Write(a *detect.Alert) error {
	t.buf.Reset()
	at := a.Time.UTC()
	if day := at.Format("2006-01-02"); day != t.day {
		t.day = day
		t.line(dim, "-- "+day+" UTC --")
	}
	fmt.Fprintf(&t.buf, "%s  ", at.Format("15:04:05"))
	t.paint(severityColors[a.Severity], fmt.Sprintf("%-8s", a.Severity))
	t.buf.WriteString(" " + detect.Plain(Message(a)) + "\n")
	t.line(dim, indent+detect.Plain(details(a)))
	if !t.advised[a.Rule] {
		t.advised[a.Rule] = true
		t.line(dim, indent+"→ "+a.Rule.Rule().Remediation)
	}
	if _, err := t.w.Write(t.buf.Bytes()); err != nil {
		return fmt.Errorf("write an alert: %w", err)
	}
	return nil
}

func (t *Text) line(color, s string) {
	t.paint(color, s)
	t.buf.WriteByte('\n')
}

func (t *Text) paint(color, s string) {
	if !t.color {
		t.buf.WriteString(s)
		return
	}
	t.buf.WriteString(color + s + plain)
}

// details gives what helps to find the packet and the query.
func details(a *detect.Alert) string {
	parts := []string{a.Rule.String()}
	if s := a.Search; s != nil {
		parts = append(parts, s.Scope+" "+s.Filter)
		if len(s.Attributes) > 0 {
			parts = append(parts, strings.Join(s.Attributes, ","))
		}
		if s.Entries > 0 {
			noun := "entries"
			if s.Entries == 1 {
				noun = "entry"
			}
			parts = append(parts, fmt.Sprintf("%d %s, %d octets", s.Entries, noun, s.Bytes))
		}
	}
	if t := a.Entry; t != nil && len(t.Attributes) > 0 {
		parts = append(parts, strings.Join(t.Attributes, ","))
	}
	if a.Balancer.IsValid() {
		parts = append(parts, "behind "+a.Balancer.Addr().String())
	}
	if a.VLAN != 0 {
		parts = append(parts, fmt.Sprintf("VLAN %d", a.VLAN))
	}
	parts = append(parts, fmt.Sprintf("%s packet %d", a.Origin, a.Packet))
	if a.EvidenceFile != "" {
		parts = append(parts, a.EvidenceFile)
	}
	return strings.Join(parts, " · ")
}
