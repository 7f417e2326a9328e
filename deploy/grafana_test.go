package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/internal/golden"
)

type panel struct {
	ID          int
	Type, Title string
	GridPos     struct{ H, W, X, Y int }
	Datasource  struct{ UID string }
	Targets     []struct {
		Expr, RefID string
		Datasource  struct{ UID string }
	}
	FieldConfig struct {
		Defaults struct{ Thresholds struct{ Steps []any } }
	}
}

type dashboard struct {
	UID, Title  string
	Panels      []panel
	Annotations struct{ List []struct{ Expr string } }
	Templating  struct {
		List []struct{ Name, Type, Definition string }
	}
}

func loadDashboard(t *testing.T) *dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(golden.Read(t, "grafana/clearbind.json")), &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

func TestDashboard(t *testing.T) {
	d := loadDashboard(t)
	if d.UID != "clearbind" || len(d.Templating.List) != 2 || d.Templating.List[0].Type != "datasource" || d.Templating.List[1].Name != "instance" {
		t.Errorf("%s with the variables %+v", d.UID, d.Templating.List)
	}
	ids, rows := make(map[int]string), []string(nil)
	cells := make(map[[2]int]string)
	for _, p := range d.Panels {
		if other, twice := ids[p.ID]; twice {
			t.Errorf("%s and %s have the id %d", other, p.Title, p.ID)
		}
		ids[p.ID] = p.Title
		for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				if other, taken := cells[[2]int{x, y}]; taken {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
		if p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s is wider than the page", p.Title)
		}
		if p.Type == "row" {
			rows = append(rows, p.Title)
			continue
		}
		p.check(t)
	}
	if got := strings.Join(rows, ", "); got != "Exposure, Coverage, Sensor health" {
		t.Errorf("rows %s", got)
	}
}

// check asks of a panel that it follows the variables.
func (p *panel) check(t *testing.T) {
	t.Helper()
	if p.Title == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
		t.Errorf("panel %d (%s) has no title, no query, or a data source of its own", p.ID, p.Title)
	}
	if p.Type == "stat" && len(p.FieldConfig.Defaults.Thresholds.Steps) < 2 {
		t.Errorf("%s has no thresholds", p.Title)
	}
	for _, q := range p.Targets {
		if q.Datasource.UID != "${datasource}" || !strings.Contains(q.Expr, `instance=~"$instance"`) || q.RefID == "" {
			t.Errorf("%s does not follow the variables: %s", p.Title, q.Expr)
		}
	}
}

// Every metric of the table is on the dashboard: what is worth counting is
// worth seeing.
func TestDashboardShowsEveryMetric(t *testing.T) {
	text := golden.Read(t, "grafana/clearbind.json")
	for name := range exposed(t) {
		if strings.HasPrefix(name, "clearbind_") && !strings.Contains(text, name+"{") {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// Every query parses: as a file of recording rules, which promtool reads in any
// of its versions.
func TestDashboardParses(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	d := loadDashboard(t)
	var exprs []string
	for _, a := range d.Annotations.List {
		exprs = append(exprs, a.Expr)
	}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			exprs = append(exprs, q.Expr)
		}
	}
	var rules bytes.Buffer
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	fill := strings.NewReplacer("$__rate_interval", "2m", "$__range", "24h")
	n := 0
	for _, e := range exprs {
		if e == "" {
			continue
		}
		quoted, err := json.Marshal(fill.Replace(e))
		if err != nil {
			t.Fatal(err)
		}
		n++
		fmt.Fprintf(&rules, "  - {record: 'query:%d', expr: %s}\n", n, quoted)
	}
	if n < 30 {
		t.Errorf("only %d queries", n)
	}
	path := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(path, rules.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
