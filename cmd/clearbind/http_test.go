package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// served gives the program that args start, with nothing read yet.
func served(t *testing.T, args ...string) *program {
	t.Helper()
	cfg, err := parse(append(args, "x.pcap"), os.Stdout, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return &program{cfg: cfg, log: slog.New(slog.DiscardHandler), files: cfg.paths, board: newBoard(1, nil)}
}

// slowReader takes nothing until it is let go.
type slowReader struct {
	*httptest.ResponseRecorder
	asked, letGo chan struct{}
}

func (s *slowReader) Write(b []byte) (int, error) {
	close(s.asked)
	<-s.letGo
	return s.ResponseRecorder.Write(b)
}

func TestASlowReaderKeepsNobodyFromTheReport(t *testing.T) {
	server := served(t).server()
	if server.WriteTimeout <= 0 {
		t.Error("a reader may take for ever")
	}
	slow := &slowReader{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	defer close(slow.letGo)
	go server.Handler.ServeHTTP(slow, httptest.NewRequest(http.MethodGet, "/", nil))
	<-slow.asked
	quick := make(chan []byte)
	go func() {
		w := httptest.NewRecorder()
		server.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		quick <- w.Body.Bytes()
	}()
	select {
	case page := <-quick:
		if !bytes.HasPrefix(page, []byte("<!doctype html>")) {
			t.Errorf("the page is %.100q", page)
		}
	case <-time.After(30 * time.Second):
		t.Error("waits for the slow one")
	}
}

// TestThePageSaysWhatWasNotRead wants the page that is served after the last
// file to hide as little as the summary.
func TestThePageSaysWhatWasNotRead(t *testing.T) {
	p := served(t)
	p.board.ended(2, true)
	w := httptest.NewRecorder()
	p.server().Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, want := range []string{"2 files could not be read whole", "interrupted: the rest was not read"} {
		if !bytes.Contains(w.Body.Bytes(), []byte(want)) {
			t.Errorf("does not say %q", want)
		}
	}
}
