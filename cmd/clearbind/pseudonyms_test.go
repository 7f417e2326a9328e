package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// outputs runs the program over the captures in all of its forms and gives what
// it says, by form. The names of the captures are no names it found.
func outputs(t *testing.T, args ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	args = append(args, "--ldap.any-port", "--min-severity=info", "--repeat-interval=0")
	says := map[string]string{}
	for _, format := range []string{"json", "text", "syslog"} {
		_, stdout, stderr := clearbind(t, append(args, "--format="+format, "--zeek-logs="+dir,
			"--report="+filepath.Join(dir, "r.html"), "--report="+filepath.Join(dir, "r.csv"), "--report="+filepath.Join(dir, "r.json"), ".")...)
		says[format], says["summary"] = string(stdout), string(stderr)
	}
	for _, name := range []string{"r.html", "r.csv", "r.json", "ldap.log", "ldap_search.log"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		says[name] = string(b)
	}
	capture := regexp.MustCompile(`[\w.-]+\.(pcap|pcapng)(\.\w+)?`)
	for form, text := range says {
		says[form] = capture.ReplaceAllString(text, "")
	}
	return says
}

// namesIn gives the names that alerts, the report and Zeek's logs tell, whole and
// in the parts that a DN or a filter is made of.
func namesIn(t *testing.T, says map[string]string) []string {
	t.Helper()
	whole := map[string]bool{}
	for line := range strings.Lines(says["json"]) {
		var a struct {
			User struct{ Name string }
			TLS  struct {
				Client struct {
					Name string `json:"server_name"`
				}
			}
			LDAP struct {
				Bind   struct{ Name string }
				Search struct{ Base, Filter string }
				Entry  struct{ DN string }
				Result struct{ Diagnostic string }
			}
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{a.User.Name, a.TLS.Client.Name, a.LDAP.Bind.Name, a.LDAP.Search.Base, a.LDAP.Search.Filter, a.LDAP.Entry.DN, a.LDAP.Result.Diagnostic} {
			whole[s] = true
		}
	}
	for log, columns := range map[string][]int{"ldap.log": {10, 11}, "ldap_search.log": {9, 12, 13}} {
		for line := range strings.Lines(says[log]) {
			values := strings.Split(line, "\t")
			for _, i := range columns {
				if !strings.HasPrefix(line, "#") && !strings.Contains(values[i], "(StartTLS)") && !strings.Contains(values[i], "(unknown)") && !strings.Contains(values[i], "(whoami)") {
					whole[values[i]] = true
				}
			}
		}
	}
	// Attribute names and matching rules stay.
	value := regexp.MustCompile(`[=~<>]([^=()*,&|]+)`)
	names := map[string]bool{}
	for s := range whole {
		for _, m := range value.FindAllStringSubmatch(s, -1) {
			names[m[1]] = true
		}
		if !strings.HasPrefix(s, "(") {
			names[s] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// TestNoOutputHoldsAName runs over all captures, with and without --pseudonyms,
// and looks in every output for what the captures name.
func TestNoOutputHoldsAName(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("a key of at least sixteen octets"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(pcaps)
	plain := outputs(t)
	names := namesIn(t, plain)
	if len(names) < 100 {
		t.Fatalf("only %d names to look for", len(names))
	}
	hidden := outputs(t, "--pseudonyms="+key)
	for form, text := range hidden {
		lower := strings.ToLower(text)
		for _, name := range names {
			if len(name) >= 4 && !ours[name] && strings.Contains(lower, strings.ToLower(name)) {
				t.Errorf("%s holds %q", form, name)
			}
		}
		if strings.Count(text, "p-") == 0 {
			t.Errorf("%s holds no pseudonym", form)
		}
	}
	for _, form := range []string{"json", "text", "syslog", "ldap.log", "ldap_search.log"} {
		if strings.Count(hidden[form], "\n") != strings.Count(plain[form], "\n") {
			t.Errorf("%s tells something else under pseudonyms", form)
		}
	}
	one, two := outputs(t, "-w", "1", "--pseudonyms="+key), outputs(t, "-w", "3", "--pseudonyms="+key)
	for form := range one {
		if !bytes.Equal([]byte(one[form]), []byte(two[form])) {
			t.Errorf("%s depends on the number of workers", form)
		}
	}
}

// ours are values of the captures that are also words of the program's own.
var ours = map[string]bool{
	"NTLM": true, "Success": true, "Users": true, "user": true, "admin": true, "group": true, "confidentiality required": true,
	"FILTER_PARSING_ERROR": true,
}
