package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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
	stuck(t, reader)
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

// stuck waits until the pipe takes nothing any more.
func stuck(t *testing.T, reader *os.File) {
	t.Helper()
	for before := -1; ; time.Sleep(200 * time.Millisecond) {
		held, err := unix.IoctlGetInt(int(reader.Fd()), unix.TIOCINQ)
		if err != nil {
			t.Fatal(err)
		}
		if held == before && held > 32<<10 {
			return
		}
		before = held
	}
}

func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
