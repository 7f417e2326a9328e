package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// Read gives the octets of a file that a person has written, such as a
// configuration, and does not follow one that never ends.
func Read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than %d octets", path, maxFile)
	}
	return text, err
}

// Parse reads the text of a file; path is for telling, now for what has expired.
// The error joins all mistakes, each as "path:line: what is wrong and what to do".
func Parse(path string, text []byte, now time.Time) (*Settings, error) {
	r := reader{path: path, now: now}
	in := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	err := in.Decode(&document)
	if len(document.Content) > 0 {
		r.document(document.Content[0])
	}
	if err == nil {
		if err = in.Decode(&second); err == nil {
			r.wrong(&second, "a second document begins here, and only the first is read; put all into one")
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.mistakes = append(r.mistakes, r.broken(err))
	}
	if len(r.mistakes) > 0 {
		return nil, errors.Join(r.mistakes...)
	}
	return &r.settings, nil
}

// broken puts what the YAML reader says into the form of the other mistakes.
func (r *reader) broken(err error) error {
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	if line, rest, ok := strings.Cut(strings.TrimPrefix(what, "line "), ": "); ok && strings.HasPrefix(what, "line ") {
		return fmt.Errorf("%s:%s: %s", r.path, line, rest)
	}
	return fmt.Errorf("%s: %s", r.path, what)
}

// Prefix reads an address or a network. An IPv4 network written in IPv6 is the
// IPv4 network: traffic has its addresses in that form.
func Prefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, e := netip.ParseAddr(s)
		if e != nil || a.Zone() != "" {
			return netip.Prefix{}, errNoPrefix
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, errNoPrefix
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

var errNoPrefix = errors.New("neither an address nor a network; give 10.0.0.7, 10.0.0.0/24 or 2001:db8::/32")

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
// one is unknown, and where a key stood before if it is there twice.
func (r *reader) fields(n *yaml.Node, where string, known string, read func(key, value *yaml.Node) bool) {
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
		if !read(key, value) {
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
	switch {
	case n.Kind != yaml.ScalarNode:
		r.wrong(n, "%s is one value, not a %s", what, kindOf(n))
		return ""
	case n.Value == "" || n.Tag == "!!null":
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
