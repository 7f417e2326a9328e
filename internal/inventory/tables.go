package inventory

import (
	"fmt"
	"slices"
	"strings"
)

// table is one of schema.sql, but for runs: all have run and day first.
type table struct {
	name   string
	key    []string // behind run and day
	values []string // nil: a row is only there or not
}

// Tables, in the order they are written.
const (
	tableDays = iota
	tableUses
	tableUseCounts
	tableAccounts
	tablePeers
	tableFingerprints
	tableQueries
	tableQueryClients
	tableHours
	tableFindings
	tableCounters
	numTables
)

var tables = [numTables]table{
	tableDays: {"days", nil, []string{"first_packet", "last_packet"}},
	tableUses: {"uses", useKey, []string{"first_seen", "last_seen", "last_finding",
		"connections_none", "connections_sasl_signed", "connections_sasl_sealed", "connections_tls",
		"operations_none", "operations_sasl_signed", "operations_sasl_sealed", "operations_tls", "operations_unsigned",
		"writes", "passwords", "binds_refused", "stronger_auth_required", "confidentiality_required", "channel_binding_missing"}},
	tableUseCounts:    {"use_counts", append(slices.Clip(useKey), "kind", "name"), []string{"count"}},
	tableAccounts:     {"accounts", []string{"account"}, []string{"count", "accepted", "first_seen", "last_seen"}},
	tablePeers:        {"account_peers", []string{"account", "role", "address"}, nil},
	tableFingerprints: {"account_fingerprints", []string{"account", "fingerprint"}, []string{"count"}},
	tableQueries:      {"queries", []string{"query"}, []string{"scope", "filter", "base", "count", "first_seen", "last_seen"}},
	tableQueryClients: {"query_clients", []string{"query", "client"}, nil},
	tableHours: {"hours", []string{"hour"}, []string{"passwords",
		"connections_none", "connections_sasl_signed", "connections_sasl_sealed", "connections_tls",
		"operations_none", "operations_sasl_signed", "operations_sasl_sealed", "operations_tls"}},
	tableFindings: {"findings", []string{"rule", "severity"}, []string{"count"}},
	tableCounters: {"counters", []string{"name"}, []string{"value"}},
}

var useKey = []string{"client", "server", "port", "identity"}

// columns gives all of them, run and day first.
func (t *table) columns() []string {
	return append(append([]string{"run", "day"}, t.key...), t.values...)
}

// maxBatch bounds the rows of a statement: with each a round trip to a database
// far away, one at a time would take minutes.
const maxBatch = 200

// upsert gives the statement that writes so many rows, in place of those that
// are there under the same keys. numbered: $1, $2 … stand for the values. SQLite
// would search their names for each of thousands, and takes a ? instead.
func (t *table) upsert(rows int, numbered bool) string {
	columns := t.columns()
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", t.name, strings.Join(columns, ", "))
	for i := range rows * len(columns) {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%len(columns) == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		if numbered {
			fmt.Fprintf(&b, "$%d", i+1)
		} else {
			b.WriteString("?")
		}
	}
	fmt.Fprintf(&b, ") ON CONFLICT (%s) DO ", strings.Join(columns[:2+len(t.key)], ", "))
	for i, v := range t.values {
		if i == 0 {
			b.WriteString("UPDATE SET ")
		} else {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s = excluded.%s", v, v)
	}
	if t.values == nil {
		b.WriteString("NOTHING")
	}
	return b.String()
}
