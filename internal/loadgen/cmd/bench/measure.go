package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// command is something to time.
type command struct {
	name    string
	args    []string
	oneCore bool                 // of a Go program: not even its garbage is collected on another
	found   func(out []byte) int // passwords of simple binds in what it printed; nil: it looks for none
	log     string               // file it appends to, removed before each run
}

// sample is what a run took, in seconds.
type sample struct {
	user, system, wall float64
	mebibytes          float64 // most that was resident
	found              int
}

func (s *sample) cpu() float64 { return s.user + s.system }

func (c *command) run() (s sample, err error) {
	cmd := exec.Command(c.args[0], c.args[1:]...) //nolint:gosec // what this program lists
	var out bytes.Buffer
	cmd.Stderr = io.Discard
	if c.found != nil {
		cmd.Stdout = &out
	}
	if c.oneCore {
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	}
	if c.log != "" {
		_ = os.Remove(c.log) // of the run before, if there was one
	}
	debug.FreeOSMemory() // what is resident here when a program is started counts as that one's
	start := time.Now()
	if err = cmd.Run(); err != nil {
		return s, fmt.Errorf("%v: %w", c.args, err)
	}
	s.wall = time.Since(start).Seconds()
	s.user, s.system = cmd.ProcessState.UserTime().Seconds(), cmd.ProcessState.SystemTime().Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.mebibytes = float64(usage.Maxrss) / 1024 // KiB on Linux
	}
	if c.found != nil {
		s.found = c.found(out.Bytes())
	}
	return s, nil
}

// alternate runs the commands in turn, once without counting and n times, and
// gives each one's medians.
func alternate(n int, commands []command) ([]sample, error) {
	all := make([][]sample, len(commands))
	for round := range n + 1 {
		for i := range commands {
			s, err := commands[i].run()
			if err != nil {
				return nil, err
			}
			if round > 0 {
				all[i] = append(all[i], s)
			}
		}
	}
	medians := make([]sample, len(commands))
	for i, samples := range all {
		medians[i] = sample{
			user:      median(samples, func(s *sample) float64 { return s.user }),
			system:    median(samples, func(s *sample) float64 { return s.system }),
			wall:      median(samples, func(s *sample) float64 { return s.wall }),
			mebibytes: median(samples, func(s *sample) float64 { return s.mebibytes }),
			found:     samples[0].found,
		}
	}
	return medians, nil
}

func median(samples []sample, of func(*sample) float64) float64 {
	values := make([]float64, len(samples))
	for i := range samples {
		values[i] = of(&samples[i])
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

func countLines(out []byte, part string) (n int) {
	for line := range bytes.Lines(out) {
		if bytes.Contains(line, []byte(part)) {
			n++
		}
	}
	return n
}
