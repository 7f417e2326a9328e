package loadgen

import (
	"fmt"
	"time"
)

// Mix is what a capture is made of.
type Mix uint8

// Mixes.
const (
	Pure   Mix = iota // LDAP and nothing else
	Sparse            // one packet in a hundred is LDAP
	Messy             // LDAP as bad mirrors deliver it: lost, swapped and repeated segments, VLAN tags, tunnels
	numMixes
)

var mixNames = [numMixes]string{"pure", "sparse", "messy"}

// String gives the name that ParseMix reads.
func (m Mix) String() string { return mixNames[m] }

// ParseMix is the inverse of String.
func ParseMix(name string) (Mix, error) {
	for m := range numMixes {
		if mixNames[m] == name {
			return m, nil
		}
	}
	return 0, fmt.Errorf("mix %q: give pure, sparse or messy", name)
}

// Config is what to make. Octets, Connections or both say when to stop.
type Config struct {
	Seed        uint64
	Mix         Mix
	Octets      int64 // of the capture, about: no connection is opened after them, and those under way end soon
	Connections int   // in all; 0: as many as Octets takes
	Open        int   // connections at a time; 0: 512

	EntryMin, EntryMax int  // octets of a result entry; 0: 1000 and 5000
	Entries            int  // of a search, at most; 0: 16
	Searches           int  // of a connection, at most; 0: 20
	Pipelined          int  // searches a client sends before their answers come; 0: 1
	Idle               bool // each connection binds, searches once, and stays open in silence
	SimpleOnly         bool // each bind is a simple one that succeeds

	Step time.Duration // from packet to packet, in the mean; 0: 10 µs
}

func (c *Config) defaults() {
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	set(&c.Open, 512)
	set(&c.EntryMin, 1000)
	set(&c.EntryMax, max(5000, c.EntryMin))
	set(&c.Entries, 16)
	set(&c.Searches, 20)
	set(&c.Pipelined, 1)
	if c.Step == 0 {
		c.Step = 10 * time.Microsecond
	}
	if c.Connections == 0 && c.Octets == 0 {
		c.Connections = 1000
	}
}

// Tally is what a capture holds.
type Tally struct {
	Packets      int            `json:"packets"`
	Octets       int64          `json:"octets"`
	LDAPPackets  int            `json:"ldap_packets"`
	Connections  int            `json:"connections"`
	BindRequests int            `json:"bind_requests"` // that can be read: not those inside TLS
	Searches     int            `json:"searches"`      // the same
	Entries      int            `json:"entries"`       // the same; some may be lost in Messy
	Kinds        map[string]int `json:"kinds"`         // connections by what they do
	Alerts       map[string]int `json:"alerts"`        // by rule, if every event is told
	Lost         int            `json:"lost"`          // segments left out
	Repeated     int            `json:"repeated"`
	Swapped      int            `json:"swapped"`
}
