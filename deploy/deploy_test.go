// Package deploy holds no code: its tests hold the rules, the dashboard and the
// examples of this folder against the program that they are about.
package deploy

import (
	"bytes"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/internal/golden"
	"github.com/clearbind/clearbind/internal/metrics"
	dto "github.com/prometheus/client_model/go"
)

// exposed gives every metric that a sensor has from its first scrape on.
func exposed(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := metrics.NewRegistry(func() metrics.Snapshot {
		return metrics.Snapshot{Sources: []metrics.Source{{Name: "eth1"}}}
	}).Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]*dto.MetricFamily)
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

// recorded gives the names that the recording rules make.
func recorded(t *testing.T) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^\s*- record: (\S+)$`).FindAllStringSubmatch(golden.Read(t, "prometheus/rules.yml"), -1) {
		names[m[1]] = true
	}
	return names
}

// everyFile calls f with each file that is shipped from here.
func everyFile(t *testing.T, f func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".go" {
			f(path, golden.Read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every metric named in this folder exists.
func TestEveryMetricExists(t *testing.T) {
	families, records := exposed(t), recorded(t)
	name := regexp.MustCompile(`(?:[a-z_]+:)?\bclearbind_[a-z0-9_]+(?::[a-z0-9_]+)?`)
	found := 0
	everyFile(t, func(path, text string) {
		for _, n := range name.FindAllString(text, -1) {
			found++
			if families[n] == nil && !records[n] {
				t.Errorf("%s names %s, which no sensor has and no rule records", path, n)
			}
		}
	})
	if found < 120 {
		t.Errorf("only %d names were found", found)
	}
}

// So does every value that a label is compared with: a rule that asks for
// protection="sealed" would be silent for ever.
func TestEveryLabelExists(t *testing.T) {
	families := exposed(t)
	selector := regexp.MustCompile(`\b(clearbind_[a-z0-9_]+)\{([^}]*)\}`)
	matcher := regexp.MustCompile(`([a-z]+)(=~?|!~?)\\?"([^"\\]*)\\?"`)
	found := 0
	everyFile(t, func(path, text string) {
		for _, s := range selector.FindAllStringSubmatch(text, -1) {
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				label := m[1]
				if label == "job" || label == "instance" || label == "source" || strings.HasPrefix(m[3], "$") {
					continue // what Prometheus, the sensor's user and the dashboard's fill in
				}
				for v := range strings.SplitSeq(m[3], "|") {
					found++
					if !hasLabel(families[s[1]], label, v) {
						t.Errorf("%s: no series of %s has %s=%q", path, s[1], label, v)
					}
				}
			}
		}
	})
	if found < 50 {
		t.Errorf("only %d values were found", found)
	}
}

func hasLabel(f *dto.MetricFamily, label, value string) bool {
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == label && l.GetValue() == value {
				return true
			}
		}
	}
	return false
}

// Each alert has everything that whoever it wakes needs, and a heading in the
// runbook or a page of its rule.
func TestEveryAlertHasARunbook(t *testing.T) {
	rules, tests := golden.Read(t, "prometheus/rules.yml"), golden.Read(t, "prometheus/rules_test.yml")+golden.Read(t, "prometheus/rules_week_test.yml")
	runbook := golden.Read(t, "../docs/runbook.md")
	const base = "https://github.com/clearbind/clearbind/blob/main/docs/"
	alerts := strings.Split(rules, "- alert: ")[1:]
	if len(alerts) < 10 {
		t.Fatalf("%d alerts", len(alerts))
	}
	for _, a := range alerts {
		name, _, _ := strings.Cut(a, "\n")
		for _, part := range []string{"severity: ", "summary: ", "description: ", "runbook_url: '" + base} {
			if !strings.Contains(a, part) {
				t.Errorf("%s has no %s", name, part)
			}
		}
		if !strings.Contains(a, base+"rules/{{ $labels.rule }}.md") && !strings.Contains(a, base+"runbook.md#"+strings.ToLower(name)+"'") {
			t.Errorf("the runbook_url of %s leads elsewhere", name)
		}
		if !strings.Contains(runbook, "\n## "+name+"\n") {
			t.Errorf("docs/runbook.md has no heading %s", name)
		}
		fires := regexp.MustCompile(`alertname: ` + name + `\n\s+exp_alerts:\n`)
		clears := regexp.MustCompile(`alertname: ` + name + `\n\s+exp_alerts: \[\]`)
		if !fires.MatchString(tests) || !clears.MatchString(tests) {
			t.Errorf("rules_test.yml does not say when %s fires and when it clears", name)
		}
	}
}

// tool gives a program that may not be there.
func tool(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (Debian: apt-get install %s)", name, pkg)
	}
	return path
}

func TestPromtool(t *testing.T) {
	t.Parallel()
	tool(t, "promtool", "prometheus")
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "prometheus/check.sh")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("prometheus/check.sh: %v\n%s", err, out.Bytes())
	}
}
