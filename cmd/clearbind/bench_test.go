package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/clearbind/clearbind/internal/loadgen"
)

// BenchmarkProgram runs the whole program over a capture: reading, decoding,
// every rule, alerts as JSON lines to nowhere.
func BenchmarkProgram(b *testing.B) {
	for name, cfg := range map[string]loadgen.Config{
		"pure":  {Seed: 1, Packets: 200_000},
		"1%":    {Seed: 1, Packets: 400_000, Foreign: 99},
		"messy": {Seed: 1, Packets: 100_000, Messy: true},
	} {
		path := filepath.Join(b.TempDir(), "load.pcap")
		file, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		made, err := loadgen.Write(file, cfg)
		if err != nil {
			b.Fatal(err)
		}
		if err := file.Close(); err != nil {
			b.Fatal(err)
		}
		for _, workers := range []int{1, 2} {
			b.Run(name+"/workers="+strconv.Itoa(workers), func(b *testing.B) {
				b.SetBytes(int64(made.Bytes))
				for b.Loop() {
					null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
					if err != nil {
						b.Fatal(err)
					}
					cfg, err := parse([]string{"--format=json", "-w", strconv.Itoa(workers), path}, null, null)
					if err != nil {
						b.Fatal(err)
					}
					if status := start(cfg, null, null); status != exitDone {
						b.Fatal("exit status", status)
					}
				}
				b.ReportMetric(float64(made.Packets)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
			})
		}
	}
}
