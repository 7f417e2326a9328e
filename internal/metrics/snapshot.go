package metrics

import (
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/evidence"
)

// Snapshot is everything that is counted, at one moment. It is a value.
type Snapshot struct {
	Sources    []Source
	Undecoded  [decode.NumReasons]uint64 // frames that gave no segment, by reason; OK: those that gave one
	Detect     detect.Counts             // summed over the workers
	Fragments  uint64                    // IP datagrams given up while they were put together, for want of room
	Exposed    Exposed
	AlertsLost uint64
	LinesLost  uint64 // of the Zeek logs
	Evidence   evidence.Counts
	Inventory  Inventory
	Panics     uint64
	LastPacket time.Time // zero: none yet
	ConfigGood bool      // the configuration was read well the last time
	ConfigTime time.Time // when it was read well; zero: never, or there is none
}

// Source is what was read from one place.
type Source struct {
	Name string // an interface, or "file": a closed set
	capture.Stats
	Missed uint64 // frames an interface's card lost before the kernel saw them
}

// Inventory is how writing the inventory to its database goes.
type Inventory struct {
	Writes, Failures uint64
	LastWrite        time.Time // that went well; zero: none yet, or there is no database
	Lost             uint64    // entries
}

// Exposed are the distinct accounts, clients and servers of the last 24 h.
type Exposed struct{ Accounts, Clients, Servers int }
