package alertlog

import (
	"bytes"
	"encoding/json"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/golden"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden*")

// compare holds got against a file of testdata.
func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	golden.Compare(t, filepath.Join("testdata", name), got, *update)
}

// written gives what a writer makes of alerts.
func written(t *testing.T, write func(*detect.Alert) error, out *bytes.Buffer, alerts []*detect.Alert) []byte {
	t.Helper()
	for _, a := range alerts {
		if err := write(a); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func jsonLines(t *testing.T, o Observer, alerts ...*detect.Alert) []byte {
	t.Helper()
	var out bytes.Buffer
	return written(t, NewJSON(&out, o).Write, &out, alerts)
}

func TestJSON(t *testing.T) {
	compare(t, "alerts.golden.jsonl", jsonLines(t, Observer{}, everyAlert()...))
}

func TestJSONObserver(t *testing.T) {
	a := ofRule(detect.CleartextBind)
	for o, want := range map[Observer]string{
		{}:                  ``,
		{Hostname: "tap-1"}: `"observer":{"hostname":"tap-1"},`,
		{Hostname: "tap-1", Live: true, Version: "1.0.0"}: `"observer":{"hostname":"tap-1","ingress":{"interface":{"name":"` + a.Origin + `"}},"version":"1.0.0"},`,
	} {
		line := string(jsonLines(t, o, a))
		if want == "" && strings.Contains(line, "observer") || !strings.Contains(line, want+`"clearbind":{`) {
			t.Errorf("%+v: want %s in %s", o, want, line)
		}
	}
}

// One line, and on it nothing that a terminal, a browser or a line-based reader
// could take for more than text.
func checkLine(t *testing.T, line []byte) {
	t.Helper()
	body, ok := bytes.CutSuffix(line, []byte("\n"))
	if !ok {
		t.Fatalf("no line feed ends %q", line)
	}
	if !json.Valid(body) {
		t.Fatalf("no JSON: %q", body)
	}
	if !utf8.Valid(body) {
		t.Fatalf("no UTF-8: %q", body)
	}
	for _, r := range string(body) {
		if !unicode.IsPrint(r) || strings.ContainsRune("<>&", r) {
			t.Fatalf("%U stands raw in %q", r, body)
		}
	}
	if err := keysOnce(json.NewDecoder(bytes.NewReader(body))); err != "" {
		t.Fatalf("%s in %q", err, body)
	}
}

// keysOnce reads one value and says which key an object in it has twice: readers
// differ in which of the two they take.
func keysOnce(d *json.Decoder) string {
	tok, err := d.Token()
	if err != nil {
		return err.Error()
	}
	open, ok := tok.(json.Delim)
	if !ok {
		return ""
	}
	seen := make(map[string]bool)
	for d.More() {
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return err.Error()
			}
			name, _ := key.(string)
			if seen[name] {
				return "the key " + name + " is there twice"
			}
			seen[name] = true
		}
		if bad := keysOnce(d); bad != "" {
			return bad
		}
	}
	if _, err := d.Token(); err != nil {
		return err.Error()
	}
	return ""
}

func TestJSONLinesAreHarmless(t *testing.T) {
	for _, a := range everyAlert() {
		checkLine(t, jsonLines(t, Observer{Hostname: hostile, Live: true, Version: hostile}, a))
	}
}

// A pcapng file may claim any time. A time that no reader of RFC 3339 takes
// would lose the whole alert at the far end.
func TestJSONTimesStayReadable(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(-1<<40, 0), time.Unix(1<<44, 0), time.Unix(1<<60, 5), time.Unix(0, 1)} {
		a := ofRule(detect.CleartextBind)
		a.Time, a.Start, a.End = at, at, at
		line := jsonLines(t, Observer{}, a)
		var alert struct {
			Timestamp time.Time `json:"@timestamp"`
		}
		if err := json.Unmarshal(line, &alert); err != nil {
			t.Errorf("%d: %v", at.Unix(), err)
		}
	}
}

// Strings survive: what a reader decodes is what was given, but for octets that
// are no UTF-8.
func TestJSONStringsSurvive(t *testing.T) {
	a := ofRule(detect.CleartextBind)
	a.User = hostile
	var alert struct {
		User struct{ Name string }
	}
	if err := json.Unmarshal(jsonLines(t, Observer{}, a), &alert); err != nil {
		t.Fatal(err)
	}
	const want = "a\x00\x07\x1b[2J\r\n\"\\<script>&amp;\u2028\u2029\u202e\u2066\u200b\ufeff\x7f\u0085" +
		"\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\U000e0001é漢😀"
	if alert.User.Name != want {
		t.Errorf("got  %q\nwant %q", alert.User.Name, want)
	}
}

func TestText(t *testing.T) {
	var plain, coloured bytes.Buffer
	p := written(t, NewText(&plain, false).Write, &plain, everyAlert())
	c := written(t, NewText(&coloured, true).Write, &coloured, everyAlert())
	compare(t, "alerts.golden.txt", p)
	compare(t, "alerts.colour.golden.txt", c)

	stripped := string(c)
	for _, code := range append(severityColors[1:], dim, "\x1b[0m") {
		stripped = strings.ReplaceAll(stripped, code, "")
	}
	if stripped != string(p) {
		t.Error("the two forms differ in more than colour")
	}
}

// The sentence begins in the same column on every line, what belongs to it
// stands below it, and the wire adds neither a line nor an escape.
func TestTextIsAlignedAndHarmless(t *testing.T) {
	var out bytes.Buffer
	text := NewText(&out, false)
	for _, a := range everyAlert() {
		out.Reset()
		if err := text.Write(a); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if strings.HasPrefix(lines[0], "-- ") {
			lines = lines[1:]
		}
		if n := len(lines); n != 2 && n != 3 {
			t.Fatalf("%d lines for one finding: %q", n, lines)
		}
		column := len(indent)
		if lines[0][column-1] != ' ' || lines[0][column] == ' ' {
			t.Errorf("the sentence does not begin in column %d: %q", column, lines[0])
		}
		for _, below := range lines[1:] {
			if !strings.HasPrefix(below, indent) || strings.HasPrefix(below, indent+" ") {
				t.Errorf("not below the sentence: %q", below)
			}
		}
		for _, r := range out.String() {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%U stands raw in %q", r, out.String())
			}
		}
	}
}

// What to do about a rule is said with its first finding and not again.
func TestTextAdvisesOnce(t *testing.T) {
	var out bytes.Buffer
	a := ofRule(detect.CleartextBind)
	text := string(written(t, NewText(&out, false).Write, &out, []*detect.Alert{a, a, a}))
	if n := strings.Count(text, a.Rule.Rule().Remediation); n != 1 {
		t.Errorf("advised %d times:\n%s", n, text)
	}
}
