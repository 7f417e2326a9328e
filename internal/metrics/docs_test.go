package metrics

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// docs/metrics.md has a row for each metric of the table, and none for what no sensor has.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(clearbind_[a-z0-9_]+)").FindAllStringSubmatch(string(text), -1) {
		got = append(got, m[1])
	}
	var want []string
	for _, m := range table {
		want = append(want, namespace+"_"+m.name)
	}
	slices.Sort(got)
	slices.Sort(want)
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("docs/metrics.md has no row for %s", name)
		}
	}
	for i, name := range got {
		if !slices.Contains(want, name) && name != namespace+"_build_info" { // which is client_golang's
			t.Errorf("docs/metrics.md has a row for %s, which no sensor exposes", name)
		}
		if i > 0 && got[i-1] == name {
			t.Errorf("docs/metrics.md has two rows for %s", name)
		}
	}
}
