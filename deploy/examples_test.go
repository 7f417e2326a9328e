package deploy

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/alertlog"
	"github.com/clearbind/clearbind/internal/golden"
	"go.yaml.in/yaml/v2"
)

func TestExamplesAreYAML(t *testing.T) {
	n := 0
	everyFile(t, func(path, text string) {
		if ext := filepath.Ext(path); ext != ".yml" && ext != ".yaml" {
			return
		}
		n++
		var v map[string]any
		if err := yaml.UnmarshalStrict([]byte(text), &v); err != nil || len(v) == 0 {
			t.Errorf("%s: %v", path, err)
		}
	})
	if n < 8 {
		t.Errorf("%d files", n)
	}
}

// sigma is as much of a Sigma rule as ours use: selections of exact values, one
// of which is enough.
type sigma struct {
	Title, ID, Status, Level string
	Logsource                map[string]string
	Detection                struct {
		Selections map[string]map[string]any `yaml:",inline"`
		Condition  string
	}
	Fields []string
}

func (s *sigma) matches(event map[string]any) bool {
	for _, selection := range s.Detection.Selections {
		if selects(selection, event) {
			return true
		}
	}
	return false
}

// condition is what the rule must say for matches to be true of it.
func (s *sigma) condition() string {
	if _, one := s.Detection.Selections["selection"]; one && len(s.Detection.Selections) == 1 {
		return "selection"
	}
	for name := range s.Detection.Selections {
		if !strings.HasPrefix(name, "selection_") {
			return name + " is not among the selections"
		}
	}
	return "1 of selection_*"
}

func selects(selection, event map[string]any) bool {
	for field, want := range selection {
		values, many := want.([]any)
		if !many {
			values = []any{want}
		}
		if !slices.Contains(values, lookup(event, field)) {
			return false
		}
	}
	return true
}

// lookup gives the value of a dotted name; nil: there is none.
func lookup(event map[string]any, name string) any {
	var v any = event
	for key := range strings.SplitSeq(name, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[key]
	}
	return v
}

// alerts gives the golden alerts of the captures whose names match.
func alerts(t *testing.T, pattern string) []map[string]any {
	t.Helper()
	paths, err := filepath.Glob("../pcaps/" + pattern + ".golden.jsonl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no goldens, %v", pattern, err)
	}
	var all []map[string]any
	for _, path := range paths {
		for line := range strings.Lines(golden.Read(t, path)) {
			var event map[string]any
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatal(err)
			}
			all = append(all, event)
		}
	}
	return all
}

// The Sigma rules match the alerts they are about and no others.
func TestSigmaMatches(t *testing.T) {
	for _, c := range []struct {
		file, capture, rule string
		fires               bool
	}{
		{"secret-exposed", "simple-bind-success", "cleartext-bind", true},
		{"secret-exposed", "simple-bind-wrong-password", "cleartext-bind", false},
		{"secret-exposed", "ad-simple-bind-disabled-account", "cleartext-bind", true}, // refused, and right
		{"secret-exposed", "sasl-plain", "cleartext-sasl", true},
		{"secret-exposed", "sasl-plain-wrong-password", "cleartext-sasl", false},
		{"secret-exposed", "compare-userpassword", "cleartext-compare", true},
		{"secret-exposed", "add-userpassword", "cleartext-password-change", true},
		{"secret-exposed", "userpassword-returned", "secret-returned", true},
		{"secret-exposed", "userpassword-requested", "secret-requested", false},
		{"password-attack", "password-guessing", "password-guessing", true},
		{"password-attack", "password-spraying", "password-spraying", true},
		{"password-attack", "simple-bind-success", "cleartext-bind", false},
	} {
		rule, n := readSigma(t, c.file), 0
		for _, alert := range alerts(t, c.capture) {
			if lookup(alert, "rule.id") != c.rule {
				continue
			}
			n++
			if rule.matches(alert) != c.fires {
				t.Errorf("%s: %s of %s: matches is %v", c.file, c.rule, c.capture, !c.fires)
			}
		}
		if n == 0 {
			t.Errorf("%s has no %s", c.capture, c.rule)
		}
	}
}

