package report

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/words"
)

// Comparison is what changed between two reports: the week after a change
// against the week before. Each line stands for itself.
type Comparison struct {
	Figures []Figure
	Worse   []string // exposed anew, or nearer to breaking
	Better  []string
	Gone    []string // not seen again: fixed, or only silent
}

// Figure is a headline figure of both.
type Figure struct{ Name, Before, After string }

// Diff compares two reports.
func Diff(before, after *Model) *Comparison {
	c := &Comparison{Figures: figures(before, after)}
	c.accounts(before.Accounts, after.Accounts)
	c.uses(before.Uses, after.Uses)
	for _, list := range []([]string){c.Worse, c.Better, c.Gone} {
		slices.Sort(list)
	}
	return c
}

func figures(before, after *Model) (list []Figure) {
	add := func(name string, value func(*Totals) string) {
		list = append(list, Figure{name, value(&before.Totals), value(&after.Totals)})
	}
	add("Accounts exposed", func(t *Totals) string { return num(t.Accounts) })
	add("of them accepted", func(t *Totals) string { return num(t.Accepted) })
	add("Passwords read", func(t *Totals) string { return words.Number(t.Passwords) })
	add("Clients", func(t *Totals) string { return num(t.Clients) })
	add("that would be refused", func(t *Totals) string { return words.Number(t.Enforced.Refused) })
	add("that are refused already", func(t *Totals) string { return words.Number(t.Enforced.RefusedAlready) })
	add("that cannot be told", func(t *Totals) string { return words.Number(t.Enforced.Unknown) })
	add("Connections protected", func(t *Totals) string { return percent(t.Connections.Protected(), t.Connections.Sum()) })
	add("Operations read", func(t *Totals) string { return words.Number(t.Operations.Readable()) })
	return list
}

func (c *Comparison) accounts(before, after []Account) {
	old := make(map[string]*Account, len(before))
	for i := range before {
		old[before[i].Name] = &before[i]
	}
	for i := range after {
		a := &after[i]
		switch b := old[a.Name]; {
		case b == nil && a.Accepted:
			c.Worse = append(c.Worse, "account "+detect.Plain(a.Name)+": exposed, and its password accepted")
		case b == nil:
			c.Worse = append(c.Worse, "account "+detect.Plain(a.Name)+": exposed")
		case a.Accepted && !b.Accepted:
			c.Worse = append(c.Worse, "account "+detect.Plain(a.Name)+": its exposed password was accepted this time")
		}
		delete(old, a.Name)
	}
	for name := range old {
		c.Gone = append(c.Gone, "account "+detect.Plain(name)+": not exposed again")
	}
}

func (c *Comparison) uses(before, after []Use) {
	type key struct {
		client   netip.Addr
		server   netip.AddrPort
		identity string
	}
	old := make(map[key]*Use, len(before))
	for i := range before {
		u := &before[i]
		old[key{u.Client, u.Server, u.Identity}] = u
	}
	for i := range after {
		u := &after[i]
		k := key{u.Client, u.Server, u.Identity}
		now, was := enforced(u), detect.Ready
		if b := old[k]; b != nil {
			was = enforced(b)
		}
		line := u.title() + ": now " + verdictWords(now.String()) + ", before " + wasWords(old[k])
		switch {
		case urgency(now) > urgency(was):
			c.Worse = append(c.Worse, line)
		case urgency(now) < urgency(was):
			c.Better = append(c.Better, line)
		}
		delete(old, k)
	}
	for _, u := range old {
		if v := enforced(u); v != detect.Ready {
			c.Gone = append(c.Gone, u.title()+": before "+verdictWords(v.String()))
		}
	}
}

// enforced is the verdict if signing and TLS were required. A report that
// somebody wrote by hand may lack one.
func enforced(u *Use) detect.Verdict {
	worst := detect.Ready
	for _, j := range u.Readiness {
		for v := range detect.NumVerdicts {
			if v.String() == j.Verdict && j.Policy != detect.RequireBinding.String() {
				worst = worse(worst, v)
			}
		}
	}
	return worst
}

func wasWords(u *Use) string {
	if u == nil {
		return "not there"
	}
	return verdictWords(enforced(u).String())
}

func (u *Use) title() string {
	identity := "somebody unseen"
	if u.Identity != "" {
		identity = detect.Plain(u.Identity)
	}
	return fmt.Sprintf("%s at %s as %s", u.Client, u.Server, identity)
}

// Text writes a comparison for a terminal.
func (c *Comparison) Text(w io.Writer) error {
	var out strings.Builder
	row := func(name, before, after string) { fmt.Fprintf(&out, "%-26s %12s %12s\n", name, before, after) }
	row("", "before", "after")
	for _, f := range c.Figures {
		name := f.Name
		if strings.HasPrefix(name, "of ") || strings.HasPrefix(name, "that ") {
			name = "  " + name
		}
		row(name, f.Before, f.After)
	}
	for _, part := range []struct {
		title string
		lines []string
	}{{"Worse", c.Worse}, {"Better", c.Better}, {"Not seen again (fixed, or only silent)", c.Gone}} {
		fmt.Fprintf(&out, "\n%s: %s\n", part.title, orNone(len(part.lines)))
		for _, line := range part.lines {
			fmt.Fprintf(&out, "  %s\n", line)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func orNone(n int) string {
	if n == 0 {
		return "none"
	}
	return num(n)
}
