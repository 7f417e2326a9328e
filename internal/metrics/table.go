package metrics

import (
	"time"

	"slices"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/evidence"
	"github.com/prometheus/client_golang/prometheus"
)

// metric is one row of the table below: everything clearbind exposes of its
// own. docs/metrics.md lists the same; a test compares them.
type metric struct {
	name   string // without the prefix clearbind_
	help   string
	typ    prometheus.ValueType
	labels []string
	values func(s *Snapshot, emit func(v float64, labels ...string))
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// one makes the values of a metric without labels.
func one(f func(s *Snapshot) uint64) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, emit func(float64, ...string)) { emit(float64(f(s))) }
}

// each makes the values of a metric with one closed label.
func each[E ~uint8](from, n E, name func(E) string, f func(s *Snapshot, e E) uint64) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, emit func(float64, ...string)) {
		for e := from; e < n; e++ {
			emit(float64(f(s, e)), name(e))
		}
	}
}

func perSource(f func(src *Source) uint64) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, emit func(float64, ...string)) {
		for i := range s.Sources {
			emit(float64(f(&s.Sources[i])), s.Sources[i].Name)
		}
	}
}

var table = []metric{
	{"packets_total", "Frames read.", counter, []string{"source"}, perSource(func(s *Source) uint64 { return s.Frames })},
	{"bytes_total", "Octets captured of the frames read.", counter, []string{"source"}, perSource(func(s *Source) uint64 { return s.Bytes })},
	{"dropped_packets_total", "Frames lost before they were read: by the kernel for want of room, or while the ring stood still.", counter, []string{"source", "reason"},
		func(s *Snapshot, emit func(float64, ...string)) {
			for _, src := range s.Sources {
				emit(float64(src.Dropped), src.Name, "kernel")
				emit(float64(src.Frozen), src.Name, "ring")
				emit(float64(src.Missed), src.Name, "card")
			}
		}},
	{"undecoded_packets_total", "Frames that gave no TCP segment or UDP datagram.", counter, []string{"reason"},
		each(decode.OK+1, decode.NumReasons, decode.Reason.String, func(s *Snapshot, r decode.Reason) uint64 { return s.Undecoded[r] })},
	{"connections_total", "LDAP connections that ended, by the weakest protection of what they carried.", counter, []string{"protection"},
		each(detect.None, detect.NumProtections, detect.Protection.String, func(s *Snapshot, p detect.Protection) uint64 { return s.Detect.Connections[p] })},
	{"other_connections_total", "Connections on watched ports that ended without any LDAP or TLS.", counter, nil, one(func(s *Snapshot) uint64 { return s.Detect.OtherConns })},
	{"one_sided_connections_total", "LDAP connections of which only one direction was seen: the mirror is half blind.", counter, nil, one(func(s *Snapshot) uint64 { return s.Detect.OneSided })},
	{"connections_open", "TCP connections followed now.", gauge, nil, one(func(s *Snapshot) uint64 { return s.Detect.OpenConnections })},
	{"held_bytes", "Octets of memory taken now by unfinished messages and by what came behind missing segments.", gauge, nil, one(func(s *Snapshot) uint64 { return s.Detect.HeldBytes })},
	{"messages_total", "LDAP messages read, by operation; other: one that RFC 4511 does not know.", counter, []string{"operation"},
		each(0, ldap.NumOps, operation, func(s *Snapshot, o ldap.Op) uint64 { return s.Detect.Messages[o] })},
	{"binds_total", "Binds by method, protection and result.", counter, []string{"method", "protection", "result"},
		func(s *Snapshot, emit func(float64, ...string)) {
			for m := range detect.NumMethods {
				for p := range detect.NumProtections {
					for o := range detect.NumOutcomes {
						emit(float64(s.Detect.Binds[m][p][o]), m.String(), p.String(), o.String())
					}
				}
			}
		}},
	{"searches_total", "Searches by protection and result.", counter, []string{"protection", "result"},
		func(s *Snapshot, emit func(float64, ...string)) {
			for p := range detect.NumProtections {
				for o := range detect.NumOutcomes {
					emit(float64(s.Detect.Searches[p][o]), p.String(), o.String())
				}
			}
		}},
	{"search_entries_total", "Search result entries that could be read.", counter, nil, one(func(s *Snapshot) uint64 { return s.Detect.SearchEntries })},
	{"starttls_total", "StartTLS requests by result.", counter, []string{"result"},
		each(0, detect.NumStartTLSResults, detect.StartTLSResult.String, func(s *Snapshot, r detect.StartTLSResult) uint64 { return s.Detect.StartTLS[r] })},
	{"alerts_total", "Findings by rule and severity, told or counted as repeats.", counter, []string{"rule", "severity"},
		func(s *Snapshot, emit func(float64, ...string)) {
			for r := range detect.NumRules {
				usual := severities(r)
				for sev := detect.Info; sev < detect.NumSeverities; sev++ {
					if n := s.Detect.Alerts[r][sev]; n > 0 || slices.Contains(usual, sev) {
						emit(float64(n), r.String(), sev.String())
					}
				}
			}
		}},
	{"allowed_alerts_total", "Findings that the allow list keeps quiet.", counter, []string{"rule"},
		each(0, detect.NumRules, detect.RuleID.String, func(s *Snapshot, r detect.RuleID) uint64 { return s.Detect.Allowed[r] })},
	{"alerts_lost_total", "Alerts that could not be written.", counter, nil, one(func(s *Snapshot) uint64 { return s.AlertsLost })},
	{"zeek_log_lines_lost_total", "Lines of --zeek-logs that could not be written.", counter, nil, one(func(s *Snapshot) uint64 { return s.LinesLost })},
	{"evidence_files_total", "Captures written for findings (--evidence).", counter, nil, one(func(s *Snapshot) uint64 { return s.Evidence.Files })},
	{"evidence_lost_total", "Findings told without the capture that was asked for, by reason.", counter, []string{"reason"},
		each(0, evidence.NumLosses, evidence.Loss.String, func(s *Snapshot, l evidence.Loss) uint64 { return s.Evidence.Lost[l] })},
	{"inventory_writes_total", "Times that the inventory was written to its database, or could not be.", counter, []string{"result"},
		func(s *Snapshot, emit func(float64, ...string)) {
			emit(float64(s.Inventory.Writes), "success")
			emit(float64(s.Inventory.Failures), "failure")
		}},
	{"inventory_last_write_timestamp_seconds", "When the inventory was written last, in seconds since 1970; 0: not yet, or there is no database.", gauge, nil,
		func(s *Snapshot, emit func(float64, ...string)) { emit(seconds(s.Inventory.LastWrite)) }},
	{"inventory_lost_entries_total", "Entries of the inventory that had no room to wait for a database that was away.", counter, nil, one(func(s *Snapshot) uint64 { return s.Inventory.Lost })},
	{"stream_gaps_total", "Gaps in TCP streams: segments the capture misses.", counter, nil, one(func(s *Snapshot) uint64 { return s.Detect.StreamGaps })},
	{"stream_gap_bytes_total", "Octets missing in those gaps.", counter, nil, one(func(s *Snapshot) uint64 { return s.Detect.StreamGapBytes })},
	{"stream_overlaps_total", "Retransmitted segments whose octets differ from those seen first.", counter, nil, one(func(s *Snapshot) uint64 { return s.Detect.Overlaps })},
	{"messages_rejected_total", "Times that octets on an LDAP connection were no message, by reason.", counter, []string{"reason"},
		each(0, detect.NumRejects, detect.Reject.String, func(s *Snapshot, r detect.Reject) uint64 { return s.Detect.Rejected[r] })},
	{"limit_reached_total", "Times that a limit was reached; each costs the oldest or the largest.", counter, []string{"limit"},
		func(s *Snapshot, emit func(float64, ...string)) {
			for l := range detect.NumLimits {
				emit(float64(s.Detect.Limits[l]), l.String())
			}
			emit(float64(s.Fragments), "fragments")
		}},
	{"exposed_accounts", "Distinct accounts whose password could be read within the last 24 hours.", gauge, nil, one(func(s *Snapshot) uint64 { return uint64(s.Exposed.Accounts) })},
	{"exposed_clients", "Distinct clients of any finding within the last 24 hours.", gauge, nil, one(func(s *Snapshot) uint64 { return uint64(s.Exposed.Clients) })},
	{"exposed_servers", "Distinct servers of any finding within the last 24 hours.", gauge, nil, one(func(s *Snapshot) uint64 { return uint64(s.Exposed.Servers) })},
	{"last_packet_timestamp_seconds", "Time of the last frame read, in seconds since 1970; 0: none yet.", gauge, nil,
		func(s *Snapshot, emit func(float64, ...string)) { emit(seconds(s.LastPacket)) }},
	{"config_last_reload_successful", "Whether the configuration was read well the last time: 1 or 0; 1 without a configuration.", gauge, nil,
		func(s *Snapshot, emit func(float64, ...string)) { emit(truth(s.ConfigGood)) }},
	{"config_last_reload_success_timestamp_seconds", "When the configuration was read well last, in seconds since 1970; 0: there is none.", gauge, nil,
		func(s *Snapshot, emit func(float64, ...string)) { emit(seconds(s.ConfigTime)) }},
	{"panics_total", "Frames that made the decoder fail and were skipped: a bug, please report it.", counter, nil, one(func(s *Snapshot) uint64 { return s.Panics })},
}

func operation(o ldap.Op) string {
	if o == 0 {
		return "other"
	}
	return o.String()
}

// severities are those a rule's findings have by themselves: its own, one lower
// where the connection is signed or the password was refused, and one higher where
// a password was found. Their series
// exist from the start; those of others, which only a configuration gives, from
// the first finding on, so that none is ever left out of a sum.
func severities(r detect.RuleID) []detect.Severity {
	own := r.Rule().Severity
	switch r {
	case detect.CleartextBind, detect.CleartextSASL:
		return []detect.Severity{own, own - 1, own - 2}
	case detect.PasswordGuessing, detect.PasswordSpraying:
		return []detect.Severity{own + 1, own, own - 1}
	default:
		return []detect.Severity{own, own - 1}
	}
}

// seconds gives a time in seconds since 1970; 0 for none. Nanoseconds since 1970
// are more than a float64 tells apart.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
