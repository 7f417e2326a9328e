//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sensor is clearbind at the cable's other end.
type sensor struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan error
}

const web = "http://127.0.0.1:9636"

// start starts it with every rule, and every finding told.
func start(c *config, dir string) (*sensor, error) {
	args := []string{"-i", watched, "--min-severity=info", "--output=" + filepath.Join(dir, "alerts.jsonl")}
	s := &sensor{cmd: exec.Command(c.program, append(args, c.args...)...), ended: make(chan error, 1)} //nolint:gosec // what we are told to
	s.cmd.Stderr = &s.stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }() // ends with the sensor
	for range 500 {
		select {
		case err := <-s.ended:
			return nil, fmt.Errorf("the sensor ended: %w: %s", err, s.stderr.String())
		case <-time.After(20 * time.Millisecond):
		}
		if answer, err := http.Get(web + "/-/ready"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return s, nil
			}
		}
	}
	s.kill()
	return nil, errors.New("the sensor does not become ready")
}

func (s *sensor) kill() { _ = s.cmd.Process.Kill() }

// end ends it, and gives what it said at last.
func (s *sensor) end() (summary string, err error) {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return "", err
	}
	select {
	case err = <-s.ended:
	case <-time.After(30 * time.Second):
		return "", errors.New("the sensor does not end")
	}
	return s.stderr.String(), err
}

// counters are the series of a scrape, with their labels.
type counters map[string]float64

func (s *sensor) scrape() (counters, error) {
	answer, err := http.Get(web + "/metrics")
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // was read to its end
	all := counters{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		line := lines.Text()
		name, value := line[:max(strings.LastIndexByte(line, ' '), 0)], line[strings.LastIndexByte(line, ' ')+1:]
		if n, err := strconv.ParseFloat(value, 64); err == nil && !strings.HasPrefix(line, "#") {
			all[name] = n
		}
	}
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is used again
	return all, lines.Err()
}

// sum adds up the series of a name that have a label, such as rule="…"; "": all.
func (c counters) sum(name, label string) (sum float64) {
	for series, n := range c {
		if base, labels, _ := strings.Cut(series, "{"); base == name && strings.Contains(labels, label) {
			sum += n
		}
	}
	return sum
}

func (c counters) dropped() float64 {
	return c.sum("clearbind_dropped_packets_total", `reason="kernel"`)
}

// sample is what the sensor takes at a moment.
type sample struct {
	resident    float64 // MiB
	goroutines  float64
	descriptors float64
}

func (s *sensor) sample() (sample, error) {
	c, err := s.scrape()
	if err != nil {
		return sample{}, err
	}
	return sample{c["process_resident_memory_bytes"] / (1 << 20), c["go_goroutines"], c["process_open_fds"]}, nil
}

// processor gives the processor time it took so far.
func (s *sensor) processor() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // from the third on
	ticks := 0
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil // USER_HZ is 100 everywhere
}
