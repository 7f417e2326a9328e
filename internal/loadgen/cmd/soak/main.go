//go:build linux

// Command soak replays traffic of loadgen over a cable (a veth pair) at a sensor,
// millions of packets at a bounded rate, and holds what the sensor counts
// against what was sent: packets, binds, searches, entries, findings, and that
// memory, descriptors and goroutines do not grow. Then it seeks the highest rate
// without drops, and overdrives the sensor to see that drops are counted. It
// needs root and iproute2, and works in a network namespace of its own.
//
//	go run ./internal/loadgen/cmd/soak -rate=100000
//	go run ./internal/loadgen/cmd/soak -packets=1000000 -- --workers=1
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/clearbind/clearbind/internal/loadgen"
)

// config is what to do.
type config struct {
	packets     int    // about, in whole passes
	connections int    // of a pass
	rate        int    // packets a second
	program     string // clearbind; "": built from here
	args        []string
	climb       bool
}

func main() {
	var c config
	flag.IntVar(&c.packets, "packets", 10_000_000, "packets to send, about")
	flag.IntVar(&c.connections, "connections", 10_000, "connections of a pass: the same ones come again and again, from other ports")
	flag.IntVar(&c.rate, "rate", 100_000, "packets a second")
	flag.StringVar(&c.program, "program", "", "clearbind to watch; default: built from here")
	flag.BoolVar(&c.climb, "climb", true, "seek the highest rate without drops as well")
	inside := flag.Bool("inside", false, "this process is in a network namespace of its own already")
	flag.Parse()
	c.args = flag.Args()
	err := errors.New("needs root, to make network interfaces")
	switch {
	case os.Getuid() != 0:
	case *inside:
		err = run(&c)
	default:
		err = enter()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// enter runs this program again, in a network namespace that ends with it.
func enter() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	signal.Ignore(os.Interrupt)                                               // the one inside gets it as well, and ends
	cmd := exec.Command(self, append([]string{"-inside"}, os.Args[1:]...)...) //nolint:gosec // this program
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("in a network namespace: %w", err)
	}
	return nil
}

// The cable: what is sent into the first end arrives at the other.
const sends, watched = "soak0", "tap0"

func run(c *config) (err error) {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the next start of the machine would
	if c.program == "" {
		c.program = filepath.Join(dir, "clearbind")
		if err := command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", c.program, "./cmd/clearbind"); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"link", "set", "lo", "up"}, {"link", "add", sends, "mtu", "9000", "type", "veth", "peer", "name", watched, "mtu", "9000"},
		{"link", "set", sends, "up"}, {"link", "set", watched, "up"},
	} {
		if err := command("ip", args...); err != nil {
			return err
		}
	}
	l, err := newLoad(loadgen.Config{Seed: 1, Connections: c.connections, EntryMin: 300, EntryMax: 1500, Entries: 3, Searches: 5})
	if err != nil {
		return err
	}
	if err := l.open(); err != nil {
		return err
	}
	s, err := start(c, dir)
	if err != nil {
		return err
	}
	defer s.kill()
	return soak(c, l, s)
}

func command(name string, args ...string) error {
	cmd := exec.Command(name, args...) //nolint:gosec // what this program lists
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}
