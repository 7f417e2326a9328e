// Command loadgen writes a capture to measure with, and says on standard
// output, as JSON, what is in it.
//
//	go run ./internal/loadgen/cmd/loadgen -mix=pure -octets=300000000 -o pure.pcap
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/clearbind/clearbind/internal/loadgen"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(1)
	}
}

func run() error {
	var cfg loadgen.Config
	mix := flag.String("mix", "pure", "pure, sparse or messy")
	path := flag.String("o", "", "file to write")
	flag.Uint64Var(&cfg.Seed, "seed", 1, "the same seed gives the same octets")
	flag.Int64Var(&cfg.Octets, "octets", 0, "size of the capture, about")
	flag.IntVar(&cfg.Connections, "connections", 0, "connections in all")
	flag.IntVar(&cfg.Open, "open", 0, "connections at a time")
	flag.IntVar(&cfg.EntryMin, "entry-min", 0, "octets of an entry, at least")
	flag.IntVar(&cfg.EntryMax, "entry-max", 0, "octets of an entry, at most")
	flag.IntVar(&cfg.Entries, "entries", 0, "entries of a search, at most")
	flag.IntVar(&cfg.Searches, "searches", 0, "searches of a connection, at most")
	flag.IntVar(&cfg.Pipelined, "pipelined", 0, "searches sent before their answers come")
	flag.BoolVar(&cfg.Idle, "idle", false, "connections stay open in silence")
	flag.BoolVar(&cfg.SimpleOnly, "simple", false, "simple binds only")
	flag.DurationVar(&cfg.Step, "step", 0, "from packet to packet")
	flag.Parse()
	var err error
	if cfg.Mix, err = loadgen.ParseMix(*mix); err != nil {
		return err
	}
	tally, err := loadgen.WriteFile(*path, cfg)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(tally)
}