// A compare that says no is a success too, and tells that the value is wrong.
func TestSigmaTellsCompares(t *testing.T) {
	for _, alert := range alerts(t, "compare-userpassword") {
		if lookup(alert, "rule.id") == "cleartext-compare" {
			lookup(alert, "ldap.result").(map[string]any)["name"] = "compareFalse"
			if readSigma(t, "secret-exposed").matches(alert) {
				t.Error("compareFalse is taken for a valid secret")
			}
			return
		}
	}
	t.Error("no compare")
}

func readSigma(t *testing.T, file string) *sigma {
	t.Helper()
	rule := new(sigma)
	if err := yaml.Unmarshal([]byte(golden.Read(t, "examples/sigma/"+file+".yml")), rule); err != nil {
		t.Fatal(err)
	}
	return rule
}

// They have what a rule has, and show fields that some alert has.
func TestSigmaIsWhole(t *testing.T) {
	every := alerts(t, "*")
	for _, file := range []string{"secret-exposed", "password-attack"} {
		rule := readSigma(t, file)
		if rule.Title == "" || !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(rule.ID) || rule.Status == "" ||
			rule.Level == "" || rule.Logsource["product"] != "clearbind" || rule.Detection.Condition != rule.condition() {
			t.Errorf("%s lacks what a rule has: %+v", file, rule)
		}
		for _, field := range rule.Fields {
			if !slices.ContainsFunc(every, func(e map[string]any) bool { return lookup(e, field) != nil }) {
				t.Errorf("%s shows %s, which no alert has", file, field)
			}
		}
		for _, selection := range rule.Detection.Selections {
			ids, many := selection["rule.id"].([]any)
			if !many {
				ids = []any{selection["rule.id"]}
			}
			for _, id := range ids {
				if name, ok := id.(string); !ok || !isRule(name) {
					t.Errorf("%s: %v is no rule", file, id)
				}
			}
		}
	}
}

func isRule(id string) bool {
	for r := range detect.NumRules {
		if r.String() == id {
			return true
		}
	}
	return false
}

// The collector of the example takes what a sensor sends and writes the JSON as
// it was, by the network and by its socket.
func TestRsyslogExample(t *testing.T) {
	bin, err := exec.LookPath("rsyslogd")
	if err != nil {
		if bin, err = exec.LookPath("/usr/sbin/rsyslogd"); err != nil {
			t.Skip("rsyslogd is not installed (Debian: apt-get install rsyslog)")
		}
	}
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	conf := strings.NewReplacer(`port="514"`, `port="`+port+`"`, "/run/", dir+"/", "/var/log/clearbind/", dir+"/").Replace(golden.Read(t, "examples/rsyslog.conf"))
	path := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "-n", "-f", path, "-i", filepath.Join(dir, "pid"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // killed by cancel
	}()
	destinations := []string{"tcp://127.0.0.1:" + port, "unix://" + dir + "/clearbind.sock"}
	for _, destination := range destinations {
		deliver(ctx, t, destination)
	}
	for ctx.Err() == nil {
		f, err := os.Open(filepath.Join(dir, "alerts.jsonl"))
		if err == nil {
			n := 0
			for scan := bufio.NewScanner(f); scan.Scan(); n++ {
				var event map[string]any
				if err := json.Unmarshal(scan.Bytes(), &event); err != nil || lookup(event, "rule.id") != "cleartext-bind" {
					t.Errorf("%v in %q", err, scan.Bytes())
				}
			}
			_ = f.Close()
			if n == len(destinations) {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("not every alert arrived")
}

// deliver sends an alert to a collector that may be about to start.
func deliver(ctx context.Context, t *testing.T, destination string) {
	t.Helper()
	d, err := alertlog.ParseDestination(destination)
	if err != nil {
		t.Fatal(err)
	}
	r, err := alertlog.OpenRemote(d)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	at := time.Date(2026, 3, 1, 9, 15, 2, 0, time.UTC)
	end := net.UDPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 389}
	a := &detect.Alert{Rule: detect.CleartextBind, Severity: detect.Critical, Time: at, Start: at, End: at, Client: end.AddrPort(), Server: end.AddrPort(), Count: 1}
	w := alertlog.NewSyslog(r, alertlog.SyslogConfig{Facility: d.Facility})
	for w.Write(a) != nil && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
	}
}
