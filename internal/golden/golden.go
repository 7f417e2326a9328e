// Package golden holds what is written against files that were looked at. It is
// for tests only.
package golden

import (
	"os"
	"strings"
	"testing"
)

// Read gives the text of a file.
func Read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Compare compares got with a file, line by line; update rewrites the file.
func Compare(t testing.TB, path string, got []byte, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w, g := strings.SplitAfter(Read(t, path), "\n"), strings.SplitAfter(string(got), "\n")
	for i := range max(len(w), len(g)) {
		var wl, gl string
		if i < len(w) {
			wl = w[i]
		}
		if i < len(g) {
			gl = g[i]
		}
		if wl != gl {
			t.Errorf("%s line %d (go test -update rewrites it)\n got %q\nwant %q", path, i+1, gl, wl)
		}
	}
}
