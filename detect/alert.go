package detect

import (
	"net/netip"
	"time"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
)

// Severity orders alerts; its names are the values of log.level.
type Severity uint8

// Severities, the least first.
const (
	_ Severity = iota // zero: not set
	Info
	Low
	Medium
	High
	Critical
	NumSeverities
)

var severityNames = [NumSeverities]string{"", "info", "low", "medium", "high", "critical"}

// String gives the name used in log.level, labels and flags.
func (s Severity) String() string { return severityNames[s] }

// ParseSeverity is the inverse of String; ok is false for any other word.
func ParseSeverity(name string) (s Severity, ok bool) {
	for s = Info; s < NumSeverities; s++ {
		if severityNames[s] == name {
			return s, true
		}
	}
	return 0, false
}

// ECS gives event.severity: 10, 30, 50, 70 or 99.
func (s Severity) ECS() int { return [NumSeverities]int{0, 10, 30, 50, 70, 99}[s] }

// Outcome is what the server answered, in the words of ECS event.outcome.
type Outcome uint8

// Outcomes of a request.
const (
	Unknown Outcome = iota // no response was seen
	Success
	Failure
	NumOutcomes
)

var outcomeNames = [NumOutcomes]string{"unknown", "success", "failure"}

func (o Outcome) String() string { return outcomeNames[o] }

// Protection is what kept a message from being read or altered on the wire.
type Protection uint8

// Protections, the weakest first.
const (
	None       Protection = iota // readable and open to alteration
	SASLSigned                   // integrity only: readable
	SASLSealed                   // SASL confidentiality
	TLS
	NumProtections
)

var protectionNames = [NumProtections]string{"none", "sasl-signed", "sasl-sealed", "tls"}

func (p Protection) String() string { return protectionNames[p] }

// Method is how a bind identified itself.
type Method uint8

// Methods of a bind.
const (
	Simple          Method = iota // a name and a password (RFC 4513 5.1.3)
	Anonymous                     // neither (5.1.1)
	Unauthenticated               // a name and no password (5.1.2)
	SASL                          // RFC 4513 5.2
	Sicily                        // MS-ADTS 5.1.1.1.3
	NumMethods
)

var methodNames = [NumMethods]string{"simple", "anonymous", "unauthenticated", "sasl", "sicily"}

func (m Method) String() string { return methodNames[m] }

// Alert is a finished statement. It owns all it holds: its strings were
// cloned, cut to maxString octets and escaped, and none of them is a secret. Nor
// is there one in its evidence.
type Alert struct {
	Rule     RuleID
	Severity Severity
	Outcome  Outcome
	Right    bool   // the password that was exposed was the right one, as far as the server told
	Origin   string // the capture file or interface, as the Source names it
	Packet   uint64 // evidence: the frame in Origin that carries the request
	shard    uint8  // of the two hosts
	Order    uint64 // place in everything the sensor read, where it could be read: alerts leave in this order
	Tie      uint64 // place among alerts of the same Order and of several workers: 0, or one of the ties below and an Order

	Time       time.Time // of Packet
	Start, End time.Time // first and last packet of what it tells; equal to Time if it is one packet

	Client, Server       netip.AddrPort // by role, whichever end sent Packet
	Balancer             netip.AddrPort // who opened the connection, where a PROXY header names Client; else invalid
	ClientTLS            bool           // that client spoke TLS to Balancer: what is told was in the clear behind it
	ClientMAC, ServerMAC [6]byte        // zero: the link has none
	Proto                decode.Proto
	VLAN                 uint16 // 0: none

	User       string // bind rules: the name in the bind; others: the identity bound on the connection; "": not seen
	Protection Protection
	Operation  ldap.Op // 0: the finding is not about one operation
	MessageID  int32   // valid iff Operation is set
	Version    int     // LDAP version of the connection's last bind; 0: not seen

	Bind        *Bind   // bind rules
	Fingerprint string  // of the password of a bind, where a key was given; "": none
	Search      *Search // search rules
	Entry       *Entry  // rules about one entry: add, modify, delete, rename, compare
	Result      *Result // nil: no response was seen
	TLSVersion  string  // weak-tls
	ServerName  string  // weak-tls: what the client asked for; "": nothing, or not seen
	Pattern     string  // directory-recon: what the search looks for; "": another rule
	Names       int     // password-guessing and -spraying: binds refused, and names tried, within the window
	Refused     int

	Evidence     *Evidence // what it is told from; nil: none is asked for, or it is a repeat
	EvidenceFile string    // where whoever writes evidence has put it; "": nowhere

	Count int // 1, or how many like it were held back since the one that was told (then Held is true)
	Held  bool
	Until time.Time // last of the Count; valid iff Held
}

// What is told because time went on comes behind all that the last packet told,
// by what it is and then by Order: of the first packet of a connection, or of
// the last repeat.
const (
	tieHole = iota << 62 // a connection gave up waiting for octets
	tieEnded
	tieIdle
	tieHeld // repeats
)

// Bind describes a bind request; never its credentials.
type Bind struct {
	Method    Method
	Mechanism string // "": not SASL; a simple bind is PLAIN's equal, but no mechanism was named
	Name      string // as sent: a DN, or what Active Directory takes for one
}

// Search describes a search request and what came back.
type Search struct {
	Base       string
	Scope      string // base, one, subtree, subordinate
	Filter     string // RFC 4515; assertion values of secret attributes are "***"
	Attributes []string
	Entries    uint64 // result entries seen
	Bytes      uint64 // octets of those entries
}

// Entry describes the target of a write or a compare; never its values.
type Entry struct {
	DN         string
	Attributes []string // descriptions touched, in the order sent; at most maxAttributes
}

// Result is an LDAPResult (RFC 4511 4.1.9).
type Result struct {
	Code       int
	Name       string // "invalidCredentials"; "" for codes without one
	Diagnostic string
	ADReason   string // what Active Directory's "data 52e" means; "": none
	Policy     string // what a password policy control beside it says; "": nothing
	Untried    bool   // a password came with the request, and the server did not come to it
}
