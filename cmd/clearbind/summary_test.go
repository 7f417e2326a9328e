package main

import (
	"testing"

	"github.com/clearbind/clearbind/detect"
)

// What was found counts for --fail-on, whether or not an alert of it came
// through.
func TestFound(t *testing.T) {
	var c detect.Counts
	if found(&c, detect.Info) {
		t.Error("something in nothing")
	}
	c.Alerts[detect.WeakTLS][detect.Medium] = 1
	for least, want := range map[detect.Severity]bool{detect.Info: true, detect.Medium: true, detect.High: false, detect.Critical: false} {
		if found(&c, least) != want {
			t.Errorf("at %s: not %v", least, want)
		}
	}
}
