package ldap

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
)

// readers are all that read a body, each giving the fields it found, in order.
var readers = map[string]func(body []byte) (fields []any, ok bool){
	"bind": func(b []byte) ([]any, bool) {
		r, ok := ParseBindRequest(b)
		return fieldsOf(r), ok
	},
	"result": func(b []byte) ([]any, bool) {
		r, ok := ParseResult(BindResponse, b)
		return fieldsOf(r), ok
	},
	"extended result": func(b []byte) ([]any, bool) {
		r, ok := ParseResult(ExtendedResponse, b)
		return fieldsOf(r), ok
	},
	"search": func(b []byte) ([]any, bool) {
		r, ok := ParseSearchRequest(b)
		fields := fieldsOf(r)
		for a := range r.Attributes() {
			fields = append(fields, string(a))
		}
		return fields, ok
	},
	"entry": func(b []byte) ([]any, bool) {
		r, ok := ParseEntry(b)
		fields := fieldsOf(r)
		for a := range r.Attributes() {
			fields = append(fields, string(a))
		}
		return fields, ok
	},
	"modify": func(b []byte) ([]any, bool) {
		r, ok := ParseModifyRequest(b)
		fields := fieldsOf(r)
		for c := range r.Changes() {
			fields = append(fields, fmt.Sprint(c.Operation), string(c.Attribute))
		}
		return fields, ok
	},
	"rename": func(b []byte) ([]any, bool) {
		r, ok := ParseModifyDNRequest(b)
		return fieldsOf(r), ok
	},
	"compare": func(b []byte) ([]any, bool) {
		r, ok := ParseCompareRequest(b)
		return fieldsOf(r), ok
	},
	"extended": func(b []byte) ([]any, bool) {
		r, ok := ParseExtendedRequest(b)
		return fieldsOf(r), ok
	},
	"password modify": func(b []byte) ([]any, bool) {
		r, ok := ParsePasswordModify(b)
		return fieldsOf(r), ok
	},
}

// fieldsOf gives the exported fields of a struct.
func fieldsOf(x any) (fields []any) {
	v := reflect.ValueOf(x)
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			fields = append(fields, v.Field(i).Interface())
		}
	}
	return fields
}

// agrees says whether a field read from a cut body is what the whole one says,
// the front of its text, or nothing.
func agrees(cut, whole any) bool {
	if text, ok := cut.([]byte); ok {
		return bytes.HasPrefix(whole.([]byte), text)
	}
	return cut == whole || reflect.ValueOf(cut).IsZero()
}

// TestCutAtEveryOctet wants a body that is cut short to say less than the whole
// one, and nothing else; and no reader to lose what a shorter body gave it.
func TestCutAtEveryOctet(t *testing.T) {
	bodies := map[string][]byte{"a password modify's value": list(in(0, "cn=a"), in(1, password), in(2, password))}
	for name, m := range samples {
		h, _ := Scan(m)
		bodies[name] = m[h.Body : h.Body+h.BodyLen]
	}
	for name, b := range bodies {
		for reader, read := range readers {
			whole, _ := read(b)
			wasOK := false
			for n := range len(b) + 1 {
				cut, ok := read(b[:n:n])
				if !ok && wasOK {
					t.Fatalf("%s, read as %s: lost at octet %d", name, reader, n)
				}
				wasOK = ok
				for i := range cut {
					if i >= len(whole) || !agrees(cut[i], whole[i]) {
						t.Fatalf("%s, read as %s up to octet %d: field %d is %v", name, reader, n, i, cut[i])
					}
				}
			}
		}
	}
}

func TestNamesThatAreComparedAreWholeOrNotThere(t *testing.T) {
	search := body(str("dc=x"), enum(2), enum(0), integer(0), integer(0), []byte{1, 1, 0}, in(7, "cn"), list(str("cn"), str("userPassword")))
	req, _ := ParseSearchRequest(search[:len(search)-1])
	for a := range req.Attributes() {
		if string(a) != "cn" {
			t.Errorf("a search asks for %s", a)
		}
	}
	if _, ok := ParseSearchRequest([]byte{0x04, 0, 0x0a, 1}); ok {
		t.Error("a search without a scope was taken for one of the root")
	}
	bind := body(integer(3), str(""), elem(0xa3, str("GSS-SPNEGO")))
	if req, _ := ParseBindRequest(bind[:len(bind)-7]); req.Choice != SASL || req.Mechanism != nil {
		t.Errorf("a bind by %s", req.Mechanism)
	}
	ext := body(in(0, OIDStartTLS))
	if req, ok := ParseExtendedRequest(ext[:len(ext)-1]); ok || req.OID != nil {
		t.Errorf("an extended request for %s", req.OID)
	}
	controls := elem(0xa0, list(str("1.2.840.113556.1.4.319")))
	for oid := range Controls(controls[:len(controls)-1]) {
		t.Errorf("a control %s", oid)
	}
}
