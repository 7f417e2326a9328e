//go:build unix

package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// TestLostAlertsAreThoseThatDidNotComeThrough fills the disk within a burst,
// when a part of it has been written.
func TestLostAlertsAreThoseThatDidNotComeThrough(t *testing.T) {
	first := map[string]string{"json": `(?m)^\{`, "syslog": `(?m)^<`, "text": `(?m)^\d\d:`}
	for format, begin := range first {
		t.Run(format, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "alerts")
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip("needs /dev/full:", err)
			}
			o, err := openOutput(&config{output: path, format: format, interfaces: []string{"x"}}, slog.New(slog.DiscardHandler), os.Stdout)
			if err != nil {
				t.Fatal(err)
			}
			o.board = newBoard(1, nil)
			a := &detect.Alert{Rule: detect.CleartextBind, Severity: detect.Critical, Time: time.Unix(1, 0), User: "cn=a"}
			all := 0
			tell := func(n int) {
				for range n {
					o.tell(a)
					all++
				}
			}
			const more = 64 << 10 / 100 // alerts than fit in the buffer
			tell(more)
			disk := o.file
			o.file = full
			tell(more)
			o.flush()
			o.file = disk
			tell(3)
			o.flush()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			told := len(regexp.MustCompile(begin).FindAll(text, -1))
			// The one that the full disk has cut in two is there and lost all the same.
			if lost := int(o.board.lost); lost == 0 || told+lost != all && told-1+lost != all {
				t.Errorf("%d alerts told, %d in the file, %d lost", all, told, lost)
			}
			if n := o.unsent.Load(); n != 0 {
				t.Errorf("%d alerts are said to wait", n)
			}
		})
	}
}
