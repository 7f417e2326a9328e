package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clearbind/clearbind/detect"
)

// column is a column of the table of uses.
type column struct {
	name  string
	value func(m *Model, u *Use) string
}

// columns are those of FILE.csv; docs/report.md describes each.
var columns = []column{
	{"client", func(_ *Model, u *Use) string { return u.Client.String() }},
	{"server", func(_ *Model, u *Use) string { return u.Server.String() }},
	{"identity", func(_ *Model, u *Use) string { return u.Identity }},
	{"protection", func(_ *Model, u *Use) string { return u.Protection }},
	{"signing_verdict", func(_ *Model, u *Use) string { return u.Readiness[detect.RequireSigning].Verdict }},
	{"signing_reason", func(_ *Model, u *Use) string { return u.Readiness[detect.RequireSigning].Reason }},
	{"tls_verdict", func(_ *Model, u *Use) string { return u.Readiness[detect.RequireTLS].Verdict }},
	{"tls_reason", func(_ *Model, u *Use) string { return u.Readiness[detect.RequireTLS].Reason }},
	{"channel_binding_verdict", func(_ *Model, u *Use) string { return u.Readiness[detect.RequireBinding].Verdict }},
	{"channel_binding_reason", func(_ *Model, u *Use) string { return u.Readiness[detect.RequireBinding].Reason }},
	{"seen", func(m *Model, u *Use) string { return sentence(m.why(u), func(r *Reason) string { return r.Seen }) }},
	{"change", func(m *Model, u *Use) string { return sentence(m.why(u), func(r *Reason) string { return r.Change }) }},
	{"severity", func(_ *Model, u *Use) string { return u.Severity }},
	{"findings", func(_ *Model, u *Use) string { return pairs(u.Findings) }},
	{"passwords", func(_ *Model, u *Use) string { return decimal(u.Passwords) }},
	{"connections_none", func(_ *Model, u *Use) string { return decimal(u.Connections.None) }},
	{"connections_sasl_signed", func(_ *Model, u *Use) string { return decimal(u.Connections.SASLSigned) }},
	{"connections_sasl_sealed", func(_ *Model, u *Use) string { return decimal(u.Connections.SASLSealed) }},
	{"connections_tls", func(_ *Model, u *Use) string { return decimal(u.Connections.TLS) }},
	{"binds_simple", func(_ *Model, u *Use) string { return decimal(u.Binds["simple"].Sum()) }},
	{"binds_anonymous", func(_ *Model, u *Use) string { return decimal(u.Binds["anonymous"].Sum()) }},
	{"binds_unauthenticated", func(_ *Model, u *Use) string { return decimal(u.Binds["unauthenticated"].Sum()) }},
	{"binds_sasl", func(_ *Model, u *Use) string { return decimal(u.Binds["sasl"].Sum()) }},
	{"binds_sicily", func(_ *Model, u *Use) string { return decimal(u.Binds["sicily"].Sum()) }},
	{"binds_refused", func(_ *Model, u *Use) string { return decimal(u.Refused) }},
	{"mechanisms", func(_ *Model, u *Use) string { return pairs(u.Mechanisms) }},
	{"operations_none", func(_ *Model, u *Use) string { return decimal(u.Operations.None) }},
	{"operations_sasl_signed", func(_ *Model, u *Use) string { return decimal(u.Operations.SASLSigned) }},
	{"operations_unsigned", func(_ *Model, u *Use) string { return decimal(u.Unsigned) }},
	{"writes", func(_ *Model, u *Use) string { return decimal(u.Writes) }},
	{"stronger_auth_required", func(_ *Model, u *Use) string { return decimal(u.WantsAuth) }},
	{"confidentiality_required", func(_ *Model, u *Use) string { return decimal(u.WantsTLS) }},
	{"channel_binding_missing", func(_ *Model, u *Use) string { return decimal(u.NoBinding) }},
	{"tls_versions", func(_ *Model, u *Use) string { return pairs(u.TLSVersions) }},
	{"first_seen", func(_ *Model, u *Use) string { return stamp(u.First) }},
	{"last_seen", func(_ *Model, u *Use) string { return stamp(u.Last) }},
	{"event_2889_client", func(_ *Model, u *Use) string { return string(u.Logged) }},
}

// CSV writes a row for each client, server and identity, the most urgent
// first, under a row of names.
func CSV(w io.Writer, m *Model) error {
	out := csv.NewWriter(w)
	row := make([]string, len(columns))
	for i := range columns {
		row[i] = columns[i].name
	}
	_ = out.Write(row) // kept by the writer, which Error gives
	for i := range m.Uses {
		for j := range columns {
			row[j] = noFormula(columns[j].value(m, &m.Uses[i]))
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

// noFormula keeps a spreadsheet from computing a cell: names come from the
// wire, and "=HYPERLINK(…)" is a name that anybody can bind as. Excel takes
// the wide forms for the narrow ones in East Asian settings.
func noFormula(cell string) string {
	switch r, _ := utf8.DecodeRuneInString(cell); r {
	case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
		return "'" + cell
	}
	return cell
}

// why gives the reasons that speak against a use, each once.
func (m *Model) why(u *Use) (list []*Reason) {
	for _, j := range u.Readiness {
		for i := range m.Reasons {
			if r := &m.Reasons[i]; r.ID == j.Reason && !slices.Contains(list, r) {
				list = append(list, r)
			}
		}
	}
	return list
}

func sentence(list []*Reason, word func(*Reason) string) string {
	parts := make([]string, len(list))
	for i, r := range list {
		parts[i] = word(r)
	}
	return strings.Join(parts, "; ")
}

// pairs writes counts as "a:1 b:2".
func pairs(counts map[string]uint64) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s:%d", key, counts[key]))
	}
	return strings.Join(parts, " ")
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
