package alertlog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/clearbind/clearbind/detect"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaPath = "../../docs/alert.schema.json"

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	s, err := c.Compile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid says what a line has that the schema does not know, or lacks.
func valid(s *jsonschema.Schema, line []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

func TestSchemaHoldsEveryAlert(t *testing.T) {
	s := compileSchema(t)
	for _, a := range everyAlert() {
		line := jsonLines(t, Observer{Hostname: "tap-1", Live: true, Version: "1.0.0"}, a)
		if err := valid(s, line); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
	}
}

func TestSchemaHoldsTheShippedGoldens(t *testing.T) {
	s := compileSchema(t)
	files, err := filepath.Glob("../../pcaps/*.golden.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		scan := bufio.NewScanner(f)
		scan.Buffer(nil, 1<<20)
		for n := 1; scan.Scan(); n++ {
			lines++
			if err := valid(s, scan.Bytes()); err != nil {
				t.Errorf("%s:%d: %v", path, n, err)
			}
		}
		if err := scan.Err(); err != nil {
			t.Error(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(files) < 90 || lines < 150 {
		t.Errorf("only %d lines in %d files were there to be checked", lines, len(files))
	}
}

// The schema is no rubber stamp: each of these lines is one thing away from a
// good one.
func TestSchemaRefuses(t *testing.T) {
	s := compileSchema(t)
	good := jsonLines(t, Observer{}, ofRule(detect.CleartextBind))
	for name, change := range map[string][2]string{
		"an unknown field":          {`"log":{`, `"password":"","log":{`},
		"a secret beside the bind":  {`"method":"simple"`, `"method":"simple","password":""`},
		"an unknown rule":           {`"cleartext-bind"`, `"cleartext-bond"`},
		"a level of another number": {`"severity":99`, `"severity":70`},
		"no message":                {`"message":"10.0.0.7`, `"text":"10.0.0.7`},
		"an address that is none":   {`"ip":"10.0.0.7"`, `"ip":"10.0.0.777"`},
		"a time without its zone":   {`123456Z","ecs"`, `123456","ecs"`},
		"a result nobody saw":       {`"outcome":"success"`, `"outcome":"unknown"`},
		"an empty name":             {`"user":{"name":"` + app, `"user":{"name":"`},
	} {
		bad := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(bad, good) {
			t.Fatalf("%s: %s is not in %s", name, change[0], good)
		}
		if valid(s, bad) == nil {
			t.Errorf("%s passes: %s", name, bad)
		}
	}
	if err := valid(s, good); err != nil {
		t.Error(err)
	}
}

// What the schema lists is what the program has.
func TestSchemaListsTheRules(t *testing.T) {
	raw, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs struct {
			Rule struct {
				Properties struct{ ID struct{ Enum []string } }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	var want []string
	for r := range detect.NumRules {
		want = append(want, r.String())
	}
	if got := schema.Defs.Rule.Properties.ID.Enum; !slices.Equal(got, want) {
		t.Errorf("docs/alert.schema.json lists %q, the rules are %q", got, want)
	}
}
