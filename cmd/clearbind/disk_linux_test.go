package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of some octets.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skip("no file system to be had:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// TestASensorOutlivesAFullDisk fills the disk of the alert log, makes room, and
// fills it again. What was told and what was lost are all alerts.
func TestASensorOutlivesAFullDisk(t *testing.T) {
	frames := ethernet(t)["simple-bind-success.pcap"]
	send := wire(t)
	disk := smallDisk(t, 256<<10)
	log, filler := filepath.Join(disk, "alerts.jsonl"), filepath.Join(disk, "filler")
	fill := func() {
		if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); err == nil {
			t.Fatal("the disk is not full")
		}
		info, err := os.Stat(filler)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filler, info.Size()-12<<10); err != nil { // room for some alerts, but not all
			t.Fatal(err)
		}
	}
	w := watch(t, "--repeat-interval=0", "--output="+log, "--workers=1")
	connections, metrics := 0, ""
	replay := func(n int) {
		t.Helper()
		for range n {
			connections++
			for _, f := range again(frames, connections) {
				send(f)
			}
		}
		await(t, "every bind", func() bool {
			metrics = scrape(t)
			return strings.Contains(metrics, fmt.Sprintf("\nclearbind_messages_total{operation=\"bind_request\"} %d\n", connections))
		})
	}
	// account waits until each alert was told or is lost, and gives both.
	account := func() (lines, lost int) {
		t.Helper()
		var all int
		for range 250 {
			metrics = scrape(t)
			lost, all = int(series(t, metrics, "clearbind_alerts_lost_total")), int(series(t, metrics, "clearbind_alerts_total"))
			if lines = wholeLines(t, log); lines+lost == all && all == 2*connections {
				return lines, lost
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Fatalf("%d alerts of %d connections: %d told, %d lost", all, connections, lines, lost)
		return 0, 0
	}

	replay(10)
	if lines, lost := account(); lines != 20 || lost != 0 {
		t.Errorf("with room: %d told, %d lost", lines, lost)
	}
	fill()
	replay(50)
	before, lost := account()
	if lost == 0 {
		t.Error("nothing is lost on a full disk")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	replay(10) // without a signal
	lines, still := account()
	if lines != before+20 || still != lost {
		t.Errorf("with room again: %d told before and %d now, %d lost before and %d now", before, lines, lost, still)
	}

	// The log is rotated while nothing can be written.
	fill()
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	if err := w.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, "a new log", func() bool { _, err := os.Stat(log); return err == nil })
	if err := os.Remove(log + ".1"); err != nil { // and that makes room
		t.Fatal(err)
	}
	replay(10)
	await(t, "alerts in the new log", func() bool { return wholeLines(t, log) == 20 })

	if status := w.end(t); status != exitDone {
		t.Errorf("exit status %d", status)
	}
	said := w.stderr.String()
	if strings.Count(said, "alerts are lost") != 1 || strings.Count(said, "alerts can be written again") != 1 ||
		!strings.Contains(said, fmt.Sprintf("%d alerts could not be written", lost)) {
		t.Errorf("%d alerts were lost, and it says: %s", lost, said)
	}
}

// wholeLines counts the alerts that can be read in a log. A full disk cuts one:
// it is on a line of its own.
func wholeLines(t *testing.T, log string) (whole int) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for line := range bytes.Lines(text) {
		if json.Valid(line) {
			whole++
		} else if cut++; bytes.Count(line, []byte("@timestamp")) > 1 {
			t.Errorf("two alerts on one line: %s", line)
		}
	}
	if cut > 1 {
		t.Errorf("%d lines are cut", cut)
	}
	return whole
}
