package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes the whole model: names in snake_case, "schema" first.
func JSON(w io.Writer, m *Model) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(m)
}

// Read reads back what JSON wrote.
func Read(r io.Reader) (*Model, error) {
	m := new(Model)
	if err := json.NewDecoder(r).Decode(m); err != nil {
		return nil, fmt.Errorf("no report: %w", err)
	}
	if m.Schema != Schema {
		return nil, fmt.Errorf("no report of schema %d but of %d", Schema, m.Schema)
	}
	return m, nil
}
