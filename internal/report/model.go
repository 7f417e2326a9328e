package report

import (
	"net/netip"
	"time"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/event2889"
	"github.com/clearbind/clearbind/internal/metrics"
)

// Input is what a report is made of. The zero Input gives the report of a
// capture with nothing in it.
type Input struct {
	Snapshot  metrics.Snapshot
	Inventory *detect.Inventory // borrowed until the call returns; nil: empty
	Sources   []string          // capture files or interfaces, as the user named them
	From, To  time.Time         // first and last packet; zero: none
	Version   string            // of clearbind
	Blind     []string          // what the capture could not show, a sentence each
	Live      bool              // more is to come: the page loads itself again
	Events    *event2889.List   // to compare with; nil: none
}

// Link leads from the page to somewhere else on the same server.
type Link struct{ Address, Text string }

// Schema is the version of Model's names. It changes when one changes its
// meaning or goes; new ones may come at any time.
const Schema = 1

// Model is the whole report as values, and what FILE.json holds. Its strings
// may be shown anywhere: what a terminal or a browser could take for more than
// text is written as \xx.
type Model struct {
	Schema   int       `json:"schema"`
	Program  string    `json:"program"`
	Version  string    `json:"version,omitempty"`
	Live     bool      `json:"live"`
	Sources  []string  `json:"sources"`
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Totals   Totals    `json:"totals"`
	Policies []Policy  `json:"policies"` // in detect's order
	Reasons  []Reason  `json:"reasons"`
	Findings []Finding `json:"findings"` // the gravest first
	Uses     []Use     `json:"uses"`     // those that break first
	Accounts []Account `json:"accounts"` // those with an accepted password first, then the most exposed
	Clients  []Host    `json:"clients"`  // those that break first
	Servers  []Host    `json:"servers"`
	Edges    []Edge    `json:"edges"`   // the heaviest first
	Hours    []Hour    `json:"hours"`   // by time; hours with nothing in them are left out
	Queries  []Query   `json:"queries"` // the most frequent first
	Blind    []string  `json:"blind"`   // in the order given

	Event2889 *event2889.Comparison `json:"event_2889,omitempty"` // nil: no list was given
}

// ByProtection counts something by what kept it from being read.
type ByProtection struct {
	None       uint64 `json:"none"`
	SASLSigned uint64 `json:"sasl_signed"`
	SASLSealed uint64 `json:"sasl_sealed"`
	TLS        uint64 `json:"tls"`
}

// ByVerdict counts something by what would become of it.
type ByVerdict struct {
	Refused        uint64 `json:"refused"`
	RefusedAlready uint64 `json:"refused_already"`
	Unknown        uint64 `json:"unknown"`
	Ready          uint64 `json:"ready"`
}

// BySeverity counts findings.
type BySeverity struct {
	Critical uint64 `json:"critical"`
	High     uint64 `json:"high"`
	Medium   uint64 `json:"medium"`
	Low      uint64 `json:"low"`
	Info     uint64 `json:"info"`
}

// Totals are the headline figures.
type Totals struct {
	Packets          uint64       `json:"packets"`
	Bytes            uint64       `json:"bytes"`
	Dropped          uint64       `json:"dropped_packets"`
	Connections      ByProtection `json:"connections"` // ended, by the weakest protection of what they carried
	OpenConnections  uint64       `json:"connections_open"`
	OtherConnections uint64       `json:"connections_without_ldap"`
	OneSided         uint64       `json:"connections_one_sided"`
	Operations       ByProtection `json:"operations"` // that could be read: sealed ones and those inside TLS cannot be counted
	Passwords        uint64       `json:"passwords"`  // requests with a password that could be read
	Accounts         int          `json:"accounts_exposed"`
	Accepted         int          `json:"accounts_accepted"` // of those, with a password that was right at least once
	Clients          int          `json:"clients"`
	ClientsExposed   int          `json:"clients_exposed"` // of any finding
	Servers          int          `json:"servers"`         // addresses; one may serve several ports
	ServersExposed   int          `json:"servers_exposed"`
	Enforced         ByVerdict    `json:"clients_if_enforced"` // if signing and TLS were required today
	Findings         BySeverity   `json:"findings"`
}

// Policy says what would become of the clients if it were in force.
type Policy struct {
	ID      string    `json:"policy"`
	Clients ByVerdict `json:"clients"`
}

