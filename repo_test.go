// Package clearbind has no code of its own: this file holds the rules of the
// house that no reader can see.
package clearbind

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/golden"
)

const module = "github.com/clearbind/clearbind/"

// source is one Go file of the program; tests and the laboratory's clients are
// none.
type source struct {
	path string
	text string
	set  *token.FileSet
	file *ast.File
}

func sources(t *testing.T) (all []source) {
	t.Helper()
	for _, path := range files(t, func(p string) bool {
		return strings.HasSuffix(p, ".go") && !strings.HasSuffix(p, "_test.go") && !strings.HasPrefix(p, "pcaps/lab/")
	}) {
		text := golden.Read(t, path)
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{path, text, set, file})
	}
	return all
}

// files gives the repository's files for which keep is true.
func files(t *testing.T, keep func(path string) bool) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") && path != ".ci" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.Type().IsRegular() && keep(path):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestEveryPackageHasOneComment(t *testing.T) {
	comments := map[string]int{}
	for _, s := range sources(t) {
		dir := path.Dir(s.path)
		comments[dir] += 0
		if s.file.Doc != nil {
			comments[dir]++
		}
	}
	for dir, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments", dir, n)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	const most = 400 // lines; beyond it a file has two thoughts
	for _, s := range sources(t) {
		if n := strings.Count(s.text, "\n"); n > most {
			t.Errorf("%s has %d lines, more than %d", s.path, n, most)
		}
	}
}

// TestImportsPointOneWay holds the arrows of docs/tour.md: cmd knows
// everything, detect knows decode, capture and decode know neither each other
// nor anybody.
func TestImportsPointOneWay(t *testing.T) {
	forbidden := map[string][]string{
		"capture": {module, "net/http", "github.com/prometheus/"},
		"decode":  {module + "capture", module + "detect", module + "cmd", module + "internal", "net/http", "github.com/prometheus/", "os"},
		"detect": {module + "capture", module + "cmd", module + "internal", "github.com/google/gopacket", "github.com/go-asn1-ber/",
			"github.com/prometheus/", "os", "net/http", "log"},
		"internal": {module + "cmd"},
	}
	for _, s := range sources(t) {
		room, _, _ := strings.Cut(s.path, "/")
		for _, spec := range s.file.Imports {
			name := strings.Trim(spec.Path.Value, `"`)
			for _, no := range forbidden[room] {
				if name == no || strings.HasPrefix(name, strings.TrimSuffix(no, "/")+"/") {
					t.Errorf("%s imports %s", s.path, name)
				}
			}
		}
	}
}

// TestNobodyAsksTheClock holds that time is packet time: the same capture
// gives the same alerts on every day.
func TestNobodyAsksTheClock(t *testing.T) {
	for _, s := range sources(t) {
		room, _, _ := strings.Cut(s.path, "/")
		if room != "decode" && room != "detect" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick"}, sel.Sel.Name) {
					t.Errorf("%s asks for time.%s", s.set.Position(n.Pos()), sel.Sel.Name)
				}
			}
			return true
		})
	}
}

// TestNoHiddenState forbids init and variables of a package other than errors,
// tables and embedded files.
func TestNoHiddenState(t *testing.T) {
	for _, s := range sources(t) {
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					t.Errorf("%s: init", s.set.Position(d.Pos()))
				}
			case *ast.GenDecl:
				if d.Doc != nil && strings.HasPrefix(d.Doc.List[len(d.Doc.List)-1].Text, "//go:embed ") {
					continue
				}
				for _, spec := range d.Specs {
					v, ok := spec.(*ast.ValueSpec)
					if d.Tok == token.VAR && ok && !isTable(v) {
						t.Errorf("%s: var %s is neither an error nor a table", s.set.Position(v.Pos()), v.Names[0])
					}
				}
			}
		}
	}
}

// isTable says whether a variable is made once and only read: a literal, an
// error, or what a function makes of one.
func isTable(v *ast.ValueSpec) bool {
	if len(v.Values) == 0 {
		return false
	}
	switch x := v.Values[0].(type) {
	case *ast.CompositeLit:
		return true
	case *ast.CallExpr:
		return len(x.Args) > 0
	}
	return false
}

func TestNoReplaceInGoMod(t *testing.T) {
	if strings.Contains(golden.Read(t, "go.mod"), "replace ") {
		t.Error("go.mod replaces a module: go install …@latest would not get it")
	}
}

