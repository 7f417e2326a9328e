package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/golden"
	"github.com/clearbind/clearbind/internal/metrics"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// sensor is what Prometheus scrapes: a collector over counters that the test moves.
type sensor struct {
	mu   sync.Mutex
	now  metrics.Snapshot
	addr string
	srv  *http.Server
	done chan struct{} // closed when srv has returned
}

func (s *sensor) change(f func(*metrics.Snapshot)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.now)
}

// snapshot gives the counters; traffic flows between any two scrapes.
func (s *sensor) snapshot() metrics.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	frames := s.now.Sources[0]
	frames.Frames += 100
	frames.Bytes += 78_000
	s.now.Sources = []metrics.Source{frames}
	return s.now
}

// up serves on addr; "": on a port of the system's choice, and there again.
func (s *sensor) up(t *testing.T) {
	t.Helper()
	if s.addr == "" {
		s.addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.srv = &http.Server{Handler: promhttp.HandlerFor(metrics.NewRegistry(s.snapshot), promhttp.HandlerOpts{}), ReadHeaderTimeout: time.Second}
	s.done = make(chan struct{})
	// Ends with down, which waits for it.
	go func() {
		defer close(s.done)
		_ = s.srv.Serve(l) // always ErrServerClosed
	}()
}

func (s *sensor) down(t *testing.T) {
	t.Helper()
	if err := s.srv.Close(); err != nil {
		t.Error(err)
	}
	<-s.done
}

// server is a real Prometheus with the rules of this folder, all windows cut to
// seconds.
type server struct{ addr string }

func startPrometheus(ctx context.Context, t *testing.T, bin, target string) *server {
	t.Helper()
	dir := t.TempDir()
	rules := golden.Read(t, "prometheus/rules.yml")
	rules = regexp.MustCompile(`for: \d+[smhd]`).ReplaceAllString(rules, "for: 0s")
	rules = regexp.MustCompile(`\[(5m|15m|1h|1d)\]`).ReplaceAllString(rules, "[6s]")
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [%s/rules.yml]
scrape_configs:
  - job_name: clearbind
    static_configs: [{targets: ["%s"]}]
`, dir, target)
	for name, text := range map[string]string{"rules.yml": rules, "prometheus.yml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &server{addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, bin, "--config.file="+dir+"/prometheus.yml", "--storage.tsdb.path="+dir+"/data", "--web.listen-address="+p.addr)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Cancel()
		_ = cmd.Wait() // by the signal
		if t.Failed() {
			t.Logf("prometheus said: %s", said.Bytes())
		}
	})
	return p
}

// get asks the API and reads data of the answer.
func (p *server) get(ctx context.Context, path string, data any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return json.NewDecoder(resp.Body).Decode(&struct{ Data any }{data})
}

// firing gives the alerts that fire, with their annotations.
func (p *server) firing(ctx context.Context) map[string]map[string]string {
	var data struct {
		Alerts []struct {
			Labels, Annotations map[string]string
			State               string
		}
	}
	if p.get(ctx, "/api/v1/alerts", &data) != nil {
		return nil // not up yet
	}
	all := make(map[string]map[string]string)
	for _, a := range data.Alerts {
		if a.State == "firing" {
			all[a.Labels["alertname"]] = a.Annotations
		}
	}
	return all
}

// wait waits until exactly the alerts of names fire, and gives their annotations.
func (p *server) wait(ctx context.Context, t *testing.T, why string, names ...string) map[string]map[string]string {
	t.Helper()
	var got map[string]map[string]string
	for ctx.Err() == nil {
		got = p.firing(ctx)
		all := got != nil && len(got) == len(names)
		for _, n := range names {
			_, ok := got[n]
			all = all && ok
		}
		if all {
			return got
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatalf("%s: %v fire, want %v", why, got, names)
	return nil
}

// scraped waits until Prometheus has n samples of the sensor within the window.
func (p *server) scraped(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	query := url.QueryEscape(fmt.Sprintf("sum(count_over_time(clearbind_panics_total[6s]) >= %d)", n))
	for ctx.Err() == nil {
		var data struct{ Result []any }
		if p.get(ctx, "/api/v1/query?query="+query, &data) == nil && len(data.Result) > 0 {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("Prometheus does not scrape the sensor")
}

// From a counter of a sensor to an alert of Prometheus, and back to quiet.
func TestPrometheusFiresAndClears(t *testing.T) {
	t.Parallel() // it waits more than it works
	bin := tool(t, "prometheus", "prometheus")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := &sensor{now: metrics.Snapshot{Sources: []metrics.Source{{Name: "eth1"}}}}
	s.up(t)
	defer func() { s.down(t) }()
	p := startPrometheus(ctx, t, bin, s.addr)

	p.scraped(ctx, t, 3)
	p.wait(ctx, t, "at the start")

	s.change(func(now *metrics.Snapshot) {
		now.Detect.Alerts[detect.CleartextBind][detect.Critical]++
		now.Detect.Alerts[detect.CleartextSearch][detect.Medium] += 40
		now.Detect.StartTLS[detect.StartTLSRefused]++
		now.AlertsLost += 2
	})
	fired := p.wait(ctx, t, "after a password", "ClearbindSecretExposed", "ClearbindStartTLSRefused", "ClearbindAlertsLost")
	for key, want := range map[string]string{
		"summary":     "A secret went over the wire in the clear (cleartext-bind).",
		"runbook_url": "https://github.com/clearbind/clearbind/blob/main/docs/rules/cleartext-bind.md",
	} {
		if got := fired["ClearbindSecretExposed"][key]; got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	p.wait(ctx, t, "when nothing followed")

	s.down(t)
	p.wait(ctx, t, "without the sensor", "ClearbindSensorDown")
	s.up(t)
	p.wait(ctx, t, "with the sensor again")
}
