package capture

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMissed(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "eth7", "statistics")
	must(t, os.MkdirAll(folder, 0o700))
	file := filepath.Join(folder, "rx_missed_errors")
	must(t, os.WriteFile(file, []byte("40\n"), 0o600))
	m := cardMissed(root, "eth7")
	for _, step := range []struct {
		file string
		want uint64
	}{{"40\n", 0}, {"47\n", 7}, {"47\n", 7}, {"nonsense", 7}, {"3\n", 10}, {"4\n", 11}} { // 3: the driver began anew
		must(t, os.WriteFile(file, []byte(step.file), 0o600))
		if got := m.count(); got != step.want {
			t.Errorf("%q: %d, want %d", step.file, got, step.want)
		}
	}
	must(t, os.Remove(file))
	if got := m.count(); got != 11 {
		t.Errorf("without a file: %d", got)
	}
	none := cardMissed(root, "any")
	if got := none.count(); got != 0 {
		t.Errorf("of any: %d", got)
	}
}
