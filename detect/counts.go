package detect

import "github.com/clearbind/clearbind/decode/ldap"

// StartTLSResult is how a StartTLS request ended.
type StartTLSResult uint8

// Ends of a StartTLS request.
const (
	StartTLSUnknown StartTLSResult = iota // no response was seen
	StartTLSSuccess
	StartTLSRefused
	NumStartTLSResults
)

var startTLSNames = [NumStartTLSResults]string{"unknown", "success", "refused"}

func (r StartTLSResult) String() string { return startTLSNames[r] }

// Limit is something that grows with the traffic and is bounded. Reaching one
// costs the oldest or the largest, and is counted.
type Limit uint8

// Everything that is bounded.
const (
	LimitFlows     Limit = iota // connections followed at a time
	LimitHeld                   // octets held by one direction: out of order, or of an unfinished message
	LimitMemory                 // octets held by all connections together
	LimitPDU                    // octets of one message; what is behind is skipped, not held
	LimitPending                // requests of one connection waiting for a response
	LimitEvents                 // findings waiting for a response or for an earlier finding
	LimitQuiet                  // findings remembered, to tell repeats
	LimitDepth                  // nesting of a filter
	LimitInventory              // clients, servers and accounts remembered
	LimitRecords                // records waiting for an answer
	LimitEvidence               // octets of evidence of findings that wait
	NumLimits
)

var limitNames = [NumLimits]string{
	"flows", "held_bytes", "memory", "pdu_size", "pending_requests", "pending_alerts", "remembered_alerts", "nesting_depth", "inventory",
	"pending_records", "evidence",
}

func (l Limit) String() string { return limitNames[l] }

// Reject is why octets on an LDAP connection are no message.
type Reject uint8

// Reasons to reject octets.
const (
	RejectEnvelope  Reject = iota // no LDAPMessage where one must start
	RejectBody                    // an operation that does not parse
	RejectDirection               // a request from the server or a response from the client
	RejectLayer                   // no SASL buffer where one must start
	NumRejects
)

var rejectNames = [NumRejects]string{"envelope", "body", "direction", "layer"}

func (r Reject) String() string { return rejectNames[r] }

// Counts is everything an Engine counts, totals since New; the gauges are of
// now. It is a plain value: copying it is taking a snapshot.
type Counts struct {
	Messages        [ldap.NumOps]uint64
	Binds           [NumMethods][NumProtections][NumOutcomes]uint64
	Searches        [NumProtections][NumOutcomes]uint64
	SearchEntries   uint64
	StartTLS        [NumStartTLSResults]uint64
	Alerts          [NumRules][NumSeverities]uint64 // every finding that is not allowed, told or held back
	Allowed         [NumRules]uint64                // findings that the allow list keeps quiet
	Rejected        [NumRejects]uint64
	Limits          [NumLimits]uint64
	StreamGaps      uint64
	StreamGapBytes  uint64
	Overlaps        uint64                 // retransmissions whose octets differ from those first seen
	Connections     [NumProtections]uint64 // ended, by the weakest protection of what they carried
	OtherConns      uint64                 // ended, and no LDAP was recognised on them
	OneSided        uint64                 // ended, LDAP, and only one direction was seen
	OpenConnections uint64                 // gauge: followed now
	HeldBytes       uint64                 // gauge: octets of memory taken by what is held now
}

// Add adds what another worker counted.
func (c *Counts) Add(o *Counts) {
	add(c.Messages[:], o.Messages[:])
	for m := range c.Binds {
		for p := range c.Binds[m] {
			add(c.Binds[m][p][:], o.Binds[m][p][:])
		}
	}
	for p := range c.Searches {
		add(c.Searches[p][:], o.Searches[p][:])
	}
	for r := range c.Alerts {
		add(c.Alerts[r][:], o.Alerts[r][:])
	}
	add(c.Allowed[:], o.Allowed[:])
	add(c.StartTLS[:], o.StartTLS[:])
	add(c.Rejected[:], o.Rejected[:])
	add(c.Limits[:], o.Limits[:])
	add(c.Connections[:], o.Connections[:])
	c.SearchEntries += o.SearchEntries
	c.StreamGaps += o.StreamGaps
	c.StreamGapBytes += o.StreamGapBytes
	c.Overlaps += o.Overlaps
	c.OtherConns += o.OtherConns
	c.OneSided += o.OneSided
	c.OpenConnections += o.OpenConnections
	c.HeldBytes += o.HeldBytes
}

func add(sum, more []uint64) {
	for i := range sum {
		sum[i] += more[i]
	}
}
