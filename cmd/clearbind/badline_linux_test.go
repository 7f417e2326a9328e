package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Of a bad line's frames in a hundred, those that are lost, come twice, and come
// early; the others take lineDelay.
const (
	lineLoss, lineCopies, lineEarly = 5, 10, 20
	lineDelay                       = 2 * time.Millisecond
)

// TestLiveOnABadLine binds and searches over lines that lose, repeat and
// reorder. A sensor at either end sees what arrives there and all that leaves;
// what was lost comes again.
func TestLiveOnABadLine(t *testing.T) {
	t.Run("netem", func(t *testing.T) {
		need(t, "tc", "iproute2")
		a, b := newSpace(t), newSpace(t)
		cable(t, a, b, "wire0")
		for _, s := range []*space{a, b} {
			args := fmt.Sprintf("tc qdisc add dev wire0 root netem delay %dms loss %d%% duplicate %d%% reorder %d%%", lineDelay.Milliseconds(), lineLoss, lineCopies, lineEarly)
			if out, err := s.run(t, nil, strings.Fields(args)...); err != nil {
				t.Skipf("not to be had of this kernel: %s: %s", args, strings.TrimSpace(out))
			}
		}
		talkOnABadLine(t, a, b)
	})
	t.Run("taps", func(t *testing.T) { // of our own making, for kernels that have no netem
		a, b := newSpace(t), newSpace(t)
		ends := [2]*os.File{openTAP(t, a), openTAP(t, b)}
		var carrying sync.WaitGroup
		for i := range ends {
			carrying.Go(func() { carryBadly(ends[i], ends[1-i]) }) // until they are closed; waited for below
		}
		t.Cleanup(func() {
			for _, end := range ends {
				_ = end.Close()
			}
			carrying.Wait()
		})
		talkOnABadLine(t, a, b)
	})
}

// openTAP makes an interface wire0, whose other end is a file. Nothing is left to
// its card: frames have checksums, and are no larger than on a wire.
func openTAP(t *testing.T, s *space) *os.File {
	t.Helper()
	req, err := unix.NewIfreq("wire0")
	if err != nil {
		t.Fatal(err)
	}
	req.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	fd := -1
	err = s.do(t, func() error {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		return unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	})
	if err != nil {
		t.Skip("no tun device:", err)
	}
	s.ip(t, "link set wire0 up")
	return os.NewFile(uintptr(fd), "tap")
}

// carryBadly carries frames, as netem does with the same figures, until from is
// closed.
func carryBadly(from, to *os.File) {
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		frame := bytes.Clone(buf[:n])
		copies := 1
		if rand.IntN(100) < lineCopies {
			copies = 2
		}
		for range copies {
			switch dice := rand.IntN(100); {
			case dice < lineLoss:
			case dice < lineLoss+lineEarly:
				_, _ = to.Write(frame) // a frame that is not taken is lost as well
			default:
				time.AfterFunc(lineDelay, func() { _, _ = to.Write(frame) })
			}
		}
	}
}

// talkOnABadLine has many clients in a bind and search at a directory in b, some
// with a wrong password.
func talkOnABadLine(t *testing.T, a, b *space) {
	const clients, at = 60, 10
	a.ip(t, "addr add 10.39.0.1/24 dev wire0")
	b.ip(t, "addr add 10.39.0.2/24 dev wire0")
	b.directory(t, clients)
	sensors, alerts := map[*space]*watcher{}, map[*space]string{}
	for _, s := range []*space{a, b} {
		alerts[s] = filepath.Join(t.TempDir(), "alerts.jsonl")
		begin := func(cmd *exec.Cmd) error { return s.do(t, cmd.Start) }
		sensors[s] = watchFrom(t, begin, "-i", "wire0", "--repeat-interval=0", "--min-severity=info", "--output="+alerts[s], "--workers=2")
	}
	var want []string
	late := map[string]bool{} // names of clients that waited longer than the sensor does for an answer
	var mu sync.Mutex
	var talking sync.WaitGroup
	for worker := range at {
		talking.Go(func() { // waited for below
			for i := worker; i < clients; i += at {
				began := time.Now()
				words := talkOnce(t, a, i)
				mu.Lock()
				want = append(want, words...)
				late[person(i)] = time.Since(began) > 5*time.Second
				mu.Unlock()
			}
		})
	}
	talking.Wait()
	want = withoutLate(want, late)
	if len(want) < 2*clients*8/10 {
		t.Errorf("only %d findings are to come: the line is too bad", len(want))
	}
	for s, w := range sensors {
		where := map[*space]string{a: "the client's end", b: "the server's end"}[s]
		read := func() (have []string) {
			text, err := os.ReadFile(alerts[s])
			if err != nil {
				t.Fatal(err)
			}
			return withoutLate(sayings(t, text[:bytes.LastIndexByte(text, '\n')+1]), late)
		}
		for range 250 { // a bind's answer may come last
			if len(read()) >= len(want) {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		var metrics string
		_ = s.do(t, func() error { metrics = scrape(t); return nil })
		for _, name := range []string{"clearbind_stream_gaps_total", "clearbind_stream_overlaps_total", "clearbind_panics_total"} {
			if n := series(t, metrics, name); n != 0 {
				t.Errorf("at %s %s is %v", where, name, n)
			}
		}
		if status := w.end(t); status != exitDone {
			t.Errorf("at %s exit status %d: %s", where, status, w.stderr.String())
		}
		have := read()
		for _, line := range difference(want, have) {
			t.Error("at", where, "missing", line)
		}
		for _, line := range difference(have, want) {
			t.Error("at", where, "too many", line)
		}
	}
}

// withoutLate sorts findings, and takes the outcome of late clients' away: a
// request without an answer for five seconds is told as unknown.
func withoutLate(words []string, late map[string]bool) []string {
	for i, line := range words {
		fields := strings.Fields(line)
		if last := len(fields) - 1; late[fields[last-1]] {
			words[i] = strings.Join(fields[:last], " ")
		}
	}
	slices.Sort(words)
	return words
}

// talkOnce binds as a person and searches, and gives what has to be told of it;
// nothing if the client is not sure itself.
func talkOnce(t *testing.T, from *space, i int) []string {
	secret := password
	if i%6 == 0 {
		secret = wrong
	}
	name := person(i)
	status, said := from.search(t, "10.39.0.2", name, secret, "(|(uid=p1*)(uid=p2*)(uid=p3*))")
	switch {
	case status == 0:
		return []string{
			fmt.Sprintf("cleartext-bind 10.39.0.1 10.39.0.2 389 %s success", name),
			fmt.Sprintf("cleartext-search 10.39.0.1 10.39.0.2 389 %s success", name),
		}
	case status == 49 && secret == wrong:
		return []string{fmt.Sprintf("cleartext-bind 10.39.0.1 10.39.0.2 389 %s failure", name)}
	}
	t.Errorf("ldapsearch ends with %d: %s", status, said)
	return nil
}

// series gives the value of a series without labels, or the sum over all labels.
func series(t *testing.T, metrics, name string) (sum float64) {
	t.Helper()
	found := false
	for line := range strings.Lines(metrics) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' '):]), 64)
		if err != nil {
			t.Fatal(err)
		}
		sum, found = sum+value, true
	}
	if !found {
		t.Fatalf("no series %s", name)
	}
	return sum
}
