package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/clearbind/clearbind/internal/loadgen"
)

// dimension is something that grows, and what one of it costs.
type dimension struct {
	name   string
	unit   string // of its values
	cost   string // what is on the other axis
	values []int
	config func(n int) loadgen.Config
	of     func(t *loadgen.Tally, s *sample) float64
}

// perPacket gives microseconds of processor a packet.
func perPacket(t *loadgen.Tally, s *sample) float64 { return s.cpu() * 1e6 / float64(t.Packets) }

func dimensions() []dimension {
	return []dimension{
		{
			"packets", "packets", "µs of processor a packet", []int{5_000, 50_000, 500_000, 5_000_000},
			func(n int) loadgen.Config { return loadgen.Config{Octets: int64(n) * 780} }, perPacket,
		},
		{
			"message size", "octets of an entry", "ns of processor an octet", []int{1_000, 10_000, 100_000, 1_000_000},
			func(n int) loadgen.Config {
				return loadgen.Config{Octets: 400_000_000, EntryMin: n, EntryMax: n, SimpleOnly: true, Open: 32}
			},
			func(t *loadgen.Tally, s *sample) float64 { return s.cpu() * 1e9 / float64(t.Octets) },
		},
		{
			"connections", "connections open at a time", "µs of processor a packet", []int{100, 1_000, 10_000, 100_000},
			func(n int) loadgen.Config {
				return loadgen.Config{Connections: max(n, 40_000), Open: n, Searches: 1, Entries: 1, SimpleOnly: true, Idle: true}
			}, perPacket,
		},
		{
			"open requests", "requests open on a connection", "µs of processor a packet", []int{1, 10, 100, 1000},
			func(n int) loadgen.Config {
				return loadgen.Config{Octets: 200_000_000, Searches: 4000, Pipelined: n, Entries: 1, SimpleOnly: true, Open: 64}
			}, perPacket,
		},
	}
}

// point is one measurement.
type point struct {
	n         int
	cost      float64
	mebibytes float64
	tally     loadgen.Tally
	seconds   float64
}

// growth measures how cost grows in each dimension and writes it down.
func (b *bench) growth(folder string) error {
	csv, err := os.Create(filepath.Join(folder, "growth.csv"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(csv, "dimension,n,packets,octets,connections,searches,processor_seconds,mebibytes,cost,cost_is")
	var plots []plot
	for _, d := range dimensions() {
		p := plot{title: d.name, x: d.unit, y: d.cost}
		for _, n := range d.values {
			at, failure := b.point(&d, n)
			if failure != nil {
				_ = csv.Close()
				return failure
			}
			if err == nil {
				_, err = fmt.Fprintf(csv, "%s,%d,%d,%d,%d,%d,%.3f,%.1f,%.4f,%s\n", d.name, n, at.tally.Packets, at.tally.Octets, at.tally.Connections,
					at.tally.Searches, at.seconds, at.mebibytes, at.cost, d.cost)
			}
			p.points = append(p.points, at)
		}
		plots = append(plots, p)
	}
	if closeErr := csv.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "growth.svg"), draw(plots), 0o644) //nolint:gosec // documentation
}

// point measures one value of a dimension. What starting costs is taken off.
func (b *bench) point(d *dimension, n int) (point, error) {
	path, tally, err := b.capture("growth", d.config(n))
	if err != nil {
		return point{}, err
	}
	defer func() { _ = os.Remove(path) }()
	small, _, err := b.capture("small", loadgen.Config{Connections: 1})
	if err != nil {
		return point{}, err
	}
	args := []string{b.program, "-w", "1", "--format=json", "-o", os.DevNull}
	medians, err := alternate(b.runs, []command{{args: append(slices.Clip(args), path)}, {args: append(slices.Clip(args), small)}})
	if err != nil {
		return point{}, err
	}
	s := medians[0]
	s.user = max(s.user-medians[1].cpu(), 0)
	fmt.Printf("%s: %d: %.4f %s, %.0f MiB\n", d.name, n, d.of(&tally, &s), d.cost, s.mebibytes)
	return point{n, d.of(&tally, &s), s.mebibytes, tally, s.cpu()}, nil
}
