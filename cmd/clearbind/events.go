package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/event2889"
)

// readEvents reads the lists of event 2889; nil: there are none.
func readEvents(paths []string) (*event2889.List, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	l := new(event2889.List)
	for _, path := range paths {
		if err := l.Read(path); err != nil {
			return nil, fmt.Errorf("--events-2889: %w", err)
		}
	}
	return l, nil
}

// eventLines says how the events compare with the wire, the first line first.
func eventLines(l *event2889.List, n *detect.Inventory, from, to time.Time) []string {
	c := l.Compare(n, from, to)
	if c.Events == 0 {
		return []string{`no event in the list: is "16 LDAP Interface Events" at 2 on the servers?`}
	}
	first := count(c.Events, "event")
	if len(c.Loggers) > 0 {
		first += " of " + count(uint64(len(c.Loggers)), "server")
	}
	lines := []string{first + span(c.From, c.To)}
	if c.Apart {
		lines = append(lines, "events and packets are more than a day apart: nothing can be expected in both")
	}
	lines = append(lines, "clients: "+byWhere(&c.ClientCount), "accounts: "+byWhere(&c.AccountCount))
	for i := range c.Clients {
		if i == namesShown {
			lines = append(lines, "… and more: --report tells all")
			break
		}
		if line := clientLine(&c.Clients[i]); line != "" {
			lines = append(lines, line)
		}
	}
	if c.Unread > 0 {
		lines = append(lines, fmt.Sprintf("%s not understood, the first at %s", count(c.Unread, "event"), c.FirstAt))
	}
	if c.Left > 0 {
		lines = append(lines, fmt.Sprintf("%s of clients beyond the limit left out", count(c.Left, "event")))
	}
	return lines
}

func byWhere(b *event2889.ByWhere) string {
	return fmt.Sprintf("%d in both, %d only in the events, %d only in the events though seen, %d only on the wire", b.Both, b.OnlyEvents, b.SeenSafe, b.OnlyWire)
}

// clientLine tells of a client that is not in both.
func clientLine(c *event2889.Client) string {
	what := map[event2889.Where]string{
		event2889.OnlyEvents: "only in the events", event2889.SeenSafe: "only in the events though seen", event2889.OnlyWire: "only on the wire",
	}[c.Where]
	switch {
	case what == "":
		return ""
	case len(c.LoggedBy) > 0:
		what += ", logged by " + joinWords(c.LoggedBy[:min(len(c.LoggedBy), 3)])
	case len(c.Servers) > 0:
		var servers []string
		for _, s := range c.Servers[:min(len(c.Servers), 3)] {
			servers = append(servers, s.String())
		}
		what += ", with " + joinWords(servers)
	}
	return fmt.Sprintf("%15s  %s", c.Address, strings.TrimSpace(what))
}
