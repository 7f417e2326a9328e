//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
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

// TestASecondSignalEndsAStuckRun gives alerts to a pipe that nobody reads.
func TestASecondSignalEndsAStuckRun(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	self := filepath.Join(t.TempDir(), "clearbind") // which name makes the test binary the program
	if err := os.Symlink(executable(t), self); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(self, "--repeat-interval=0", pcaps) // more alerts than fit in a pipe
	run.Stdout = writer
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	over := make(chan error, 1)
	go func() { over <- run.Wait() }()
	for range 600 {
		select {
		case err := <-over:
			if status, ok := run.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
				t.Errorf("ended by itself: %v", err)
			}
			return
		case <-time.After(50 * time.Millisecond):
			_ = run.Process.Signal(syscall.SIGTERM) // it may be over
		}
	}
	_ = run.Process.Kill()
	t.Error("still there after many signals")
}

func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
