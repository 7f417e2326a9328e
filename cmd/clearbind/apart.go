package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/clearbind/clearbind/internal/alertlog"
)

// apart refuses to write where something is read, or two things to one place:
// an alert log grows at its end, so a capture named by mistake would be damaged,
// and a report takes the place of what was there.
func apart(cfg *config, captures []string, stdout *os.File) error {
	read := slices.Concat([]string{cfg.file}, captures, cfg.events)
	if cfg.inventory.at != nil {
		read = append(read, cfg.inventory.at.File())
	}
	if cfg.output == "-" {
		if path := sameAs(read, regular(stdout.Stat())); path != "" {
			return fmt.Errorf("stdout goes to %s, which is read", path)
		}
	} else if !alertlog.IsDestination(cfg.output) {
		if path := sameAs(read, regular(os.Stat(cfg.output))); path != "" {
			return fmt.Errorf("--output=%s: this file is read (as %s); alerts appended to it would damage it", cfg.output, path)
		}
	}
	for _, path := range cfg.reports {
		info := regular(os.Stat(path))
		if input := sameAs(read, info); input != "" {
			return fmt.Errorf("--report=%s: this file is read (as %s); the report would take its place", path, input)
		}
		if cfg.output != "-" && (samePath(path, cfg.output) || sameAs([]string{cfg.output}, info) != "") {
			return fmt.Errorf("--report=%s: --output has the same file", path)
		}
	}
	return nil
}

// regular leaves out what can be read and written at once without harm, such as
// terminals and /dev/null; nil: there is nothing yet.
func regular(info os.FileInfo, err error) os.FileInfo {
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return info
}

// sameAs gives the path that leads to the file of info; "": none does.
func sameAs(paths []string, info os.FileInfo) string {
	if info == nil {
		return ""
	}
	for _, path := range paths {
		stat := func() (os.FileInfo, error) { return os.Stat(path) }
		if path == "-" {
			stat, path = os.Stdin.Stat, "standard input"
		}
		if other := regular(stat()); other != nil && os.SameFile(info, other) {
			return path
		}
	}
	return ""
}

// samePath says whether two paths are one, also of a file that is not there yet.
func samePath(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}
