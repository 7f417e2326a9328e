package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/metrics"
	"github.com/clearbind/clearbind/internal/words"
)

// namesShown bounds the accounts a summary lists.
const namesShown = 10

// summarise closes a run: what was read, what was found, who was exposed, and
// what could not be seen. Lines with nothing to say are left out.
func summarise(w io.Writer, p *program, s *state) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) {
		say(t, "%s\t"+format+"\n", append([]any{what}, args...)...)
	}
	var frames capture.Stats
	for _, src := range s.Sources {
		frames.Add(src.Stats)
	}
	line("Read", "%s, %s %s%s", count(frames.Frames, "packet"), words.Size(frames.Bytes), p.where(), span(s.first, s.last))
	if s.interrupted {
		line("", "interrupted: the rest was not read")
	}
	line("Connections", "%s", connections(&s.Snapshot))
	line("Findings", "%s", findings(&s.Detect))
	for r := range byGravity(&s.Detect) {
		line("", "%s", r)
	}
	if n := sum(s.Detect.Allowed[:]); n > 0 {
		line("Kept quiet", "%s by the allow list", count(n, "finding"))
	}
	if accounts := len(s.inventory.Accounts); accounts > 0 {
		clients, servers := s.inventory.Exposed()
		line("Exposed", "%s, from %s, to %s", count(uint64(accounts), "account"), count(uint64(len(clients)), "client"), count(uint64(len(servers)), "server"))
		for _, name := range accountLines(s.inventory.Accounts) {
			line("", "%s", name)
		}
	}
	if p.events != nil {
		what := "Event 2889"
		for _, text := range eventLines(p.events, s.inventory, s.first, s.last) {
			line(what, "%s", text)
			what = ""
		}
	}
	if dir := p.cfg.evidence; dir != "" {
		line("Evidence", "%s", evidenceLine(dir, &s.Evidence))
	}
	if blind := notSeen(s); len(blind) > 0 {
		line("Not seen", "%s", strings.Join(blind, "; "))
	}
	_ = t.Flush() // nobody can be told that stderr is closed
}

func count(n uint64, noun string) string {
	many := noun + "s"
	if stem, ok := strings.CutSuffix(noun, "y"); ok { // entry, entries
		many = stem + "ies"
	}
	return words.Count(n, noun, many)
}

// span says from when to when the packets are; "" if that is not known.
func span(first, last time.Time) string {
	if first.IsZero() {
		return ""
	}
	from, to := first.UTC().Format(time.DateTime), last.UTC().Format(time.DateTime)
	if from[:len(time.DateOnly)] == to[:len(time.DateOnly)] {
		to = to[len(time.DateOnly)+1:]
	}
	return fmt.Sprintf(", %s to %s UTC", from, to)
}

// connections says how they were protected.
func connections(s *metrics.Snapshot) string {
	names := [detect.NumProtections]string{"in the clear", "signed but readable", "sealed", "TLS"}
	var parts []string
	sum := uint64(0)
	for p, n := range s.Detect.Connections {
		sum += n
		if n > 0 {
			parts = append(parts, words.Number(n)+" "+names[p])
		}
	}
	if sum == 0 {
		return "no LDAP over TCP"
	}
	return strings.Join(parts, ", ")
}

func sum(counts []uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// found says whether there was a finding at least that grave, told or not.
func found(c *detect.Counts, least detect.Severity) bool {
	for sev := least; sev <= detect.Critical; sev++ {
		if ofSeverity(c, sev) > 0 {
			return true
		}
	}
	return false
}

func ofSeverity(c *detect.Counts, sev detect.Severity) (n uint64) {
	for r := range c.Alerts {
		n += c.Alerts[r][sev]
	}
	return n
}

// findings counts them by severity, the gravest first.
func findings(c *detect.Counts) string {
	var parts []string
	for sev := detect.Critical; sev >= detect.Info; sev-- {
		if sum := ofSeverity(c, sev); sum > 0 {
			parts = append(parts, words.Number(sum)+" "+sev.String())
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// byGravity gives a line for each rule that fired.
func byGravity(c *detect.Counts) func(func(string) bool) {
	return func(yield func(string) bool) {
		for sev := detect.Critical; sev >= detect.Info; sev-- {
			for r := range detect.NumRules {
				if n := c.Alerts[r][sev]; n > 0 && !yield(fmt.Sprintf("%7s  %-8s  %s", words.Number(n), sev, r)) {
					return
				}
			}
		}
	}
}

// accountLines lists the accounts, those exposed most often first.
func accountLines(accounts map[string]*detect.Account) []string {
	names := slices.SortedFunc(maps.Keys(accounts), func(a, b string) int {
		return cmp.Or(cmp.Compare(accounts[b].Count, accounts[a].Count), cmp.Compare(a, b))
	})
	var lines []string
	for i, name := range names {
		if i == namesShown {
			lines = append(lines, fmt.Sprintf("… and %d more", len(names)-namesShown))
			break
		}
		a := accounts[name]
		accepted := "never accepted"
		if a.Accepted {
			accepted = "accepted"
		}
		lines = append(lines, fmt.Sprintf("%7s  %s  (%s, %s, %s)", words.Number(uint64(a.Count)), name, accepted,
			count(uint64(len(a.Clients)), "client"), count(uint64(len(a.Servers)), "server")))
	}
	return lines
}

// notSeen says what the capture could not show, and why.
func notSeen(s *state) []string {
	var parts []string
	say := func(n uint64, format string, args ...any) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	c := &s.Detect
	for _, src := range s.Sources {
		say(src.Dropped, "%s dropped by the kernel on %s", count(src.Dropped, "packet"), src.Name)
		say(src.Frozen, "the ring of %s stood still %d ×", src.Name, src.Frozen)
		say(src.Missed, "%s lost by the card of %s", count(src.Missed, "packet"), src.Name)
	}
	for r := decode.OK + 1; r < decode.NumReasons; r++ {
		say(s.Undecoded[r], "%s (%s)", count(s.Undecoded[r], "packet"), strings.ReplaceAll(r.String(), "_", " "))
	}
	say(c.OtherConns, "%s without LDAP on these ports", count(c.OtherConns, "connection"))
	say(c.OneSided, "%s in one direction only", count(c.OneSided, "connection"))
	say(c.StreamGaps, "%s in streams, %s", count(c.StreamGaps, "gap"), count(c.StreamGapBytes, "octet"))
	for r, n := range c.Rejected {
		say(n, "%d × no message (%s)", n, detect.Reject(r))
	}
	for l, n := range c.Limits {
		say(n, "limit %s reached %d ×", detect.Limit(l), n)
	}
	say(s.Fragments, "limit fragments reached %d ×", s.Fragments)
	say(s.Panics, "%s made the decoder fail", count(s.Panics, "packet"))
	say(s.AlertsLost, "%s could not be written", count(s.AlertsLost, "alert"))
	say(s.LinesLost, "%s of the Zeek logs could not be written", count(s.LinesLost, "line"))
	say(uint64(s.damaged), "%s could not be read whole", count(uint64(s.damaged), "file"))
	return parts
}
