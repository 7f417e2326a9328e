package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/clearbind/clearbind/internal/report"
)

const diffUsage = "clearbind diff BEFORE.json AFTER.json compares two reports that --report=FILE.json has written"

// diff compares two reports.
func diff(args []string, stdout, stderr io.Writer) int {
	if slices.Contains(args, "--help") || slices.Contains(args, "-h") {
		return show(stdout, stderr, []byte(diffUsage+"\n"))
	}
	if len(args) != 2 || strings.HasPrefix(args[0], "-") {
		say(stderr, "clearbind: %s\n", diffUsage)
		return exitUsage
	}
	var models [2]*report.Model
	for i, path := range args {
		m, err := readReport(path)
		if err != nil {
			return complain(stderr, err, exitFailed)
		}
		models[i] = m
	}
	if err := report.Diff(models[0], models[1]).Text(stdout); err != nil {
		return complain(stderr, err, exitFailed)
	}
	return exitDone
}

func readReport(path string) (*report.Model, error) {
	file, err := os.Open(path) //nolint:gosec // reading the files we are told to read is what the program is for
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	m, err := report.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}
