//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestAlertsOfAPipeComeBeforeItsEnd runs the program on a named pipe whose
// writer has written a capture and goes on living.
func TestAlertsOfAPipeComeBeforeItsEnd(t *testing.T) {
	dir := t.TempDir()
	fifo, out := filepath.Join(dir, "fifo"), filepath.Join(dir, "alerts.jsonl")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile(filepath.Join(pcaps, "simple-bind-success.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	status := make(chan int)
	go func() {
		code, _, _ := clearbind(t, "--format=json", "-o", out, fifo)
		status <- code
	}()
	w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(recorded); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		told, err := os.ReadFile(out)
		if err == nil && bytes.Contains(told, []byte(`"id":"cleartext-bind"`)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no alert while the pipe is open")
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if code := <-status; code != exitDone {
		t.Errorf("exit status %d", code)
	}
}
