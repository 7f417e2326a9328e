package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExamplesOfTheRules runs the command of each rule's page and wants the
// lines that the page shows.
func TestExamplesOfTheRules(t *testing.T) {
	block := regexp.MustCompile("(?s)```\n\\$ clearbind ([^\n]*)\n(.*?)```")
	t.Chdir("../..")
	pages, err := filepath.Glob("docs/rules/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if filepath.Base(page) == "README.md" {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			m := block.FindStringSubmatch(string(text))
			if m == nil {
				t.Fatal("no example")
			}
			_, stdout, _ := clearbind(t, strings.Fields(m[1])...)
			if m[2] == "" || !strings.Contains(string(stdout), m[2]) {
				t.Errorf("clearbind %s says\n%s\nthe page\n%s", m[1], stdout, m[2])
			}
		})
	}
}
