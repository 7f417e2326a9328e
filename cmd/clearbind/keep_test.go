package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/internal/inventory"
	"github.com/clearbind/clearbind/internal/postgrestest"
	"github.com/clearbind/clearbind/internal/report"
)

// reported is a report of an inventory, but for what names its makers.
func reported(t *testing.T, args ...string) *report.Model {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.json")
	var stdout, stderr bytes.Buffer
	if status := fleet(append([]string{path}, args...), &stdout, &stderr); status != exitDone || stdout.Len() > 0 {
		t.Fatalf("exit status %d: %s", status, stderr.Bytes())
	}
	return modelOf(t, path)
}

func modelOf(t *testing.T, path string) *report.Model {
	t.Helper()
	m, err := readReport(path)
	if err != nil {
		t.Fatal(err)
	}
	m.Sources, m.Blind = nil, nil
	return m
}

func jsonOf(t *testing.T, m *report.Model) string {
	t.Helper()
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestTheInventoryOfAFleetIsThatOfAllItsCaptures lets sensors write what each
// has seen, some of it twice, and wants the report of all captures read together.
func TestTheInventoryOfAFleetIsThatOfAllItsCaptures(t *testing.T) {
	east, west := []string{"simple-bind-success.pcap", "starttls-refused-fallback.pcap", "ldaps-636.pcap"}, []string{"password-spraying.pcap", "search-paged.pcap", "simple-bind-ldap3.pcap"}
	places := func(names []string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(pcaps, name))
		}
		return paths
	}
	together := filepath.Join(t.TempDir(), "all.json")
	clearbind(t, append([]string{"--report=" + together}, places(slices.Concat(east, west))...)...)
	want := jsonOf(t, modelOf(t, together))
	test := func(t *testing.T, at string) {
		for _, workers := range []string{"1", "2"} { // read again, and not counted again
			for sensor, names := range map[string][]string{"east": east, "west": west} {
				status, _, stderr := clearbind(t, append([]string{"--inventory=" + at, "--inventory.sensor=" + sensor, "--workers=" + workers}, places(names)...)...)
				if status != exitDone {
					t.Fatalf("exit status %d: %s", status, stderr)
				}
			}
			if have := jsonOf(t, reported(t, "--inventory="+at)); have != want {
				t.Errorf("the fleet has\n%s\nand the captures together\n%s", have, want)
			}
		}
		one := filepath.Join(t.TempDir(), "one.json")
		clearbind(t, append([]string{"--report=" + one}, places(west)...)...)
		if jsonOf(t, reported(t, "--inventory="+at, "--sensor=west")) != jsonOf(t, modelOf(t, one)) {
			t.Error("the sensor in the west has something else than its captures")
		}
	}
	t.Run("SQLite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "i.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, postgrestest.Start(t).Database("fleet")) })
}

// TestKeepingChangesNoReport reads every capture with a database and without.
func TestKeepingChangesNoReport(t *testing.T) {
	all, err := filepath.Glob(filepath.Join(pcaps, "*.pcap"))
	if err != nil || len(all) < 50 {
		t.Fatal(all, err)
	}
	// In the order of time: what a sum has of the first is the earliest.
	slices.SortStableFunc(all, func(a, b string) int { return firstFrame(t, a).Compare(firstFrame(t, b)) })
	dir := t.TempDir()
	with, without := filepath.Join(dir, "with.json"), filepath.Join(dir, "without.json")
	_, told1, _ := clearbind(t, append([]string{"--format=json", "--report=" + without}, all...)...)
	_, told2, _ := clearbind(t, append([]string{"--format=json", "--report=" + with, "--workers=2", "--inventory=sqlite:" + filepath.Join(dir, "i.db")}, all...)...)
	if !bytes.Equal(told1, told2) {
		t.Error("other alerts are told")
	}
	a, b := strings.Split(jsonOf(t, modelOf(t, without)), "\n"), strings.Split(jsonOf(t, modelOf(t, with)), "\n")
	for i := range max(len(a), len(b)) {
		if i >= min(len(a), len(b)) || a[i] != b[i] {
			t.Fatalf("another report is made, from line %d on:\n%s\n%s", i, a[i:min(i+5, len(a))], b[i:min(i+5, len(b))])
		}
	}
}

