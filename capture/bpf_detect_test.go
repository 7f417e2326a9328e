package capture

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

// findings gives what the program says of frames, sorted.
func findings(t testing.TB, all []seen) (list []string) {
	t.Helper()
	var packets decode.Packets
	engine := detect.New(detect.Config{})
	var alerts []detect.Alert
	for i := range all {
		f := &all[i].frame
		at := detect.Packet{Time: f.Time, Order: f.Number, Number: f.Number, Origin: f.Origin}
		var seg decode.Segment
		in := decode.Frame{Link: f.Link, Data: f.Data, WireLen: f.WireLen, Time: f.Time, VLAN: f.VLAN}
		if packets.Decode(&in, &seg) != decode.OK {
			engine.Tick(&at)
			continue
		}
		engine.Observe(&at, &seg)
		alerts = engine.Take(alerts)
	}
	engine.Finish()
	for _, a := range engine.Take(alerts) {
		a.Tie = 0           // of the engine that told it
		a.End = time.Time{} // waits for what never comes end with packet time, which any frame moves on
		text, err := json.Marshal(a)
		must(t, err)
		list = append(list, string(text))
	}
	slices.Sort(list)
	return list
}

// What is found in a capture behind the filter, by one worker or by several, is
// what is found in all of it.
func TestFilterCostsNoFinding(t *testing.T) {
	f, total := filters()["usual"], 0
	for name, all := range shipped(t) {
		want := findings(t, all)
		total += len(want)
		for _, workers := range []int{1, 3} {
			var got []string
			for w := range workers {
				got = append(got, findings(t, passed(t, f, all, share{w, workers}))...)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %d workers: %d findings, want %d: missing %s, more %s", name, workers, len(got), len(want), missing(want, got), missing(got, want))
			}
		}
	}
	if total < 200 {
		t.Errorf("only %d findings", total)
	}
}
