package main

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/detect"
)

// TestRecordsAreInOrderWhateverTheWorkers deals the records of a run to workers,
// with batches cut anywhere and handed over in any order, and wants them back
// in order, none of them before its time.
func TestRecordsAreInOrderWhateverTheWorkers(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		n := 1 + r.IntN(5)
		batches := make([][]batch, n)
		want, order := 0, uint64(0)
		for range r.IntN(40) { // batches of all workers, up to a frame
			from := order
			order += 1 + uint64(r.IntN(5))
			for i := range batches {
				b := batch{worker: i, recordsUpTo: order}
				for at := from; at < order; at++ {
					if r.IntN(3) == 0 {
						b.records = append(b.records, detect.Record{Order: at, Tie: uint64(i) + 1})
						want++
					}
				}
				batches[i] = append(batches[i], b)
			}
		}
		var have []detect.Record
		m := recordMerge{lanes: make([]recordLane, n), tell: func(r *detect.Record) { have = append(have, *r) }}
		for open := n; open > 0; {
			i := r.IntN(n)
			switch {
			case len(batches[i]) > 0:
				m.take(&batches[i][0])
				batches[i] = batches[i][1:]
			case !m.lanes[i].over:
				m.take(&batch{worker: i, over: true})
				open--
			}
		}
		sorted := slices.IsSortedFunc(have, func(a, b detect.Record) int {
			return int(a.Order)*8 + int(a.Tie) - int(b.Order)*8 - int(b.Tie)
		})
		if len(have) != want || !sorted {
			t.Fatalf("seed %d: %d records came of %d, or not in order", seed, len(have), want)
		}
	}
}

// zeekFiles runs the program and gives what its Zeek logs have.
func zeekFiles(t *testing.T, args ...string) (messages, searches []byte) {
	t.Helper()
	dir := t.TempDir()
	clearbind(t, append([]string{"--format=json", "--zeek-logs=" + dir}, args...)...)
	var files [2][]byte
	for i, name := range []string{"ldap.log", "ldap_search.log"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[i] = b
	}
	return files[0], files[1]
}

// TestZeekLogsOfAllCaptures wants them to be the same whatever the workers, with
// as many values in each line as there are columns, and without secrets.
func TestZeekLogsOfAllCaptures(t *testing.T) {
	all := labels(t)
	t.Chdir(pcaps)
	messages, searches := zeekFiles(t, "-w", "1", "--ldap.any-port", ".")
	for _, workers := range []string{"2", "7"} {
		m, s := zeekFiles(t, "-w", workers, "--ldap.any-port", ".")
		if !bytes.Equal(m, messages) || !bytes.Equal(s, searches) {
			t.Errorf("%s workers write other logs than one", workers)
		}
	}
	seen := map[string]bool{}
	for name, log := range map[string][]byte{"ldap": messages, "ldap_search": searches} {
		columns := 0
		for line := range strings.Lines(string(log)) {
			values := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			switch {
			case values[0] == "#fields":
				columns = len(values) - 1
			case strings.HasPrefix(line, "#"):
			case len(values) != columns || slices.Contains(values, ""):
				t.Errorf("%s.log: %s", name, line)
			case name == "ldap":
				seen[values[8]] = true
			}
		}
		for _, want := range all {
			for _, secret := range want.Secrets {
				if bytes.Contains(log, []byte(secret)) {
					t.Errorf("%s.log holds a secret", name)
				}
			}
		}
	}
	for _, op := range []string{"bind simple", "bind SASL", "sicily_negotiate", "sicily_response", "unbind", "modify", "add", "delete", "compare", "abandon", "extended"} {
		if !seen[op] {
			t.Errorf("no capture has %s; there are %q", op, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// TestZeekToolsReadTheLogs lets zeek-cut, or bro-cut as Debian has it, read them.
func TestZeekToolsReadTheLogs(t *testing.T) {
	tool, err := exec.LookPath("zeek-cut")
	if err != nil {
		if tool, err = exec.LookPath("bro-cut"); err != nil {
			t.Skip("neither zeek-cut nor bro-cut is here (Debian: bro-aux)")
		}
	}
	t.Chdir(pcaps)
	messages, searches := zeekFiles(t, "simple-bind-success.pcap")
	for _, c := range []struct {
		log  []byte
		cut  string
		want string
	}{
		{messages, "id.orig_h id.resp_p message_id version opcode result object argument", "10.39.0.7\t389\t1\t3\tbind simple\tsuccess\tuid=mira,ou=people,dc=example,dc=org\tREDACTED\n"},
		{searches, "scope deref_aliases base_object result_count result filter attributes", "tree\tnever\tou=people,dc=example,dc=org\t1\tsuccess\t(uid=jonas)\t-\n"},
	} {
		cmd := exec.CommandContext(t.Context(), tool, strings.Fields(c.cut)...)
		cmd.Stdin = bytes.NewReader(c.log)
		out, err := cmd.Output()
		if err != nil || !strings.HasPrefix(string(out), c.want) {
			t.Errorf("%v: %q, want %q", err, out, c.want)
		}
	}
}
