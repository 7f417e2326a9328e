package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clearbind/clearbind/capture"
	"golang.org/x/sys/unix"
)

// wire moves the test into a network namespace of its own and makes a cable in
// it; what it gives sends a frame that arrives at tap0.
func wire(t *testing.T) (send func(frame []byte)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to make network interfaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs ip, of iproute2")
	}
	runtime.LockOSThread() // and never given back: the namespace ends with the thread
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("no network namespace to be had:", err)
	}
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0) // or the kernel talks on the cable
	for _, args := range []string{"link set lo up", "link add cable0 mtu 65535 type veth peer name tap0 mtu 65535", "link set cable0 up", "link set tap0 up"} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", args, err, out)
		}
	}
	cable, err := net.InterfaceByName("cable0")
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	to := &unix.SockaddrLinklayer{Ifindex: cable.Index, Halen: 6}
	return func(frame []byte) {
		err := unix.Sendto(fd, frame, 0, to)
		for errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.EINTR) {
			err = unix.Sendto(fd, frame, 0, to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// watcher is clearbind as a process of its own.
type watcher struct {
	*exec.Cmd
	stderr bytes.Buffer
	read   chan struct{}
}

// watch begins to watch tap0, the end of wire.
func watch(t *testing.T, args ...string) *watcher {
	t.Helper()
	return watchFrom(t, (*exec.Cmd).Start, append([]string{"-i", "tap0"}, args...)...)
}

// watchFrom starts clearbind as begin starts programs.
func watchFrom(t *testing.T, begin func(*exec.Cmd) error, args ...string) *watcher {
	t.Helper()
	self := filepath.Join(t.TempDir(), "clearbind") // which name makes the test binary the program
	if err := os.Symlink(executable(t), self); err != nil {
		t.Fatal(err)
	}
	w := &watcher{Cmd: exec.Command(self, append([]string{"--web.listen-address=127.0.0.1:9636"}, args...)...), read: make(chan struct{})}
	pipe, err := w.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := begin(w.Cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Process.Kill() })
	lines, watching := bufio.NewReader(pipe), make(chan bool, 1)
	go func() {
		defer close(w.read)
		for {
			line, err := lines.ReadString('\n')
			w.stderr.WriteString(line)
			if strings.Contains(line, "watching") {
				watching <- true
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case <-watching:
	case <-w.read:
		t.Fatalf("clearbind ended: %s", w.stderr.String())
	case <-time.After(30 * time.Second):
		t.Fatal("clearbind does not begin to watch")
	}
	return w
}

// end interrupts it and gives its exit status.
func (w *watcher) end(t *testing.T) int {
	t.Helper()
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-w.read
	_ = w.Wait() // the state has it
	return w.ProcessState.ExitCode()
}

// ethernet gives the captures that a cable can carry as they are: their frames,
// by name.
func ethernet(t *testing.T) map[string][][]byte {
	t.Helper()
	found := make(map[string][][]byte)
	for name, want := range labels(t) {
		if len(want.Flags) > 0 || want.Survive {
			continue // of other ports
		}
		src, err := capture.OpenFile(filepath.Join(pcaps, name))
		if err != nil {
			t.Fatal(err)
		}
		var frames [][]byte
		var f capture.Frame
		for err = src.Next(&f); err == nil && f.Link == 1 && len(f.Data) == f.WireLen; err = src.Next(&f) {
			frames = append(frames, bytes.Clone(f.Data))
		}
		if errors.Is(err, io.EOF) {
			found[name] = frames
		}
		_ = src.Close()
	}
	return found
}

// TestLiveSaysWhatTheFileSays sends the captures over a cable, one after
// another, and wants the alerts that the files give.
func TestLiveSaysWhatTheFileSays(t *testing.T) {
	var want []string
	captures := ethernet(t)
	for name := range captures {
		_, stdout, _ := clearbind(t, "--format=json", "--repeat-interval=0", "--min-severity=info", filepath.Join(pcaps, name))
		want = append(want, sayings(t, stdout)...)
	}
	send := wire(t)
	alerts, evidence := filepath.Join(t.TempDir(), "alerts.jsonl"), filepath.Join(t.TempDir(), "evidence")
	w := watch(t, "--repeat-interval=0", "--min-severity=info", "--output="+alerts, "--evidence="+evidence, "--workers=2")
	frames := 0
	for _, all := range captures {
		for _, frame := range all {
			send(frame)
			frames++
		}
		time.Sleep(20 * time.Millisecond) // so that connections of two captures do not meet in a hole's wait
	}
	time.Sleep(time.Second)
	if status := w.end(t); status != exitDone {
		t.Errorf("exit status %d: %s", status, w.stderr.String())
	}
	stdout, err := os.ReadFile(alerts)
	if err != nil {
		t.Fatal(err)
	}
	have := sayings(t, stdout)
	files, err := os.ReadDir(evidence) // a busy disk may have missed some; then the alert names none
	if named := bytes.Count(stdout, []byte(`"evidence":"`)); err != nil || named == 0 || len(files) != named {
		t.Errorf("%d captures of evidence, %d are named, %v", len(files), named, err)
	}
	slices.Sort(want)
	slices.Sort(have)
	if len(captures) < 50 || len(want) < 100 {
		t.Fatalf("%d captures with %d alerts are no proof", len(captures), len(want))
	}
	if !slices.Equal(have, want) {
		t.Errorf("%d captures, %d frames: %d alerts live, %d of files", len(captures), frames, len(have), len(want))
		for _, line := range difference(want, have) {
			t.Error("missing", line)
		}
		for _, line := range difference(have, want) {
			t.Error("too many", line)
		}
	}
}

// sayings puts alerts into words. Guessing and spraying go by time, and here all
// captures come within seconds.
func sayings(t *testing.T, stdout []byte) (words []string) {
	t.Helper()
	for _, f := range told(t, stdout) {
		if !strings.HasPrefix(f.Rule, "password-") {
			user := "-"
			if f.User != nil {
				user = *f.User
			}
			words = append(words, fmt.Sprint(f.Rule, " ", f.Source, " ", f.Destination, " ", user, " ", f.Outcome))
		}
	}
	return words
}

// difference gives what a has more than b, both sorted.
func difference(a, b []string) (more []string) {
	for len(a) > 0 {
		switch {
		case len(b) == 0 || a[0] < b[0]:
			more, a = append(more, a[0]), a[1:]
		case a[0] == b[0]:
			a, b = a[1:], b[1:]
		default:
			b = b[1:]
		}
	}
	return more
}

// again gives the frames of a capture as another connection has them: the same
// one sent twice would be a mirror's second copy. Nobody looks at checksums.
func again(frames [][]byte, connection int) (fresh [][]byte) {
	for _, f := range frames {
		f = bytes.Clone(f)
		const src, dst = 14 + 20, 14 + 20 + 2 // in TCP over IPv4
		if len(f) > dst+2 && f[12] == 8 && f[13] == 0 && f[23] == 6 {
			at := src
			if binary.BigEndian.Uint16(f[src:]) == 389 {
				at = dst
			}
			binary.BigEndian.PutUint16(f[at:], uint16(1024+connection%60000))
		}
		fresh = append(fresh, f)
	}
	return fresh
}

// TestASensorFollowsItsLogAndItsConfiguration rotates the log and breaks the
// configuration of a running sensor.
func TestASensorFollowsItsLogAndItsConfiguration(t *testing.T) {
	frames := ethernet(t)["simple-bind-success.pcap"]
	send := wire(t)
	dir := t.TempDir()
	log, rotated, config := filepath.Join(dir, "alerts.jsonl"), filepath.Join(dir, "alerts.1"), filepath.Join(dir, "c.yml")
	write := func(text string) {
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("networks: {only: 192.0.2.0/24}\n")
	w := watch(t, "--repeat-interval=0", "--output="+log, "--config="+config, "--report="+filepath.Join(dir, "r.json"))
	hangUp := func() {
		if err := w.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	connections := 0
	replay := func(path string, alerts int) {
		t.Helper()
		connections++
		for _, f := range again(frames, connections) {
			send(f)
		}
		await(t, fmt.Sprintf("%d alerts in %s", alerts, path), func() bool {
			text, err := os.ReadFile(path)
			return err == nil && bytes.Count(text, []byte("\n")) == alerts
		})
	}
	write("severities: {cleartext-bind: low}\n") // and every network: the kernel has to follow
	hangUp()
	time.Sleep(time.Second) // the workers look for the configuration at each tick
	replay(log, 2)
	if err := os.Rename(log, rotated); err != nil {
		t.Fatal(err)
	}
	write("allow: [{rule: cleartext-bind, reason: known}]\n")
	hangUp()
	await(t, "a new log", func() bool { _, err := os.Stat(log); return err == nil })
	time.Sleep(time.Second)
	replay(log, 1)
	write("allow: nonsense\n")
	hangUp()
	await(t, "a metric", func() bool {
		return strings.Contains(scrape(t), "\nclearbind_config_last_reload_successful 0\n")
	})
	replay(log, 2) // as before
	if status := w.end(t); status != exitDone || !strings.Contains(w.stderr.String(), "the configuration is broken; the one before is used on") {
		t.Errorf("exit status %d: %s", status, w.stderr.String())
	}
	if _, err := readReport(filepath.Join(dir, "r.json")); err != nil {
		t.Error(err)
	}
}

// scrape gives the metrics, asked for from within the namespace.
func scrape(t *testing.T) string {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:9636")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET /metrics HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 1500 {
		if is() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("waited in vain for ", what)
}

// TestAStuckReaderDoesNotStallCapture gives alerts to a pipe that nobody reads.
func TestAStuckReaderDoesNotStallCapture(t *testing.T) {
	frames := ethernet(t)["simple-bind-success.pcap"]
	send := wire(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// Open for reading, so that writing does not fail, and read by nobody.
	reader, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	w := watch(t, "--repeat-interval=0", "--output="+fifo, "--workers=1")
	rounds := 0
	await(t, "lost alerts", func() bool {
		for range 200 {
			for _, f := range again(frames, rounds) {
				send(f)
			}
			rounds++
		}
		return !strings.Contains(scrape(t), "\nclearbind_alerts_lost_total 0\n")
	})
	await(t, "every frame", func() bool {
		return strings.Contains(scrape(t), fmt.Sprintf("\nclearbind_messages_total{operation=\"bind_request\"} %d\n", rounds))
	})
	if status := w.end(t); status != exitFailed || !strings.Contains(w.stderr.String(), "--output="+fifo+" is stuck: ") {
		t.Errorf("exit status %d: %s", status, w.stderr.String())
	}
	taken, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	var critical, medium, lost int
	for line := range strings.Lines(strings.ReplaceAll(w.stderr.String(), ",", "")) {
		_, _ = fmt.Sscanf(line, "Findings %d critical %d medium", &critical, &medium)
		_, _ = fmt.Sscanf(line, "Not seen %d alerts could not be written", &lost)
	}
	if told := bytes.Count(taken, []byte("\n")); told == 0 || lost == 0 || told+lost != critical+medium {
		t.Errorf("%d alerts came, %d are counted as lost, of %d", told, lost, critical+medium)
	}
}
