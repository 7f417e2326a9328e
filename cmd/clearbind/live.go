package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/detect"
)

const (
	// queued batches hold a burst while the disk stalls: at one alert a batch
	// about 1 MB. Full means that alerts are lost and counted; capture goes on.
	queued = 1024
	// lastWords is how long the alerts on their way may take when the sensor ends.
	lastWords = 5 * time.Second
)

// openLive opens the interfaces, a source for each worker.
func openLive(cfg *config) ([]*capture.Live, error) {
	return capture.OpenLive(capture.LiveConfig{
		Interfaces: cfg.interfaces, Workers: cfg.workers, Snaplen: cfg.snaplen, RingSize: cfg.ringSize, Promiscuous: cfg.promiscuous,
		Filter: kernelFilter(cfg),
	})
}

// kernelFilter is what the kernel is to hand over. It stays as it is until the
// sensor ends, and SIGHUP may change the networks of a configuration file: with
// one, the kernel leaves out only what the command line does.
func kernelFilter(cfg *config) *capture.Filter {
	d := &cfg.flagged
	f := &capture.Filter{Ports: slices.Concat(d.Ports, d.TLSPorts), AnyPort: d.AnyPort, Nets: d.Nets, IgnoreNets: d.IgnoreNets, Tunnels: cfg.tunnels}
	if cfg.file != "" {
		f.Nets = nil // the networks of a file come on top of them
	}
	return f
}

// watch runs a sensor for each source until ctx ends, or they fail.
func (p *program) watch(ctx context.Context, sources []*capture.Live) []error {
	lane := make(chan batch, queued)
	errs := make([]error, len(sources))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wait sync.WaitGroup
	for i, src := range sources {
		s := &sensor{
			src: src, engine: detect.New(share(p.cfg.detect, len(sources))), workers: 1, live: src, waits: true, place: i,
			out: lane, proofs: &p.proofs, least: p.cfg.minSeverity, board: p.board, log: p.log, reload: p.reloads[i], crashOnPanic: p.cfg.crashOnPanic,
		}
		if p.zeek != nil {
			s.records = p.zeek.lane
		}
		s.keep = newKeeping(p.keeper, s)
		// One goroutine a worker: it owns its source, decoder and engine. It ends
		// with ctx, or when its source fails, and then the others do: a sensor that
		// sees half of the mirror is no sensor.
		wait.Go(func() {
			defer stop()
			errs[i] = errors.Join(s.loop(ctx), src.Close())
		})
	}
	told := make(chan struct{})
	// Writes alerts, the only thing here that may wait. Ends when lane is closed.
	go func() {
		defer close(told)
		p.tellAll(lane)
	}()
	if p.zeek != nil {
		// Writes the Zeek logs, and waits for their disk where alerts need not. Ends
		// when its lane is closed.
		go p.zeek.write()
	}
	wait.Wait()
	close(lane)
	errs = append(errs, p.zeek.finish())
	select {
	case <-told:
	case <-time.After(lastWords):
		p.stuck = true
		errs = append(errs, p.abandon(lane))
	}
	return clean(errs)
}

// abandon counts the alerts that an output took too long to take: those in the
// lane, those of the batch being told, and those in the output's buffer.
func (p *program) abandon(lane <-chan batch) error {
	n := int(p.untold.Load() + p.out.unsent.Load())
	for b := range lane {
		n += toTell(b.alerts, p.cfg.minSeverity)
	}
	p.board.lose(n)
	return fmt.Errorf("--output=%s is stuck: %s lost", p.cfg.output, count(uint64(n), "alert"))
}

// tellAll writes what comes, and reopens the file when it is told to.
func (p *program) tellAll(lane <-chan batch) {
	for {
		select {
		case b, ok := <-lane:
			if !ok {
				return
			}
			p.untold.Store(int64(toTell(b.alerts, p.cfg.minSeverity)))
			for i := range b.alerts {
				if b.alerts[i].Severity >= p.cfg.minSeverity {
					p.untold.Add(-1)
				}
				p.out.tell(&b.alerts[i])
			}
			p.proofs.release(&b)
			if len(lane) == 0 {
				p.out.flush()
			}
		case <-p.reopen:
			p.out.reopen()
		}
	}
}

// links looks after the interfaces' state: what changed is told once.
type links struct {
	known map[string]capture.Link
	log   *slog.Logger
}

func (l *links) look(now []capture.Link) {
	if l.known == nil {
		l.known = make(map[string]capture.Link)
	}
	for _, link := range now {
		before, seen := l.known[link.Name]
		l.known[link.Name] = link
		switch {
		case !link.Up && (!seen || before.Up):
			l.log.Warn("interface is down; it is picked up when it comes back", "interface", link.Name)
		case link.Up && seen && !before.Up:
			l.log.Info("interface is back", "interface", link.Name, "times_down", link.Downs)
		case link.Up && seen && link.Downs > before.Downs:
			l.log.Warn("interface was down for a moment", "interface", link.Name, "times_down", link.Downs)
		case link.Up && !link.Carrier && (!seen || before.Carrier):
			l.log.Warn("interface has no carrier: is the mirror connected?", "interface", link.Name)
		}
		if lost := link.Stats.Dropped - before.Stats.Dropped; lost > 0 && seen {
			l.log.Warn("the kernel dropped frames for want of room; give a larger --ring-size or more --workers", "interface", link.Name, "frames", lost)
		}
	}
}

// anyUp says whether one of the interfaces is up.
func anyUp(now []capture.Link) bool {
	return slices.ContainsFunc(now, func(l capture.Link) bool { return l.Up })
}