// Reason puts the reason of a judgement into words.
type Reason struct {
	ID      string `json:"reason"`
	Seen    string `json:"seen"`
	Change  string `json:"change"`
	Clients int    `json:"clients"` // of which it was seen
}

// Finding is a rule that fired.
type Finding struct {
	Rule     string `json:"rule"`
	Name     string `json:"name"`
	Severity string `json:"severity"` // the gravest it had
	Category string `json:"category"`
	Count    uint64 `json:"count"`
	Change   string `json:"change"`
}

// Judgement is the answer for one use under one policy.
type Judgement struct {
	Policy  string `json:"policy"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"` // one of Model.Reasons; "": nothing speaks against it
}

// Use is what one client did at one server as one identity.
type Use struct {
	Client      netip.Addr              `json:"client"`
	Server      netip.AddrPort          `json:"server"`
	Identity    string                  `json:"identity"` // "": anonymous, or not seen
	Protection  string                  `json:"protection"`
	Readiness   []Judgement             `json:"readiness"`
	Severity    string                  `json:"severity,omitempty"` // of the gravest finding; "": none
	Connections ByProtection            `json:"connections"`
	Binds       map[string]ByProtection `json:"binds"` // by method
	Refused     uint64                  `json:"binds_refused"`
	Mechanisms  map[string]uint64       `json:"mechanisms,omitempty"`
	Operations  ByProtection            `json:"operations"`
	Writes      uint64                  `json:"writes"`
	Unsigned    uint64                  `json:"operations_unsigned"`
	Passwords   uint64                  `json:"passwords"`
	WantsAuth   uint64                  `json:"stronger_auth_required"`
	WantsTLS    uint64                  `json:"confidentiality_required"`
	NoBinding   uint64                  `json:"channel_binding_missing"`
	TLSVersions map[string]uint64       `json:"tls_versions,omitempty"`
	Findings    map[string]uint64       `json:"findings,omitempty"`          // by rule
	Logged      event2889.Where         `json:"event_2889_client,omitempty"` // where the client is known, if a list was given and it is
	First       time.Time               `json:"first_seen,omitzero"`
	Last        time.Time               `json:"last_seen,omitzero"`
}

// Account is an account whose password could be read.
type Account struct {
	Name     string       `json:"name"`
	Count    int          `json:"count"`
	Accepted bool         `json:"accepted"`
	Clients  []netip.Addr `json:"clients"`
	Servers  []netip.Addr `json:"servers"`
	First    time.Time    `json:"first_seen,omitzero"`
	Last     time.Time    `json:"last_seen,omitzero"`
}

// Host is a client, or a server at one port.
type Host struct {
	Address     string       `json:"address"`
	Protection  string       `json:"protection"` // the weakest
	Verdict     string       `json:"verdict"`    // if signing and TLS were required today
	Peers       int          `json:"peers"`
	Identities  int          `json:"identities"` // names seen
	Connections ByProtection `json:"connections"`
	Operations  ByProtection `json:"operations"`
	Passwords   uint64       `json:"passwords"`
	Findings    uint64       `json:"findings"`
	Severity    string       `json:"severity,omitempty"`
	First       time.Time    `json:"first_seen,omitzero"`
	Last        time.Time    `json:"last_seen,omitzero"`
}

// Edge says that a client talks to a server.
type Edge struct {
	Client      netip.Addr     `json:"client"`
	Server      netip.AddrPort `json:"server"`
	Protection  string         `json:"protection"` // the weakest
	Connections ByProtection   `json:"connections"`
	Operations  ByProtection   `json:"operations"`
	Passwords   uint64         `json:"passwords"`
}

// Hour is what happened within an hour of packet time.
type Hour struct {
	Start       time.Time    `json:"hour"`
	Connections ByProtection `json:"connections"`
	Operations  ByProtection `json:"operations"`
	Passwords   uint64       `json:"passwords"`
}

// Query is a search that could be read, with its values left out.
type Query struct {
	Scope   string       `json:"scope"`
	Filter  string       `json:"filter"`
	Base    string       `json:"base"` // of the first
	Count   uint64       `json:"count"`
	Clients []netip.Addr `json:"clients"`
	First   time.Time    `json:"first_seen,omitzero"`
	Last    time.Time    `json:"last_seen,omitzero"`
}
