package capture

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// tree makes a folder with these files, and gives its path. A name that ends
// in "->" is a link to its content.
func tree(t *testing.T, files map[string]string) string {
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, strings.TrimSuffix(name, "->"))
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		if strings.HasSuffix(name, "->") {
			must(t, os.Symlink(content, path))
			continue
		}
		must(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return folder
}

func TestWalk(t *testing.T) {
	capture := string(pcap(little, pcapMicro).record(1, 0, 3, "abc", "").b)
	folder := tree(t, map[string]string{
		"day10.pcap":        capture,
		"day2.pcap":         capture,
		"README.txt":        "what is here",
		"empty":             "",
		"no-suffix":         string(pcapng(big).b),
		"sub/packed.txt":    string(zstded(t, []byte(capture))),
		"sub/notes.txt.gz":  string(gzipped(t, []byte("notes"))),
		"sub/cut.pcap":      capture[:10],
		"sub/cut.gz":        string(gzipped(t, []byte(capture))[:9]),
		"sub/deeper/a.pcap": capture,
		"none/readme":       "nothing here",
		"up->":              "..",
		"linked.pcap->":     "day2.pcap",
		"dangling.pcap->":   "gone",
		"folder->":          "sub",
	})
	in := func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(folder, name))
		}
		return paths
	}
	tests := map[string]struct {
		paths, want []string
		err         string
	}{
		"no path":                      {nil, nil, ""},
		"standard input":               {[]string{"-"}, []string{"-"}, ""},
		"files stay as they are given": {append(in("day2.pcap", "README.txt", "day10.pcap"), os.DevNull), append(in("day2.pcap", "README.txt", "day10.pcap"), os.DevNull), ""},
		"a folder gives its captures": {[]string{folder}, in("day10.pcap", "day2.pcap", "linked.pcap", "no-suffix",
			"sub/cut.gz", "sub/cut.pcap", "sub/deeper/a.pcap", "sub/packed.txt"), ""},
		"a folder that is linked to":   {in("folder"), in("folder/cut.gz", "folder/cut.pcap", "folder/deeper/a.pcap", "folder/packed.txt"), ""},
		"a folder without a capture":   {in("day2.pcap", "none"), nil, in("none")[0] + ": no capture file (pcap, pcapng, gzip or zstd of either) in this folder"},
		"a path that leads to nothing": {in("day2.pcap", "gone"), nil, "stat " + in("gone")[0] + ": no such file or directory"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Walk(tt.paths)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || err.Error() != tt.err) {
				t.Errorf("got %v, want %q", err, tt.err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestWalkOfWhatMayNotBeRead(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	folder := tree(t, map[string]string{"secret.pcap": "x"})
	path := filepath.Join(folder, "secret.pcap")
	must(t, os.Chmod(path, 0))
	for _, paths := range [][]string{{path}, {folder}} {
		_, err := Walk(paths)
		if want := "open " + path + ": permission denied"; err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", paths, err, want)
		}
	}
}
