package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/detect"
	"github.com/coreos/go-systemd/v22/daemon"
)

// guard watches the interfaces as a service does: without privileges it no
// longer needs, with SIGHUP and systemd's watchdog.
func (p *program) guard(ctx context.Context) []error {
	if err := dropPrivileges(p.cfg); err != nil {
		return []error{err}
	}
	if errs := p.checkReports(); len(errs) > 0 { // root could write where this cannot
		return errs
	}
	for range p.sources {
		p.reloads = append(p.reloads, new(atomic.Pointer[detect.Config]))
	}
	p.reopen = make(chan struct{}, 1)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	ctx, stop := context.WithCancel(ctx)
	over := make(chan struct{})
	// Listens for SIGHUP and tells systemd that all is well. Ends with ctx.
	go func() {
		defer close(over)
		p.attend(ctx, hangups)
	}()
	p.log.Info("watching", "interfaces", strings.Join(p.cfg.interfaces, ","), "workers", p.cfg.workers)
	errs := p.watch(ctx, p.sources)
	stop()
	<-over
	p.notify(daemon.SdNotifyStopping)
	return errs
}

// attend does what a service is asked for while it runs.
func (p *program) attend(ctx context.Context, hangups <-chan os.Signal) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	begun := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			notify(p.reopen)
			if p.zeek != nil {
				notify(p.zeek.reopen)
			}
			p.reloadConfig()
		case now := <-tick.C:
			alive, _ := p.board.alive(now)
			if alive && !begun {
				begun = true
				p.notify(daemon.SdNotifyReady)
			}
			if alive { // a worker that hangs keeps systemd waiting, and is restarted
				p.notify(daemon.SdNotifyWatchdog)
			}
		}
	}
}

func (p *program) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		p.log.Warn("systemd cannot be told", "state", state, "err", err)
	}
}

// reloadConfig reads the configuration anew. A broken one changes nothing.
func (p *program) reloadConfig() {
	if p.cfg.file == "" {
		return
	}
	fresh := config{file: p.cfg.file, detect: p.cfg.flagged}
	if err := fresh.load(time.Now()); err != nil {
		p.board.configured(false, time.Now())
		for line := range strings.SplitSeq(err.Error(), "\n") {
			p.log.Error("the configuration is broken; the one before is used on", "err", line)
		}
		return
	}
	for _, note := range fresh.notes() {
		p.log.Warn(note)
	}
	for _, worker := range p.reloads {
		cfg := fresh.detect
		worker.Store(&cfg)
	}
	p.board.configured(true, time.Now())
	p.log.Info("the configuration was read anew", "file", p.cfg.file)
}

// notes gives what is worth a look in the flags and the configuration file.
func (c *config) notes() []string {
	if c.settings == nil {
		return c.warnings
	}
	return slices.Concat(c.warnings, c.settings.Notes)
}

// checked ends --check-config: the file was read, or run would not be here.
func checked(cfg *config, stdout, stderr io.Writer) int {
	var text bytes.Buffer
	for _, note := range cfg.notes() {
		fmt.Fprintln(&text, detect.Plain(note))
	}
	fmt.Fprintf(&text, "%s: good (%s)\n", detect.Plain(cfg.file), count(uint64(len(cfg.settings.Allow)), "allow entry"))
	return show(stdout, stderr, text.Bytes())
}

// hint adds what to do to an error of opening interfaces.
func hint(err error) error {
	if err == nil || !errors.Is(err, os.ErrPermission) || strings.Contains(err.Error(), "setcap") {
		return err
	}
	self, e := os.Executable()
	if e != nil {
		self = "clearbind"
	}
	return fmt.Errorf("%w; run it as root, under the shipped unit, or once: setcap cap_net_raw+ep %s", err, self)
}

// listInterfaces shows what -i takes.
func listInterfaces(stdout, stderr io.Writer) int {
	all, err := capture.Interfaces()
	if err != nil {
		return complain(stderr, err, exitFailed)
	}
	var text bytes.Buffer
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, i := range all {
		state := "down"
		switch {
		case i.Running:
			state = "up"
		case i.Up:
			state = "no carrier"
		}
		say(t, "%s\t%s\t%s\t%s\n", detect.Plain(i.Name), state, strings.Join(i.Addresses, " "), detect.Plain(i.Description))
	}
	_ = t.Flush() // into memory
	return show(stdout, stderr, text.Bytes())
}

// interfaceNames are what a shell completes -i with.
func interfaceNames() (names []string) {
	all, err := capture.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names
}

// joinWords gives "a", "a and b", "a, b and c".
func joinWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// notify leaves word, unless word is there already.
func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
