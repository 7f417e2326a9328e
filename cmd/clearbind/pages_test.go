package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestExamplesOfTheRules runs the command of each rule's page and wants the
// lines that the page shows, and among the alerts as JSON one with the fields
// that it shows.
func TestExamplesOfTheRules(t *testing.T) {
	block := regexp.MustCompile("(?s)```\n\\$ clearbind ([^\n]*)\n(.*?)```.*?```json\n(.*?)```")
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
			var shown any
			if err := json.Unmarshal([]byte(m[3]), &shown); err != nil {
				t.Fatal(err)
			}
			_, stdout, _ = clearbind(t, strings.Fields(strings.Replace(m[1], "--format=text", "--format=json", 1))...)
			for line := range bytes.Lines(stdout) {
				var alert any
				if err := json.Unmarshal(line, &alert); err != nil {
					t.Fatal(err)
				}
				if within(shown, alert) {
					return
				}
			}
			t.Errorf("clearbind %s says\n%s\nno alert is the page's\n%s", m[1], stdout, m[3])
		})
	}
}

// within says whether every field of a part is in the whole, with its value.
func within(part, whole any) bool {
	fields, ok := part.(map[string]any)
	if !ok {
		return reflect.DeepEqual(part, whole)
	}
	all, _ := whole.(map[string]any)
	for name, value := range fields {
		if !within(value, all[name]) {
			return false
		}
	}
	return true
}
