package metrics

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestEveryMetricIsDocumented holds the table of docs/metrics.md against the
// table of this package, in its order.
func TestEveryMetricIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, exposed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(clearbind_[a-z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, m[1])
	}
	for i := range table {
		exposed = append(exposed, namespace+"_"+table[i].name)
	}
	if !slices.Equal(documented, exposed) {
		t.Errorf("docs/metrics.md lists\n%q\nexposed are\n%q", documented, exposed)
	}
}
