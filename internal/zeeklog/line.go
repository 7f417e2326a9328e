package zeeklog

import (
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/detect"
)

// What stands for a value that is not there, and for one without octets.
const (
	unset = "-"
	empty = "(empty)"
)

// column is a name and a type of Zeek's.
type column struct{ name, typ string }

// connection are the columns both logs begin with.
var connection = [...]column{
	{"ts", "time"}, {"uid", "string"}, {"id.orig_h", "addr"}, {"id.orig_p", "port"}, {"id.resp_h", "addr"}, {"id.resp_p", "port"},
	{"message_id", "int"},
}

var messageColumns = slices.Concat(connection[:], []column{{"version", "int"}, {"opcode", "string"}, {"result", "string"},
	{"diagnostic_message", "string"}, {"object", "string"}, {"argument", "string"}})

var searchColumns = slices.Concat(connection[:], []column{{"scope", "string"}, {"deref_aliases", "string"}, {"base_object", "string"},
	{"result_count", "count"}, {"result", "string"}, {"diagnostic_message", "string"}, {"filter", "string"}, {"attributes", "vector[string]"}})

// header appends the lines a log starts with.
func header(b []byte, path string, columns []column, opened time.Time) []byte {
	b = append(b, "#separator \\x09\n#set_separator\t,\n#empty_field\t"+empty+"\n#unset_field\t"+unset+"\n#path\t"+path+"\n#open\t"...)
	b = append(stamp(b, opened), "\n#fields"...)
	for _, c := range columns {
		b = append(append(b, '\t'), c.name...)
	}
	b = append(b, "\n#types"...)
	for _, c := range columns {
		b = append(append(b, '\t'), c.typ...)
	}
	return append(b, '\n')
}

// footer appends the line a log ends with.
func footer(b []byte, closed time.Time) []byte {
	return append(stamp(append(b, "#close\t"...), closed), '\n')
}

func stamp(b []byte, t time.Time) []byte { return t.UTC().AppendFormat(b, "2006-01-02-15-04-05") }

// line appends a record's line.
func line(b []byte, r *detect.Record) []byte {
	b = fmt.Appendf(b, "%d.%06d\t%s\t%s\t%d\t%s\t%d\t%d", r.Time.Unix(), r.Time.Nanosecond()/1000, uid(r),
		r.Client.Addr(), r.Client.Port(), r.Server.Addr(), r.Server.Port(), r.MessageID)
	if r.Search() {
		b = search(b, r)
	} else {
		b = message(b, r)
	}
	return append(b, '\n')
}

func message(b []byte, r *detect.Record) []byte {
	version := ""
	if r.Version > 0 {
		version = strconv.Itoa(r.Version)
	}
	b = field(b, version)
	b = field(b, opcode(r))
	b = answer(b, r)
	object := r.Object
	switch r.Op {
	case ldap.ExtendedRequest, ldap.ExtendedResponse, ldap.IntermediateResponse:
		if object != "" {
			object += " (" + extendedWord(object) + ")"
		}
	default:
	}
	b = field(b, object)
	return field(b, argument(r))
}

// argument says how a bind authenticates: with a password that nobody is told,
// or by a mechanism.
func argument(r *detect.Record) string {
	if r.Secret {
		return "REDACTED"
	}
	return r.Mechanism
}

func search(b []byte, r *detect.Record) []byte {
	scope, deref, filter := "", "", ""
	if r.Asked {
		scope, deref, filter = word(scopes[:], int(r.Scope)), word(derefs[:], r.Deref), r.Filter
		if filter == "" {
			filter = "FILTER_PARSING_ERROR"
		}
	}
	b = field(b, scope)
	b = field(b, deref)
	b = field(b, r.Base)
	b = strconv.AppendUint(append(b, '\t'), r.Entries, 10)
	b = answer(b, r)
	b = field(b, filter)
	return field(b, "") // attributes: Zeek logs them where it is told to
}

func answer(b []byte, r *detect.Record) []byte {
	result := ""
	if r.Answered {
		result = resultWord(r.Code)
	}
	b = field(b, result)
	return field(b, r.Diagnostic)
}

// field appends a value behind a separator; "" is one that is not there, as
// Zeek sets no field of these logs to an empty string.
func field(b []byte, s string) []byte {
	b = append(b, '\t')
	switch s {
	case "":
		return append(b, unset...)
	case unset, empty: // or it would be read as none
		b = hex(b, s[:1])
		s = s[1:]
	}
	return escape(b, s)
}

// escape appends text: a backslash is doubled, and what is no printable UTF-8 is
// written as \xhh. Zeek lets printable characters alone.
func escape(b []byte, s string) []byte {
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '\\':
			b = append(b, `\\`...)
		case r == utf8.RuneError && n == 1, !unicode.IsPrint(r):
			b = hex(b, s[:n])
		default:
			b = append(b, s[:n]...)
		}
		s = s[n:]
	}
	return b
}

func hex(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	for _, c := range []byte(s) {
		b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
	}
	return b
}
