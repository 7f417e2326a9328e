// Command bench makes captures, runs the program over them in turn with the
// peers that are installed, and prints medians, ratios and findings side by
// side as Markdown. It counts processor time, user and system, of whole
// processes: on a machine with other work that is what can be repeated.
//
//	go run ./internal/loadgen/cmd/bench -octets=300000000 -runs=5
//	go run ./internal/loadgen/cmd/bench -growth=docs/benchmarks/2026-11-25
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/clearbind/clearbind/internal/loadgen"
)

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == floorCommand:
		exitOn(floor(os.Args[2]))
	case len(os.Args) == 4 && os.Args[1] == makeCommand:
		exitOn(makeCapture(os.Args[2], os.Args[3]))
	default:
		exitOn(run())
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of this program.
type bench struct {
	dir     string // for what is made
	program string // clearbind
	self    string
	runs    int
}

func run() error {
	octets := flag.Int64("octets", 300_000_000, "size of each capture, about")
	runs := flag.Int("runs", 5, "counted runs of each command, after one that is not")
	growth := flag.String("growth", "", "measure how cost grows instead, and write growth.svg and growth.csv into this folder")
	program := flag.String("program", "", "clearbind to measure; default: built from here")
	dir := flag.String("dir", "", "folder for the captures; default: a temporary one, removed at the end")
	flag.Parse()
	b := &bench{dir: *dir, program: *program, runs: *runs}
	if b.dir == "" {
		made, err := os.MkdirTemp("", "bench")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(made) }() // captures; the next start of the machine would
		b.dir = made
	}
	if err := b.build(); err != nil {
		return err
	}
	if *growth != "" {
		return b.growth(*growth)
	}
	for _, m := range []loadgen.Mix{loadgen.Pure, loadgen.Sparse, loadgen.Messy} {
		if err := b.compare(m, *octets); err != nil {
			return err
		}
	}
	return b.sizes()
}

// build makes the program, unless one was named, and finds itself.
func (b *bench) build() (err error) {
	if b.self, err = os.Executable(); err != nil || b.program != "" {
		return err
	}
	b.program = filepath.Join(b.dir, "clearbind")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.program, "./cmd/clearbind") //nolint:gosec // our own program
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// makeCommand makes this program write a capture, in a process of its own: what
// is resident here when another program is started counts as that one's.
const makeCommand = "make"

func makeCapture(path, config string) error {
	var cfg loadgen.Config
	if err := json.Unmarshal([]byte(config), &cfg); err != nil {
		return err
	}
	tally, err := loadgen.WriteFile(path, cfg)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(tally)
}

// capture makes a capture and gives its path.
func (b *bench) capture(name string, cfg loadgen.Config) (path string, tally loadgen.Tally, err error) {
	config, err := json.Marshal(cfg)
	if err != nil {
		return "", tally, err
	}
	path = filepath.Join(b.dir, name+".pcap")
	cmd := exec.Command(b.self, makeCommand, path, string(config)) //nolint:gosec // this program
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &tally)
	}
	return path, tally, err
}

// sizes says how large the program is, how long it takes to start, and what it
// depends on.
func (b *bench) sizes() error {
	info, err := os.Stat(b.program)
	if err != nil {
		return err
	}
	small, _, err := b.capture("small", loadgen.Config{Connections: 1})
	if err != nil {
		return err
	}
	medians, err := alternate(10, []command{{args: []string{b.program, "--format=json", "-o", os.DevNull, small}}})
	if err != nil {
		return err
	}
	modules, err := exec.Command("go", "version", "-m", b.program).Output() //nolint:gosec // our own program
	if err != nil {
		return err
	}
	fmt.Printf("The program has %.1f MB and %d modules besides its own; from start to end of a small capture it takes %.0f ms by the clock, %.0f ms of processor, %.0f MiB.\n",
		float64(info.Size())/1e6, countLines(modules, "\tdep\t"), medians[0].wall*1e3, medians[0].cpu()*1e3, medians[0].mebibytes)
	return nil
}
