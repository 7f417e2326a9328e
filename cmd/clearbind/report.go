package main

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/clearbind/clearbind/internal/report"
	"github.com/prometheus/common/version"
)

// reportForms are the forms of a report by the ending of its name.
var reportForms = map[string]func(io.Writer, *report.Model) error{
	".html": func(w io.Writer, m *report.Model) error { return report.HTML(w, m, nil) }, ".csv": report.CSV, ".json": report.JSON,
}

// reportForm gives the form that a path asks for.
func reportForm(path string) (func(io.Writer, *report.Model) error, error) {
	form, ok := reportForms[strings.ToLower(filepath.Ext(path))]
	if !ok {
		return nil, fmt.Errorf("--report=%s: the name has to end in .html, .csv or .json", path)
	}
	return form, nil
}

// reportInput gathers what a report says; live: more is to come.
func (p *program) reportInput(live bool) *report.Input {
	s := p.board.state()
	if p.keeper != nil && p.cfg.live() {
		s.remember(p.keeper, p.cfg.interfaces)
	}
	in := &report.Input{
		Snapshot: s.Snapshot, Inventory: s.inventory, Sources: p.files, From: s.first, To: s.last,
		Version: version.Version, Blind: notSeen(s), Live: live, Events: p.events,
	}
	if s.interrupted {
		in.Blind = append(in.Blind, "interrupted: the rest was not read")
	}
	if p.cfg.detect.PseudonymKey != nil {
		in.Blind = append(in.Blind, "names are pseudonyms: keyed hashes, the same for the same name")
	}
	if p.cfg.live() {
		in.Sources = p.cfg.interfaces
	}
	return in
}

// links are beside the page of a sensor.
func (p *program) links() []report.Link {
	if !p.cfg.live() {
		return nil
	}
	return []report.Link{{Address: p.cfg.telemetryPath, Text: "Metrics"}, {Address: pathHealthy, Text: "Health"}, {Address: pathReady, Text: "Readiness"}}
}

// checkReports says which reports could not be written at the end, while there
// is still time to name another place. It leaves nothing behind: a sensor may run
// for months, and what cleans folders of temporary files would take it away.
func (p *program) checkReports() []error {
	var errs []error
	for _, path := range p.cfg.reports {
		file, err := beside(path)
		if err == nil {
			_ = file.Close() // nothing was written
			err = os.Remove(file.Name())
		}
		if err != nil {
			errs = append(errs, reportError(path, err))
		}
	}
	return errs
}

// writeReports writes every report that was asked for. Each replaces the file
// of its name as a whole, so that nobody ever reads half of one.
func (p *program) writeReports() []error {
	if len(p.cfg.reports) == 0 {
		return nil
	}
	var errs []error
	m := report.Build(p.reportInput(false))
	for _, path := range p.cfg.reports {
		if err := writeReport(path, m); err != nil {
			errs = append(errs, reportError(path, err))
		}
	}
	return errs
}

func writeReport(path string, m *report.Model) error {
	form, err := reportForm(path)
	if err != nil {
		return err
	}
	file, err := beside(path)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // it is gone if all went well
	buf := bufio.NewWriter(file)
	err = cmp.Or(form(buf, m), buf.Flush())
	if err = cmp.Or(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// beside makes a file that can take the place of path, with the permissions of
// the one that is there, or those of an alert log.
func beside(path string) (*os.File, error) {
	old, err := os.Stat(path)
	switch {
	case err == nil && old.IsDir():
		return nil, syscall.EISDIR
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	name := filepath.Join(filepath.Dir(path), ".clearbind-"+rand.Text())
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640) //nolint:gosec // whoever reads the alert log reads reports
	if err != nil || old == nil {
		return file, err
	}
	if err := file.Chmod(old.Mode().Perm()); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(name))
	}
	return file, nil
}

// reportError names the file as the user did, and not the one beside it.
func reportError(path string, err error) error {
	var atPath *fs.PathError
	var atLink *os.LinkError
	switch {
	case errors.As(err, &atPath):
		err = atPath.Err
	case errors.As(err, &atLink):
		err = atLink.Err
	}
	return fmt.Errorf("--report=%s: %w", path, err)
}

// pageAge is how old a page may be: one of a large network takes half a second to
// make.
const pageAge = 5 * time.Second

// page serves the report as it is now.
func (p *program) page() http.Handler {
	current := p.pages()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		page, err := current()
		if err != nil {
			p.log.Error("the report cannot be shown", "err", err)
			http.Error(w, "The report cannot be shown; the log says why.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(page) // whoever asked may have gone
	})
}

// pages gives the page, made anew where it is too old. Whoever comes meanwhile
// waits for it; nobody waits for those that it is sent to. A page is never
// changed once it is made.
func (p *program) pages() func() ([]byte, error) {
	var mu sync.Mutex
	var page []byte
	var made time.Time
	return func() ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(made) > pageAge {
			var fresh bytes.Buffer
			if err := report.HTML(&fresh, report.Build(p.reportInput(p.cfg.live())), p.links()); err != nil {
				return nil, err
			}
			page, made = fresh.Bytes(), time.Now()
		}
		return page, nil
	}
}