func firstFrame(t *testing.T, path string) time.Time {
	t.Helper()
	src := capture.OpenFiles([]string{path})
	defer func() { _ = src.Close() }()
	var f capture.Frame
	if err := src.Next(&f); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return f.Time
}

// TestTwoProcessesKeepInOneFile starts several at once.
func TestTwoProcessesKeepInOneFile(t *testing.T) {
	at := "--inventory=sqlite:" + filepath.Join(t.TempDir(), "i.db")
	self := filepath.Join(t.TempDir(), "clearbind") // which name makes the test binary the program
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, self); err != nil {
		t.Skip(err)
	}
	const n = 6
	errs := make(chan error, n)
	for i := range n {
		go func() {
			cmd := exec.Command(self, at, fmt.Sprintf("--inventory.sensor=%d", i), filepath.Join(pcaps, []string{"simple-bind-success.pcap", "password-spraying.pcap", "search-paged.pcap"}[i%3]))
			out, err := cmd.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if m := reported(t, at); m.Totals.Packets == 0 || len(m.Uses) < 10 {
		t.Errorf("%+v", m.Totals)
	}
}

// TestAnInventoryOnAFullDisk gives the database a file system that is too small.
func TestAnInventoryOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skip("needs root, to mount a small file system: ", string(out))
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	at, filler := "--inventory=sqlite:"+filepath.Join(dir, "i.db"), filepath.Join(dir, "filler")
	if status, _, stderr := clearbind(t, at, filepath.Join(pcaps, "ldaps-636.pcap")); status != exitDone {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	before := len(reported(t, at).Uses)
	// Somebody has it open, so that the disk is full when it is written, not before.
	place, err := inventory.Parse(strings.TrimPrefix(at, "--inventory="))
	if err != nil {
		t.Fatal(err)
	}
	other, err := inventory.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if err := os.WriteFile(filler, make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	status, stdout, stderr := clearbind(t, at, "--format=json", filepath.Join(pcaps, "simple-bind-success.pcap"))
	if status != exitFailed || bytes.Count(stdout, []byte("\n")) != 2 || !strings.Contains(string(stderr), "not everything was written") {
		t.Errorf("exit status %d, %s, %s", status, stdout, stderr)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := clearbind(t, at, filepath.Join(pcaps, "simple-bind-success.pcap")); status != exitDone || len(reported(t, at).Uses) <= before {
		t.Errorf("with room: exit status %d, %s", status, stderr)
	}
}

// TestNoInventoryHoldsASecret reads every capture whose passwords are known, and
// looks for them in the database.
func TestNoInventoryHoldsASecret(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("a key of sixteen octets or more"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--inventory=sqlite:" + filepath.Join(dir, "i.db"), "--secret-fingerprint-key=" + key, "--ldap.any-port"}
	secrets := map[string]bool{}
	for name, want := range labels(t) {
		args = append(args, filepath.Join(pcaps, name))
		for _, s := range want.Secrets {
			secrets[s] = true
		}
	}
	clearbind(t, args...)
	content, err := os.ReadFile(filepath.Join(dir, "i.db"))
	if err != nil || len(content) < 100_000 || len(secrets) == 0 || !bytes.Contains(content, []byte("uid=mira")) {
		t.Fatalf("%d octets, %d secrets, %v", len(content), len(secrets), err)
	}
	for s := range secrets {
		if bytes.Contains(content, []byte(s)) {
			t.Error("the inventory holds a secret of the laboratory")
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "i.db-wal")); !errors.Is(err, os.ErrNotExist) {
		t.Error("not all of it is in the file that was looked at")
	}
}
