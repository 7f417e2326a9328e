//go:build unix

package capture

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// openPipe makes a named pipe, shares it and gives its writer.
func openPipe(t *testing.T, done chan struct{}) (*Shared, *os.File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	must(t, syscall.Mkfifo(path, 0o600))
	shared := Share(OpenFiles([]string{path}), 1, toAll, done)
	w, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	return shared, w
}

// What a pipe has given is handed over while its writer is silent.
func TestShareOfAPipeWaitsForNobody(t *testing.T) {
	shared, w := openPipe(t, nil)
	src := shared.Reader(0)
	var f Frame
	capture := numbered(3)
	for part, octets := range [][]byte{capture[:300], capture[300:]} { // the first two frames end at 240 and 460
		if _, err := w.Write(octets); err != nil {
			t.Fatal(err)
		}
		for want := uint64(1 + part); want <= uint64(1+2*part); want++ {
			for errors.Is(src.Next(&f), ErrIdle) {
				continue
			}
			if f.Number != want {
				t.Errorf("frame %d came, want %d", f.Number, want)
			}
		}
		if err := src.Next(&f); !errors.Is(err, ErrIdle) {
			t.Errorf("a silent writer gives %v", err)
		}
	}
	must(t, w.Close())
	<-shared.Over()
}

func TestShareOfAPipeThatHangsIsLeftBehind(t *testing.T) {
	done := make(chan struct{})
	shared, w := openPipe(t, done)
	close(done)
	var f Frame
	if err := shared.Reader(0).Next(&f); !errors.Is(err, ErrIdle) {
		t.Errorf("after its end Next gives %v", err)
	}
	select {
	case <-shared.Over():
		t.Error("the pipe is said to be free while it is read")
	default:
	}
	must(t, shared.Reader(0).Close())
	must(t, w.Close())
	<-shared.Over()
}
