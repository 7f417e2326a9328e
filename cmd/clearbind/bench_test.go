package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/clearbind/clearbind/internal/loadgen"
)

// made writes a capture for a benchmark or a test and says what is in it.
func made(tb testing.TB, cfg loadgen.Config) (path string, tally loadgen.Tally) {
	path = filepath.Join(tb.TempDir(), "made.pcap")
	tally, err := loadgen.WriteFile(path, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return path, tally
}

// runProgram runs the whole program over a capture: reading, decoding, every rule,
// alerts as JSON lines to nowhere.
func runProgram(tb testing.TB, path string, workers int) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = null.Close() }() // nothing was written
	cfg, err := parse([]string{"--format=json", "-w", strconv.Itoa(workers), path}, null, null)
	if err != nil {
		tb.Fatal(err)
	}
	if status := start(cfg, null, null); status != exitDone {
		tb.Fatal("exit status", status)
	}
}

// BenchmarkProgram is the whole program, with one worker and with two.
func BenchmarkProgram(b *testing.B) {
	for _, m := range []loadgen.Mix{loadgen.Pure, loadgen.Sparse, loadgen.Messy} {
		for _, workers := range []int{1, 2} {
			b.Run(m.String()+"/workers="+strconv.Itoa(workers), func(b *testing.B) {
				path, tally := made(b, loadgen.Config{Mix: m, Octets: 200 << 20, Open: 64})
				b.SetBytes(tally.Octets)
				b.ReportAllocs()
				for b.Loop() {
					runProgram(b, path, workers)
				}
				b.ReportMetric(float64(tally.Packets)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
			})
		}
	}
}
