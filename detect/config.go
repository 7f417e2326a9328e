package detect

import (
	"net/netip"
	"time"
)

// Config is what an Engine may be told. The zero value works.
type Config struct {
	Ports    []uint16 // plaintext and StartTLS ports; nil: 389, 3268
	TLSPorts []uint16 // LDAPS ports; nil: 636, 3269
	AnyPort  bool     // look for LDAP on every TCP port by content

	Nets       []netip.Prefix // only connections with an end in one of them; nil: all
	IgnoreNets []netip.Prefix // no connection with an end in one of them

	// RepeatInterval is for how long a finding (rule, client, server, identity)
	// is counted instead of told again. 0: every event is told; negative: told
	// once, and counted until Finish.
	RepeatInterval time.Duration

	SecretAttributes []string // more attributes whose values are secrets, by name or OID

	Allow      []Allowance        // findings that are counted and not told
	Severities [NumRules]Severity // instead of the rules' own; 0: the rule's own

	// FingerprintKey is the key of the HMAC that makes fingerprints of passwords,
	// by which one password in many places is seen. nil: none are made.
	FingerprintKey []byte

	// PseudonymKey is the key of the HMAC that names are told as. nil: as they are.
	PseudonymKey []byte

	Records  bool // make a Record of each message (see TakeRecords)
	Evidence bool // alerts carry the messages they are told from, without the secrets

	MaxFlows  int // connections followed at a time; 0: 1 Mi. More cost the longest silent one.
	MaxMemory int // octets held by all connections together; 0: 256 MiB. More cost the connection that asks for them.
}

// Limits that are the same for everybody.
const (
	maxPDU         = 1 << 20  // octets of one message that are held to be read; what is behind them is skipped
	cutPDU         = 64 << 10 // octets looked at of a message larger than that
	maxPending     = 1024     // requests of one connection that wait for a response
	maxEvents      = 1 << 14  // findings that wait for a response
	maxRecords     = 1 << 14  // records that wait for more
	maxRemembered  = 1 << 12  // findings of one shard remembered, to tell repeats
	maxInventory   = 1 << 16  // clients, servers and accounts remembered, each
	maxInterned    = 1 << 14  // names kept, so that a name that comes back costs nothing
	maxString      = 1024     // octets of a name, diagnostic or the like that leave the engine
	maxAttributes  = 64       // attributes of one request that leave the engine
	maxHunt        = 4 << 20  // octets searched for a message before a connection is given up
	maxHuntAnyPort = 64 << 10 // the same on a port that is not LDAP's
	waitResponse   = 5 * time.Second
	waitHole       = 2 * time.Second        // for an octet that never came, where nothing tells whether the receiver has it
	waitAckedHole  = 100 * time.Millisecond // for one that the receiver has: a mirror may swap directions
	waitUnackedAll = 15 * time.Second       // after which octets that nobody acknowledged are forgotten
	idleTCP        = 8 * time.Hour
	exposedFor     = 24 * time.Hour // how long the exposed_* gauges remember
)

// watches says whether a connection between a and b is to be followed.
func (c *Config) watches(a, b netip.Addr) bool {
	for _, n := range c.IgnoreNets {
		if n.Contains(a) || n.Contains(b) {
			return false
		}
	}
	for _, n := range c.Nets {
		if n.Contains(a) || n.Contains(b) {
			return true
		}
	}
	return len(c.Nets) == 0
}
