package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/clearbind/clearbind/detect"
	"go.yaml.in/yaml/v3"
)

// maxFile bounds a configuration file, in octets: an allow list of thousands of
// entries is smaller.
const maxFile = 4 << 20

// Settings is what a file says. The zero value is an empty file.
type Settings struct {
	Allow            []detect.Allowance
	Severities       [detect.NumRules]detect.Severity
	SecretAttributes []string
	Nets, IgnoreNets []netip.Prefix
	// Notes are what is no mistake and yet worth a look: entries that have expired.
	Notes []string
}

// Apply puts the settings into a configuration, beside what is in it.
func (s *Settings) Apply(cfg *detect.Config) {
	cfg.Allow = s.Allow
	cfg.Severities = s.Severities
	cfg.SecretAttributes = s.SecretAttributes
	cfg.Nets = append(slices.Clip(cfg.Nets), s.Nets...)
	cfg.IgnoreNets = append(slices.Clip(cfg.IgnoreNets), s.IgnoreNets...)
}

// Load reads a file. now is for telling what has expired. The error joins all
// mistakes, each as "path:line: what is wrong and what to do".
func Load(path string, now time.Time) (*Settings, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: %d octets are more than any configuration has (%d)", path, info.Size(), maxFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text, now)
}

// Parse does the same for the text of a file; path is for telling.
func Parse(path string, text []byte, now time.Time) (*Settings, error) {
	r := reader{path: path, now: now}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) > 0 {
		r.document(document.Content[0])
	}
	if len(r.mistakes) > 0 {
		return nil, errors.Join(r.mistakes...)
	}
	return &r.settings, nil
}

// reader walks the nodes of a file and notes every mistake.
type reader struct {
	path     string
	now      time.Time
	settings Settings
	mistakes []error
}

func (r *reader) wrong(n *yaml.Node, format string, args ...any) {
	r.mistakes = append(r.mistakes, fmt.Errorf("%s:%d: %s", r.path, n.Line, fmt.Sprintf(format, args...)))
}

// fields calls read for each key of a mapping; it says which keys there are if
// one is unknown or there twice.
func (r *reader) fields(n *yaml.Node, where string, known string, read func(key string, value *yaml.Node) bool) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // an empty section
	}
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "%s has fields (%s), not a %s", where, known, kindOf(n))
		return
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if line, twice := seen[key.Value]; twice {
			r.wrong(key, "%q stands in line %d already", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		if !read(key.Value, value) {
			r.wrong(key, "%s has no field %q; there are %s", where, key.Value, known)
		}
	}
}

// list calls read for each item of a sequence; a scalar is a list of one.
func (r *reader) list(n *yaml.Node, what string, read func(*yaml.Node)) {
	switch {
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			read(item)
		}
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
	case n.Kind == yaml.ScalarNode:
		read(n)
	default:
		r.wrong(n, "%s is a list, not a %s", what, kindOf(n))
	}
}

// text reads a scalar that must not be empty.
func (r *reader) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" || n.Tag == "!!null" {
		r.wrong(n, "%s is missing its value", what)
		return ""
	}
	return n.Value
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "list"
	case yaml.MappingNode:
		return "mapping"
	case yaml.ScalarNode:
		return fmt.Sprintf("value %q", n.Value)
	default:
		return "reference"
	}
}
