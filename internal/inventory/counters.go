package inventory

import (
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

// Counters are the totals that a report has beside the inventory: what was
// read, what was found, what could not be seen.
type Counters struct {
	Frames, Bytes, Dropped, Frozen, Missed uint64
	Undecoded                              [decode.NumReasons]uint64
	Fragments, Panics, AlertsLost          uint64
	Detect                                 detect.Counts // gauges are of no use here
}

// Add adds what others counted.
func (c *Counters) Add(o *Counters) {
	c.change(o, func(n *uint64, by uint64) { *n += by })
}

// since gives what was counted since before, which was an earlier moment of c.
func (c Counters) since(before *Counters) Counters {
	c.change(before, func(n *uint64, by uint64) { *n -= min(*n, by) })
	return c
}

func (c *Counters) change(o *Counters, f func(n *uint64, by uint64)) {
	mine, theirs := c.named(), o.named()
	for i := range mine {
		f(mine[i].n, *theirs[i].n)
	}
	for r := range c.Detect.Alerts {
		for sev := range c.Detect.Alerts[r] {
			f(&c.Detect.Alerts[r][sev], o.Detect.Alerts[r][sev])
		}
	}
}

// counter is a row of the table counters.
type counter struct {
	name string
	n    *uint64
}

// named gives every counter but the findings, which have a table of their own.
// The names are part of the schema.
func (c *Counters) named() []counter {
	d := &c.Detect
	list := []counter{
		{"packets", &c.Frames}, {"bytes", &c.Bytes}, {"dropped_packets.kernel", &c.Dropped}, {"dropped_packets.ring", &c.Frozen},
		{"dropped_packets.card", &c.Missed}, {"limit_reached.fragments", &c.Fragments}, {"panics", &c.Panics}, {"alerts_lost", &c.AlertsLost},
		{"other_connections", &d.OtherConns}, {"one_sided_connections", &d.OneSided},
		{"stream_gaps", &d.StreamGaps}, {"stream_gap_bytes", &d.StreamGapBytes},
	}
	for r := decode.OK + 1; r < decode.NumReasons; r++ {
		list = append(list, counter{"undecoded_packets." + r.String(), &c.Undecoded[r]})
	}
	for p := range detect.NumProtections {
		list = append(list, counter{"connections." + p.String(), &d.Connections[p]})
	}
	for r := range detect.NumRejects {
		list = append(list, counter{"messages_rejected." + r.String(), &d.Rejected[r]})
	}
	for l := range detect.NumLimits {
		list = append(list, counter{"limit_reached." + l.String(), &d.Limits[l]})
	}
	return list
}
