package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// said gives what the program writes to stdout for some arguments.
func said(t *testing.T, args ...string) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() //nolint:errcheck // read below
	if _, err := parse(args, out, out); !errors.Is(err, errShown) {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestManPage holds the page that is shipped against the flags.
func TestManPage(t *testing.T) {
	page := said(t, "--help-man")
	shipped, err := os.ReadFile("../../docs/clearbind.1")
	if err != nil {
		t.Fatal(err)
	}
	if string(shipped) != page {
		t.Error("docs/clearbind.1 is not what the flags give: make man")
	}
	for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SIGNALS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"} {
		if !strings.Contains(page, "\n.SH "+section+"\n") {
			t.Errorf("no section %s", section)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^(?:  -\w, |      )--(?:\[no-\])?([a-z0-9.-]+)`).FindAllStringSubmatch(said(t, "--help"), -1) {
		if !strings.Contains(page, strings.ReplaceAll(m[1], "-", `\-`)+`\fR`) {
			t.Errorf("--%s is not in the page", m[1])
		}
	}
	man, err := exec.LookPath("man")
	if err != nil {
		t.Skip("not shown to man (Debian package man-db), which is not here")
	}
	cmd := exec.Command(man, "--warnings=all", "-l", "../../docs/clearbind.1")
	cmd.Env = append(os.Environ(), "MANWIDTH=80", "LC_ALL=C.UTF-8", "MANPAGER=cat")
	var text, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Errorf("man: %v\n%s", err, complaints.String())
	}
	if !strings.Contains(text.String(), "setcap") && !strings.Contains(text.String(), "This system has been minimized") {
		t.Errorf("man shows\n%s", text.String())
	}
}

// completions asks a shell what it would complete the last of some words to.
var completions = map[string]string{
	"bash": `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _clearbind_bash_autocomplete; printf '%s\n' "${COMPREPLY[@]}"`,
	"zsh": `autoload -Uz compinit; compinit -D -u; source "$1"; [[ $_comps[clearbind] == _clearbind ]] || exit 9; shift
		compadd() { print -l -- "${(@P)2}" }; _files() { : }; typeset -A compstate; words=("$@"); CURRENT=$#; _clearbind`,
}

// TestCompletions runs the scripts that the program gives, in their shells.
func TestCompletions(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable() // which is the program under that name
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "clearbind")); err != nil {
		t.Skip("no links here:", err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for name, ask := range completions {
		t.Run(name, func(t *testing.T) {
			shell, err := exec.LookPath(name)
			if err != nil {
				t.Skip(name, "is not here")
			}
			script, err := exec.Command("clearbind", "--completion-script-"+name).Output()
			path := filepath.Join(dir, name)
			if err != nil || os.WriteFile(path, script, 0o600) != nil {
				t.Fatal(err)
			}
			for words, want := range map[string]string{
				"clearbind --evidence-l": "--evidence-limit", "clearbind monday.pcap --fail-on cr": "critical", "clearbind --format s": "syslog",
			} {
				out, err := exec.Command(shell, append([]string{"-c", ask, name, path}, strings.Fields(words)...)...).CombinedOutput()
				if err != nil {
					t.Errorf("%s: %v\n%s", words, err, out)
				}
				got := strings.Fields(string(out))
				if !slices.Contains(got, want) || name == "bash" && len(got) != 1 { // zsh itself leaves out what does not fit
					t.Errorf("%q gives %q, want %s", words, got, want)
				}
			}
		})
	}
}
