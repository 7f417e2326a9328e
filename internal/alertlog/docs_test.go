package alertlog

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryFieldIsDocumented holds the table of docs/alerts.md against the
// fields of alerts of every kind.
func TestEveryFieldIsDocumented(t *testing.T) {
	written := map[string]bool{}
	lines := slices.Concat(jsonLines(t, Observer{}, everyAlert()...), jsonLines(t, Observer{Hostname: "sensor", Live: true, Version: "1.0"}, everyAlert()...))
	for line := range strings.Lines(string(lines)) {
		var alert map[string]any
		if err := json.Unmarshal([]byte(line), &alert); err != nil {
			t.Fatal(err)
		}
		fields("", alert, written)
	}
	page, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		documented[m[1]] = true
	}
	for _, field := range sorted(written) {
		if !documented[field] {
			t.Errorf("docs/alerts.md has no row for %s", field)
		}
	}
	for _, field := range sorted(documented) {
		if !written[field] {
			t.Errorf("docs/alerts.md has a row for %s, which no alert has", field)
		}
	}
}

// fields notes the dotted names of the leaves of an object.
func fields(prefix string, object map[string]any, names map[string]bool) {
	for name, value := range object {
		if inner, ok := value.(map[string]any); ok {
			fields(prefix+name+".", inner, names)
		} else {
			names[prefix+name] = true
		}
	}
}

func sorted(set map[string]bool) (names []string) {
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