// TestDependenciesAreAccountedFor wants a line in the ADR for each direct
// requirement.
func TestDependenciesAreAccountedFor(t *testing.T) {
	adr := golden.Read(t, "docs/adr/0006-dependencies.md")
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)
	all := direct.FindAllStringSubmatch(golden.Read(t, "go.mod"), -1)
	if len(all) == 0 {
		t.Fatal("go.mod requires nothing")
	}
	for _, m := range all {
		if !strings.Contains(adr, "`"+m[1]+"`") {
			t.Errorf("docs/adr/0006-dependencies.md does not say what %s saves", m[1])
		}
	}
}

// labels are what pcaps/labels.json says must be found.
type labels struct {
	Captures map[string]struct {
		Alerts, Present   []struct{ Rule string }
		Complete, Secrets []string
	}
}

func readLabels(t *testing.T) (l labels) {
	t.Helper()
	if err := json.Unmarshal([]byte(golden.Read(t, "pcaps/labels.json")), &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestEveryRuleIsExplainedAndShown wants a page and a capture for each rule.
func TestEveryRuleIsExplainedAndShown(t *testing.T) {
	shown := map[string]bool{}
	for _, c := range readLabels(t).Captures {
		for _, a := range append(c.Alerts, c.Present...) {
			shown[a.Rule] = true
		}
	}
	for r := range detect.NumRules {
		if _, err := os.Stat("docs/rules/" + r.String() + ".md"); err != nil {
			t.Errorf("%s has no page: %v", r, err)
		}
		if !shown[r.String()] {
			t.Errorf("no capture fires %s", r)
		}
	}
}

// TestTheTableOfRulesHolds wants pcaps/README.md to name for each rule a capture
// that fires it and a look-alike, and the labels to agree.
func TestTheTableOfRulesHolds(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| ([a-z0-9-]+) \\| (`[^|]+`) \\| (`[^|]+`) \\|$")
	name := regexp.MustCompile("[^`, ]+")
	all, rows := readLabels(t).Captures, map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(golden.Read(t, "pcaps/README.md"), -1) {
		rows[m[1]] = true
		for column, fires := range map[string]bool{m[2]: true, m[3]: false} {
			for _, n := range name.FindAllString(column, -1) {
				c, known := all[n+".pcap"]
				fired := slices.ContainsFunc(append(c.Alerts, c.Present...), func(a struct{ Rule string }) bool { return a.Rule == m[1] })
				if !known || fired != fires || !fires && !slices.Contains(c.Complete, m[1]) {
					t.Errorf("%s: labels.json says otherwise of %s", m[1], n)
				}
			}
		}
	}
	for r := range detect.NumRules {
		if !rows[r.String()] {
			t.Errorf("no row for %s", r)
		}
	}
}

// TestNoSecretIsWrittenDown looks for the passwords of the laboratory wherever
// the program or a writer could have left one.
func TestNoSecretIsWrittenDown(t *testing.T) {
	secrets := map[string]bool{}
	for _, c := range readLabels(t).Captures {
		for _, s := range c.Secrets {
			secrets[s] = true
		}
	}
	if len(secrets) == 0 {
		t.Fatal("no secrets to look for")
	}
	for _, path := range files(t, func(p string) bool {
		return strings.HasPrefix(p, "docs/") || strings.HasSuffix(p, ".golden.jsonl") || strings.HasSuffix(p, ".md") || strings.HasPrefix(p, "deploy/")
	}) {
		text := golden.Read(t, path)
		for s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s holds a secret of the laboratory", path)
			}
		}
	}
}

// TestLinksLead checks the relative links of every page.
func TestLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)\s]*)?\)`)
	for _, page := range files(t, func(p string) bool { return strings.HasSuffix(p, ".md") }) {
		for _, m := range link.FindAllStringSubmatch(golden.Read(t, page), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s leads to %s, which is not there", page, m[1])
			}
		}
	}
}

func TestChangelogEntriesAreTagged(t *testing.T) {
	tag := regexp.MustCompile(`^- \[(CHANGE|FEATURE|ENHANCEMENT|BUGFIX|SECURITY)\] `)
	n := 0
	for line := range strings.Lines(golden.Read(t, "CHANGELOG.md")) {
		if strings.HasPrefix(line, "- ") {
			n++
			if !tag.MatchString(line) {
				t.Errorf("CHANGELOG.md: %s", line)
			}
		}
	}
	if n == 0 {
		t.Error("CHANGELOG.md says nothing")
	}
}
