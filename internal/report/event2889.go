package report

import (
	"net/netip"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/event2889"
)

// compareEvents holds the list of events, if there is one, against the rest of
// the report.
func (m *Model) compareEvents(in *Input, n *detect.Inventory) {
	if in.Events == nil {
		return
	}
	c := in.Events.Compare(n, in.From, in.To)
	m.Event2889 = c
	known := make(map[netip.Addr]event2889.Where, len(c.Clients))
	for i := range c.Clients {
		known[c.Clients[i].Address] = c.Clients[i].Where
	}
	for i := range m.Uses {
		m.Uses[i].Logged = known[m.Uses[i].Client.Unmap()]
	}
}

var placeTable = map[event2889.Where]string{
	event2889.OnlyEvents: "only in the events", event2889.SeenSafe: "only in the events, though seen",
	event2889.OnlyWire: "only on the wire", event2889.Both: "in both",
}

func placeWords(w event2889.Where) string { return placeTable[w] }

// EventClients gives the first rows of the page's table.
func (v *view) EventClients() []event2889.Client { return first(v.Event2889.Clients, maxRows) }

// EventAccounts gives the first rows of the page's table.
func (v *view) EventAccounts() []event2889.Account { return first(v.Event2889.Accounts, maxRows) }

// Names gives the identities of a client, as many as a cell has room for.
func (v *view) Names(list []string) named { return labelled(list) }
