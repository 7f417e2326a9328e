package metrics

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/evidence"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden")

// fresh is a sensor that has just started.
func fresh() Snapshot {
	return Snapshot{Sources: []Source{{Name: "eth1"}, {Name: "file"}}}
}

// busy is a snapshot in which every number is another one.
func busy() Snapshot {
	s := fresh()
	next := uint64(0)
	fill(reflect.ValueOf(&s).Elem(), &next)
	s.LastPacket = time.Date(2026, 3, 1, 9, 15, 2, 500_000_000, time.UTC)
	s.ConfigTime = s.LastPacket.Add(-time.Hour)
	s.Inventory.LastWrite = s.LastPacket.Add(time.Minute)
	return s
}

// fill numbers everything that counts, in the order it is declared.
func fill(v reflect.Value, next *uint64) {
	switch v.Kind() {
	case reflect.Uint64:
		*next++
		v.SetUint(*next)
	case reflect.Int:
		*next++
		v.SetInt(int64(*next))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			fill(field, next)
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), next)
		}
	default: // a name, which counts nothing
	}
}

func gather(t *testing.T, s Snapshot) []*dto.MetricFamily {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(NewCollector(func() Snapshot { return s }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func exposition(t *testing.T, s Snapshot) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := expfmt.NewEncoder(&out, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range gather(t, s) {
		if err := enc.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestExposition(t *testing.T) {
	for name, s := range map[string]Snapshot{"zero.golden": fresh(), "metrics.golden": busy()} {
		t.Run(name, func(t *testing.T) {
			got := exposition(t, s)
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs from %s (go test ./internal/metrics -update rewrites it):\n%s", path, lineDiff(string(want), string(got)))
			}
		})
	}
}

// lineDiff gives the lines that only one of the two has.
func lineDiff(want, got string) string {
	var out strings.Builder
	only := func(mark, a, b string) {
		have := make(map[string]bool)
		for l := range strings.Lines(b) {
			have[l] = true
		}
		for l := range strings.Lines(a) {
			if !have[l] {
				out.WriteString(mark + l)
			}
		}
	}
	only("- ", want, got)
	only("+ ", got, want)
	return out.String()
}

func TestLint(t *testing.T) {
	for name, s := range map[string]Snapshot{"zero": fresh(), "busy": busy()} {
		problems, err := testutil.GatherAndLint(NewRegistry(func() Snapshot { return s }))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s: %s", name, p.Metric, p.Text)
		}
	}
}

// Every number that is counted reaches a series, and none reaches two: what is
// added to a snapshot and forgotten in the table fails here.
func TestEveryNumberIsExposedOnce(t *testing.T) {
	s := busy()
	hidden := map[float64]string{float64(s.Undecoded[decode.OK]): "frames that gave a segment"}
	for r := range detect.NumRules {
		hidden[float64(s.Detect.Alerts[r][0])] = "no severity"
	}
	seen := make(map[float64]string)
	for _, f := range gather(t, s) {
		for _, m := range f.GetMetric() {
			v := m.GetCounter().GetValue() + m.GetGauge().GetValue()
			if other, twice := seen[v]; twice {
				t.Errorf("%v is in %s and in %s", v, other, f.GetName())
			}
			seen[v] = f.GetName()
			if why, ok := hidden[v]; ok {
				t.Errorf("%s exposes %v: %s", f.GetName(), v, why)
			}
		}
	}
	last := uint64(0)
	fill(reflect.ValueOf(new(fresh())).Elem(), &last)
	for v := float64(1); v <= float64(last); v++ {
		if _, ok := seen[v]; !ok && hidden[v] == "" {
			t.Errorf("the snapshot's number %v (in the order of its fields) is in no series", v)
		}
	}
}

// From the first scrape on every series exists, so that rate() sees the first
// finding and an alert on absence is not needed.
func TestEverySeriesExistsAtZero(t *testing.T) {
	want := map[string]int{
		"packets_total":           2,
		"bytes_total":             2,
		"dropped_packets_total":   2 * 3,
		"undecoded_packets_total": int(decode.NumReasons) - 1,
		"connections_total":       int(detect.NumProtections),
		"messages_total":          int(ldap.NumOps),
		"binds_total":             int(detect.NumMethods) * int(detect.NumProtections) * int(detect.NumOutcomes),
		"searches_total":          int(detect.NumProtections) * int(detect.NumOutcomes),
		"starttls_total":          int(detect.NumStartTLSResults),
		"alerts_total":            2*int(detect.NumRules) + 4,
		"allowed_alerts_total":    int(detect.NumRules),
		"inventory_writes_total":  2,
		"messages_rejected_total": int(detect.NumRejects),
		"limit_reached_total":     int(detect.NumLimits) + 1,
		"evidence_lost_total":     int(evidence.NumLosses),
	}
	families := make(map[string]*dto.MetricFamily)
	for _, f := range gather(t, fresh()) {
		families[f.GetName()] = f
	}
	for _, m := range table {
		f := families[namespace+"_"+m.name]
		n, labelled := want[m.name]
		if !labelled {
			if len(m.labels) > 0 {
				t.Errorf("%s has labels and is not in this test", m.name)
			}
			n = 1
		}
		if got := len(f.GetMetric()); got != n {
			t.Errorf("%s has %d series, want %d", m.name, got, n)
		}
		for _, series := range f.GetMetric() {
			if v := series.GetCounter().GetValue() + series.GetGauge().GetValue(); v != 0 {
				t.Errorf("%s begins at %v", m.name, v)
			}
			for _, l := range series.GetLabel() {
				if l.GetValue() == "" {
					t.Errorf("%s has a series whose %s is empty", m.name, l.GetName())
				}
			}
		}
	}
}

// What the captures show has a series before it happens: rate() does not see the
// finding with which a series begins.
func TestEveryFindingHasASeriesBefore(t *testing.T) {
	before := string(exposition(t, fresh()))
	paths, err := filepath.Glob("../../pcaps/*.golden.jsonl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var alert struct {
				Rule struct{ ID string }
				Log  struct{ Level string }
			}
			if err := json.Unmarshal(line, &alert); err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("clearbind_alerts_total{rule=%q,severity=%q} 0\n", alert.Rule.ID, alert.Log.Level); !strings.Contains(before, want) {
				t.Errorf("%s: no line %s", path, want)
			}
		}
	}
}

// A configuration may give a rule any severity; no finding drops out of a sum.
func TestAlertsOfAnUnusualSeverityAreCounted(t *testing.T) {
	s := fresh()
	s.Detect.Alerts[detect.CleartextSearch][detect.Critical] = 7
	got := string(exposition(t, s))
	if want := `clearbind_alerts_total{rule="cleartext-search",severity="critical"} 7`; !strings.Contains(got, want) {
		t.Errorf("no line %s", want)
	}
}

// Scrapes run at the same time as the sensor, and as each other. A snapshot is
// a value, so each scrape adds up to one moment; the race detector sees to the rest.
func TestConcurrentScrapes(t *testing.T) {
	var mu sync.Mutex
	now := fresh()
	reg := NewRegistry(func() Snapshot {
		mu.Lock()
		defer mu.Unlock()
		return now
	})
	const steps, scrapers = 200, 4
	var wait sync.WaitGroup
	wait.Go(func() {
		for range steps {
			mu.Lock()
			now.Sources = []Source{{Name: "eth1", Stats: capture.Stats{Frames: now.AlertsLost + 1}}}
			now.AlertsLost++
			now.Panics++
			mu.Unlock()
		}
	})
	for range scrapers {
		wait.Go(func() {
			for range steps / 10 {
				families, err := reg.Gather()
				if err != nil {
					t.Error(err)
					return
				}
				lost, panics := value(families, "clearbind_alerts_lost_total"), value(families, "clearbind_panics_total")
				if lost != panics {
					t.Errorf("one scrape shows two moments: %v alerts lost, %v panics", lost, panics)
				}
			}
		})
	}
	wait.Wait()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if got := value(families, "clearbind_packets_total"); got != steps {
		t.Errorf("the last scrape shows %v packets, want %d", got, steps)
	}
}

// value gives the first series of a family; -1: there is none.
func value(families []*dto.MetricFamily, name string) float64 {
	for _, f := range families {
		if f.GetName() == name && len(f.GetMetric()) > 0 {
			return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return -1
}

func TestLastPacket(t *testing.T) {
	s := fresh()
	s.LastPacket = time.Date(2026, 3, 1, 9, 15, 2, 250_000_000, time.UTC)
	s.ConfigTime = s.LastPacket.Add(-time.Hour)
	if got := value(gather(t, s), "clearbind_last_packet_timestamp_seconds"); got != 1772356502.25 {
		t.Errorf("last packet at %v", got)
	}
}
