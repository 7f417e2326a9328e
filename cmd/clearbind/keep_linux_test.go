package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clearbind/clearbind/internal/postgrestest"
)

// TestASensorRemembersAcrossRestarts stops a sensor as an update does, and kills
// one: what it has seen is in its report afterwards. It has given up its files
// by the time it writes.
func TestASensorRemembersAcrossRestarts(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		remembers(t, "sqlite:"+filepath.Join(t.TempDir(), "i.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) { // through its socket: the network is another
		remembers(t, postgrestest.Start(t).Database("sensor"))
	})
}

func remembers(t *testing.T, at string) {
	captures := ethernet(t)
	send := wire(t)
	dir := t.TempDir()
	page := filepath.Join(dir, "page.json")
	replay := func(name string, connection int) {
		for _, f := range again(captures[name], connection) {
			send(f)
		}
	}
	start := func() *watcher {
		return watch(t, "--inventory="+at, "--inventory.sensor=east", "--inventory.interval=1s", "--report="+page, "--output="+filepath.Join(dir, "alerts.jsonl"))
	}
	written := func(n int) {
		t.Helper()
		await(t, "a write of the inventory", func() bool {
			var have int
			for line := range strings.Lines(scrape(t)) {
				_, _ = fmt.Sscanf(line, `clearbind_inventory_writes_total{result="success"} %d`, &have)
			}
			return have > n
		})
	}
	names := func() (list string) {
		for _, a := range reported(t, "--inventory="+at, "--since=2d").Accounts {
			list += a.Name + " "
		}
		return list
	}

	w := start()
	replay("simple-bind-success.pcap", 1)
	time.Sleep(2 * time.Second) // the sensor shows what it has once a second
	if status := w.end(t); status != exitDone {
		t.Fatalf("exit status %d: %s", status, w.stderr.String())
	}
	first := names()
	if first == "" {
		t.Fatal("nothing was kept")
	}

	w = start()
	replay("password-spraying.pcap", 2)
	written(3)
	if n := len(reported(t, "--inventory="+at).Accounts); n < 5 {
		t.Errorf("%d accounts while it runs", n)
	}
	if err := w.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-w.read
	_ = w.Wait() // killed
	if second := names(); !strings.Contains(second, first) || len(second) < 2*len(first) {
		t.Errorf("%s is left, there was %s", second, first)
	}

	w = start()
	written(1)
	if status := w.end(t); status != exitDone || strings.Contains(w.stderr.String(), "level=ERROR") || strings.Contains(w.stderr.String(), "level=WARN") {
		t.Fatalf("exit status %d: %s", status, w.stderr.String())
	}
	if _, err := os.Stat(page); err != nil {
		t.Fatal(err)
	}
	// The sensor's own report has all of it, though this run has seen nothing.
	own, all := modelOf(t, page), reported(t, "--inventory="+at)
	if len(own.Accounts) < 5 || len(own.Accounts) != len(all.Accounts) || len(own.Uses) != len(all.Uses) || own.Totals.Findings != all.Totals.Findings || own.Totals.Findings.Sum() == 0 || !own.From.Equal(all.From) {
		t.Errorf("own report %+v\nof the inventory %+v", own.Totals, all.Totals)
	}
}
