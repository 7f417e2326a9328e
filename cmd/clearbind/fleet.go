package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/clearbind/clearbind/internal/inventory"
	"github.com/clearbind/clearbind/internal/report"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"
)

const fleetSynopsis = `Report what an inventory has: all sensors and captures that have written to it, added up.

Examples:
  clearbind report --inventory=sqlite:/var/lib/clearbind/inventory.db month.html --since=30d
  clearbind report --inventory=postgres://clearbind@db.example/clearbind --sensor=east --sensor=west both.html both.json`

// fleetConfig is the command line of clearbind report.
type fleetConfig struct {
	at      *inventory.Location
	sel     inventory.Selection
	reports []string
}

func parseFleet(args []string, stdout, stderr io.Writer, now time.Time) (*fleetConfig, error) {
	c := &fleetConfig{}
	var text bytes.Buffer // kingpin panics where it cannot write
	app := kingpin.New("clearbind report", fleetSynopsis).UsageWriter(&text).ErrorWriter(stderr)
	app.HelpFlag.Short('h')
	shown := false
	app.Terminate(func(int) { shown = true })
	at := app.Flag("inventory", "The database.").PlaceHolder("sqlite:FILE|postgres://…").Required().String()
	since := app.Flag("since", "Leave out what was before this day, or longer ago. Default: from the first day on.").PlaceHolder("30d|2026-03-01").String()
	until := app.Flag("until", "Leave out what was after this day, or not as long ago. Default: to the last day.").PlaceHolder("7d|2026-03-31").String()
	app.Flag("sensor", "Only what this sensor has written. Repeatable.").PlaceHolder("NAME").StringsVar(&c.sel.Sensors)
	app.Arg("report", "Files to write, in the form of their ending: html, csv or json.").Required().StringsVar(&c.reports)
	_, err := app.Parse(args)
	if shown {
		if _, err := text.WriteTo(stdout); err != nil {
			return nil, fmt.Errorf("%w: %v", errStdout, err)
		}
		return nil, errShown
	}
	if err != nil {
		return nil, fmt.Errorf("%w; clearbind report --help shows all flags", err)
	}
	for _, path := range c.reports {
		if _, err := reportForm(path); err != nil {
			return nil, err
		}
	}
	var errs [3]error
	if c.at, errs[0] = inventory.Parse(*at); errs[0] != nil {
		errs[0] = fmt.Errorf("--inventory: %w", errs[0])
	}
	c.sel.Since, errs[1] = dayFlag("--since", *since, now)
	c.sel.Until, errs[2] = dayFlag("--until", *until, now)
	return c, errors.Join(errs[:]...)
}

// dayFlag reads a day, or how long ago it is; nil: it was not given. 30d are 30
// days with today.
func dayFlag(flag, s string, now time.Time) (*inventory.Day, error) {
	if s == "" {
		return nil, nil
	}
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		ago, e := model.ParseDuration(s)
		at, err = now.Add(24*time.Hour-time.Duration(ago)), e
		if ago == 0 {
			at = now
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s=%s: give a day such as 2026-03-01, or how long ago it is, such as 30d", flag, s)
	}
	day := inventory.DayOf(at)
	return &day, nil
}

// fleet makes reports of an inventory.
func fleet(args []string, stdout, stderr io.Writer) int {
	now := time.Now()
	c, err := parseFleet(args, stdout, stderr, now)
	if err != nil {
		return stopped(stderr, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	read, err := readInventory(ctx, c)
	if err != nil {
		return complain(stderr, fmt.Errorf("--inventory: %w", err), exitFailed)
	}
	m := report.Build(fleetInput(read, now))
	status := exitDone
	for _, path := range c.reports {
		if err := writeReport(path, m); err != nil {
			status = complain(stderr, reportError(path, err), exitFailed)
		}
	}
	say(stderr, "%s%s: %s, %s, %s would be refused if signing and TLS were required\n",
		count(uint64(len(read.Sensors)), "sensor"), span(read.First, read.Last), count(uint64(m.Totals.Clients), "client"),
		count(uint64(m.Totals.Servers), "server"), count(m.Totals.Enforced.Refused, "client"))
	return status
}

func readInventory(ctx context.Context, c *fleetConfig) (*inventory.Result, error) {
	store, err := inventory.OpenToRead(ctx, c.at)
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }() // only read
	read, err := store.Read(ctx, c.sel)
	if err == nil && len(read.Sensors) == 0 {
		err = fmt.Errorf("%s: nothing was written by such a sensor or in such a time", c.at)
	}
	return read, err
}

// silentFor is how long a sensor may write nothing before the report says so.
const silentFor = time.Hour

// fleetInput gathers what the report says.
func fleetInput(read *inventory.Result, now time.Time) *report.Input {
	in := &report.Input{Inventory: read.Inventory, From: read.First, To: read.Last, Version: version.Version}
	for i := range read.Sensors {
		sensor := &read.Sensors[i]
		s := kept(&sensor.Counters, sensor.Name)
		for _, what := range notSeen(&state{Snapshot: s}) {
			in.Blind = append(in.Blind, sensor.Name+": "+what)
		}
		if sensor.Live && now.Sub(sensor.Written) > silentFor {
			in.Blind = append(in.Blind, fmt.Sprintf("%s has written nothing since %s UTC", sensor.Name, sensor.Written.Format(time.DateTime)))
		}
		in.Sources = append(in.Sources, sources(sensor)...)
		in.Snapshot.Sources = append(in.Snapshot.Sources, s.Sources...)
		in.Snapshot.Detect.Add(&s.Detect)
	}
	return in
}

// sources names what a sensor has read.
func sources(s *inventory.Sensor) []string {
	if !s.Live {
		return s.Sources
	}
	return []string{s.Name + " (" + strings.Join(s.Sources, ", ") + ")"}
}
