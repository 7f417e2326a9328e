// Package heap keeps the garbage collector from looking too often at a heap that
// is small.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The collector looks when there is as much garbage as the program holds. Here
// it looks no sooner than after least octets of it, up to mostPercent of what is
// held.
const (
	least       = 8 << 20
	mostPercent = 200 // of 4 MiB is least: what the first collection waits for
)

// Tune sets the collector so, for as long as the program runs, unless GOGC in the
// environment says how it is to be set.
func Tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(mostPercent)
		afterCollection(mostPercent)
	}
}

// afterCollection sets the percentage anew when the next collection is over.
func afterCollection(now int) {
	runtime.AddCleanup(new([16]uintptr), func(now int) {
		if p := percent(live()); p != now {
			debug.SetGCPercent(p)
			now = p
		}
		afterCollection(now)
	}, now)
}

// live gives the octets that the last collection found in use.
func live() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// percent gives what to set where so many octets are in use.
func percent(live uint64) int {
	return int(min(mostPercent, max(100, 100*least/max(live, 1))))
}
