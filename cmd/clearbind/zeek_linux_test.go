package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestASensorsZeekLogs rotates the logs of a running sensor, which has given up
// its privileges by then.
func TestASensorsZeekLogs(t *testing.T) {
	frames := ethernet(t)["simple-bind-success.pcap"]
	send := wire(t)
	dir := t.TempDir()
	w := watch(t, "--zeek-logs="+dir)
	connections := 0
	replay := func(path string) {
		t.Helper()
		connections++
		for _, f := range again(frames, connections) {
			send(f)
		}
		await(t, "a bind in "+path, func() bool {
			text, err := os.ReadFile(path)
			return err == nil && strings.HasPrefix(string(text), "#separator") && strings.Contains(string(text), "\tbind simple\tsuccess\t")
		})
	}
	log := filepath.Join(dir, "ldap.log")
	replay(log)
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	if err := w.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, "a new log", func() bool { _, err := os.Stat(log); return err == nil })
	replay(log)
	if status := w.end(t); status != exitDone {
		t.Errorf("exit status %d: %s", status, w.stderr.String())
	}
	for _, path := range []string{log, log + ".1"} {
		if text, err := os.ReadFile(path); err != nil || strings.Count(string(text), "#close\t") != 1 {
			t.Errorf("%s: %v\n%s", path, err, text)
		}
	}
}

// TestAStuckZeekLogStallsNeitherCaptureNorAlerts gives a log to a pipe that
// nobody reads.
func TestAStuckZeekLogStallsNeitherCaptureNorAlerts(t *testing.T) {
	frames := ethernet(t)["simple-bind-success.pcap"]
	send := wire(t)
	dir := t.TempDir()
	fifo, alerts := filepath.Join(dir, "ldap.log"), filepath.Join(dir, "alerts.jsonl")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// Open for reading, so that writing does not fail, and read by nobody.
	reader, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	w := watch(t, "--repeat-interval=0", "--zeek-logs="+dir, "--output="+alerts, "--workers=1")
	rounds := 0
	await(t, "lost lines", func() bool {
		for range 500 {
			for _, f := range again(frames, rounds) {
				send(f)
			}
			rounds++
		}
		return !strings.Contains(scrape(t), "\nclearbind_zeek_log_lines_lost_total 0\n")
	})
	await(t, "every alert", func() bool {
		text, err := os.ReadFile(alerts)
		return err == nil && strings.Count(string(text), `"id":"cleartext-bind"`) == rounds
	})
	if !strings.Contains(scrape(t), fmt.Sprintf("\nclearbind_messages_total{operation=\"bind_request\"} %d\n", rounds)) {
		t.Error("capture has waited")
	}
	if status := w.end(t); status != exitFailed || !strings.Contains(w.stderr.String(), "--zeek-logs: the disk is stuck") {
		t.Errorf("exit status %d: %s", status, w.stderr.String())
	}
}
