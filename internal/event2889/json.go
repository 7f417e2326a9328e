package event2889

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// readJSON reads objects, one after another or in a list: what ConvertTo-Json
// and Winlogbeat write.
func (l *List) readJSON(path string, first byte, b *bounded) error {
	d := json.NewDecoder(b)
	d.UseNumber()
	b.next()
	if first == '[' {
		if _, err := d.Token(); err != nil {
			return b.jsonError(path, err)
		}
	}
	for first == '{' || d.More() {
		var object map[string]any
		err := d.Decode(&object)
		if errors.Is(err, io.EOF) && first == '{' {
			return nil
		}
		if err != nil {
			return b.jsonError(path, err)
		}
		rec := record{}
		rec.setAll(object, 0)
		l.add(&rec, fmt.Sprintf("%s:%d", path, b.started))
		b.next()
	}
	if _, err := d.Token(); err != nil { // the list's end
		return b.jsonError(path, err)
	}
	return nil
}

func (b *bounded) jsonError(path string, err error) error {
	switch {
	case errors.Is(err, errTooLong):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s:%d: the JSON ends too early; export the list again", path, b.at)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s:%d: a %s stands where an event should; %s", path, b.at, kind.Value, what)
	}
	return fmt.Errorf("%s:%d: broken JSON: %w; export the list again", path, b.at, err)
}

// setAll notes the fields of an object, and of Winlogbeat's objects within.
func (r *record) setAll(object map[string]any, depth int) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		f := fieldOf(name)
		switch v := object[name].(type) {
		case string:
			r.setValue(f, v, depth)
		case json.Number:
			r.setValue(f, v.String(), depth)
		case []any:
			if f == fieldData && len(r.data) == 0 {
				r.data = texts(v)
			}
		case map[string]any:
			r.setObject(f, name, v, depth)
		}
	}
}

// setValue notes a value. What Winlogbeat has within other objects is told by
// few names only.
func (r *record) setValue(f field, value string, depth int) {
	if depth == 0 || f == fieldID || f == fieldComputer {
		r.set(f, value)
	}
}

func (r *record) setObject(f field, name string, v map[string]any, depth int) {
	switch {
	case f == fieldTime: // {"value": "\/Date(…)\/", "DateTime": "…"}
		for _, key := range []string{"value", "DateTime"} {
			if s, ok := v[key].(string); ok {
				r.set(f, s)
			}
		}
	case name == "event_data":
		r.data = texts([]any{v["param1"], v["param2"], v["param3"]})
	case name == "winlog" && depth == 0:
		r.setAll(v, depth+1)
	}
}

// texts gives the values of insertion strings: as they are, or of objects with a
// Value.
func texts(list []any) (all []string) {
	for _, v := range list {
		if o, ok := v.(map[string]any); ok {
			v = o["Value"]
		}
		switch v := v.(type) {
		case string:
			all = append(all, v)
		case json.Number:
			all = append(all, v.String())
		default:
			all = append(all, "")
		}
	}
	return all
}
