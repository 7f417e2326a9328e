package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/clearbind/clearbind/internal/metrics"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
)

// Paths of health, as Prometheus has them.
const (
	pathHealthy = "/-/healthy"
	pathReady   = "/-/ready"
)

// endpoint serves the report, metrics and health.
type endpoint struct {
	server    *http.Server
	listeners []net.Listener
	done      chan error // of Serve, once
}

// serve starts the endpoint; nil if none was asked for.
func (p *program) serve() (*endpoint, error) {
	addrs := *p.cfg.web.WebListenAddresses
	if len(addrs) == 0 {
		return nil, nil
	}
	if err := web.Validate(*p.cfg.web.WebConfigFile); err != nil {
		return nil, fmt.Errorf("--web.config.file: %w", err)
	}
	e := &endpoint{server: p.server(), done: make(chan error, 1)}
	for _, addr := range addrs {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("--web.listen-address: %w", err), e.close())
		}
		e.listeners = append(e.listeners, l)
	}
	// Serves scrapes until Shutdown; linger waits for it.
	go func() { e.done <- web.ServeMultiple(e.listeners, e.server, &p.cfg.web, p.log) }()
	return e, nil
}

// server bounds the time of each request: a page of a few megabytes takes a
// minute only where nobody reads it.
func (p *program) server() *http.Server {
	return &http.Server{Handler: p.handler(), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute}
}

func (p *program) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(p.cfg.telemetryPath, promhttp.HandlerFor(metrics.NewRegistry(func() metrics.Snapshot { return p.board.state().Snapshot }), promhttp.HandlerOpts{}))
	mux.Handle(pathHealthy, says("clearbind is healthy.\n", always))
	mux.Handle(pathReady, says("clearbind is ready.\n", p.board.ready))
	mux.Handle("/", p.page())
	return mux
}

func always() bool { return true }

// says answers with text as long as good is true.
func says(text string, good func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if !good() {
			http.Error(w, "No frames can arrive: no worker is alive, or no interface is up.", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, text) // whoever asked may have gone
	})
}

// linger goes on serving after the last file, so that the counters can be
// scraped, until it is interrupted; over: nothing is left to serve for.
func (e *endpoint) linger(ctx context.Context, stderr *os.File, over bool) {
	if ctx.Err() == nil && !over {
		say(stderr, "metrics are served on %s until interrupted\n", e.listeners[0].Addr())
	}
	ctx, cancelWait := context.WithCancel(ctx)
	defer cancelWait()
	if over {
		cancelWait()
	}
	select {
	case <-ctx.Done():
	case err := <-e.done:
		say(stderr, "clearbind: serve metrics: %v\n", err)
		return
	}
	patience, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = e.server.Shutdown(patience) // what is not done by then is cut off
	if err := <-e.done; !errors.Is(err, http.ErrServerClosed) {
		say(stderr, "clearbind: serve metrics: %v\n", err)
	}
}

func (e *endpoint) close() error {
	var errs []error
	for _, l := range e.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
