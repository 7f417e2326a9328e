package alertlog

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/detect"
)

// ecsVersion is the version of the Elastic Common Schema the fields follow.
const ecsVersion = "8.17.0"

// Observer says who watched. Empty fields are left out: the alerts of a file
// are the same bytes on every machine.
type Observer struct {
	Hostname string
	Live     bool // alerts come from interfaces, which their Origin names
	Version  string
}

// JSON writes one object a line, in a buffer that it uses again.
type JSON struct {
	w        io.Writer
	observer Observer
	ascii    bool // every other character is escaped
	buf      []byte
	comma    bool // a field was written in the object at hand
}

// NewJSON gives a writer of JSON lines. Each alert is one Write on w.
func NewJSON(w io.Writer, o Observer) *JSON { return &JSON{w: w, observer: o} }

// Write writes one alert.
func (j *JSON) Write(a *detect.Alert) error {
	j.encode(a)
	j.buf = append(j.buf, '\n')
	if _, err := j.w.Write(j.buf); err != nil {
		return fmt.Errorf("write an alert: %w", err)
	}
	return nil
}

// encode leaves the object of a in buf.
func (j *JSON) encode(a *detect.Alert) {
	j.buf, j.comma = j.buf[:0], false
	j.alert(a)
}

func (j *JSON) alert(a *detect.Alert) {
	rule := a.Rule.Rule()
	j.open("")
	j.time("@timestamp", a.Time)
	j.open("ecs")
	j.text("version", ecsVersion)
	j.close()
	j.open("event")
	j.text("kind", "alert")
	j.list("category", "network")
	j.text("module", "clearbind")
	j.text("dataset", "clearbind.alert")
	j.number("severity", int64(a.Severity.ECS()))
	j.text("outcome", a.Outcome.String())
	j.time("start", a.Start)
	j.time("end", a.End)
	j.close()
	j.open("rule")
	j.text("id", rule.ID)
	j.text("name", rule.Name)
	j.text("category", rule.Category)
	j.text("reference", "docs/rules/"+rule.ID+".md")
	j.close()
	j.open("log")
	j.text("level", a.Severity.String())
	j.close()
	j.text("message", Message(a))
	j.end("source", a.Client, a.ClientMAC, a.Balancer)
	j.end("destination", a.Server, a.ServerMAC, netip.AddrPort{})
	j.network(a)
	if a.TLSVersion != "" {
		protocol, version, _ := strings.Cut(strings.ToLower(a.TLSVersion), " ")
		j.open("tls")
		j.text("version", version)
		j.text("version_protocol", protocol)
		if a.ServerName != "" {
			j.open("client")
			j.text("server_name", a.ServerName)
			j.close()
		}
		j.close()
	}
	if a.User != "" {
		j.open("user")
		j.text("name", a.User)
		j.close()
	}
	j.open("threat")
	j.open("technique")
	j.list("id", technique(a.Rule))
	j.close()
	j.close()
	j.ldap(a)
	j.observed(a)
	j.own(a, rule)
	j.close()
}

// technique gives the MITRE ATT&CK technique that the finding opens the door
// to, or shows.
func technique(r detect.RuleID) string {
	switch r {
	case detect.PasswordGuessing:
		return "T1110.001"
	case detect.PasswordSpraying:
		return "T1110.003"
	case detect.DirectoryRecon:
		return "T1087.002"
	case detect.CLDAPAmplification:
		return "T1498.002"
	default:
		return "T1040"
	}
}

func (j *JSON) end(name string, at netip.AddrPort, mac [6]byte, nat netip.AddrPort) {
	j.open(name)
	j.text("ip", at.Addr().String())
	j.number("port", int64(at.Port()))
	if mac != [6]byte{} {
		j.text("mac", fmt.Sprintf("%02X-%02X-%02X-%02X-%02X-%02X", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]))
	}
	if nat.IsValid() {
		j.open("nat")
		j.text("ip", nat.Addr().String())
		j.number("port", int64(nat.Port()))
		j.close()
	}
	j.close()
}

func (j *JSON) network(a *detect.Alert) {
	j.open("network")
	if a.Proto == decode.UDP {
		j.text("transport", "udp")
	} else {
		j.text("transport", "tcp")
	}
	j.text("protocol", "ldap")
	j.text("community_id", communityID(a))
	if a.VLAN != 0 {
		j.open("vlan")
		j.text("id", strconv.Itoa(int(a.VLAN)))
		j.close()
	}
	j.close()
}

// operationNames are the operations of clients, as RFC 4511 section 4 calls
// them; responses belong to the same operation.
var operationNames = [ldap.NumOps]string{
	ldap.BindRequest: "bind", ldap.BindResponse: "bind", ldap.UnbindRequest: "unbind",
	ldap.SearchRequest: "search", ldap.SearchResultEntry: "search", ldap.SearchResultDone: "search", ldap.SearchResultReference: "search",
	ldap.ModifyRequest: "modify", ldap.ModifyResponse: "modify", ldap.AddRequest: "add", ldap.AddResponse: "add",
	ldap.DelRequest: "delete", ldap.DelResponse: "delete", ldap.ModifyDNRequest: "modify_dn", ldap.ModifyDNResponse: "modify_dn",
	ldap.CompareRequest: "compare", ldap.CompareResponse: "compare", ldap.AbandonRequest: "abandon",
	ldap.ExtendedRequest: "extended", ldap.ExtendedResponse: "extended", ldap.IntermediateResponse: "intermediate",
}

func (j *JSON) ldap(a *detect.Alert) {
	j.open("ldap")
	if a.Operation != 0 {
		j.text("operation", operationNames[a.Operation])
		j.number("message_id", int64(a.MessageID))
	}
	if a.Version != 0 {
		j.number("version", int64(a.Version))
	}
	j.text("protection", a.Protection.String())
	if b := a.Bind; b != nil {
		j.open("bind")
		j.text("method", b.Method.String())
		j.some("mechanism", b.Mechanism)
		j.some("name", b.Name)
		j.close()
	}
	if r := a.Result; r != nil {
		j.open("result")
		j.number("code", int64(r.Code))
		j.some("name", r.Name)
		j.some("diagnostic", r.Diagnostic)
		j.some("ad_reason", r.ADReason)
		j.some("password_policy", r.Policy)
		j.close()
	}
	if s := a.Search; s != nil {
		j.open("search")
		j.text("base", s.Base)
		j.text("scope", s.Scope)
		j.text("filter", s.Filter)
		if len(s.Attributes) > 0 {
			j.list("attributes", s.Attributes...)
		}
		j.number("entries", int64(s.Entries))
		j.number("bytes", int64(s.Bytes))
		if a.Result != nil {
			j.some("result", a.Result.Name)
		}
		j.some("pattern", a.Pattern)
		j.close()
	}
	if t := a.Entry; t != nil {
		j.open("entry")
		j.some("dn", t.DN)
		if len(t.Attributes) > 0 {
			j.list("attributes", t.Attributes...)
		}
		j.close()
	}
	if a.Refused > 0 {
		j.open("refused")
		j.number("binds", int64(a.Refused))
		j.number("names", int64(a.Names))
		j.close()
	}
	j.close()
}

func (j *JSON) observed(a *detect.Alert) {
	if j.observer == (Observer{}) {
		return
	}
	j.open("observer")
	j.some("hostname", j.observer.Hostname)
	if j.observer.Live {
		j.open("ingress")
		j.open("interface")
		j.text("name", a.Origin)
		j.close()
		j.close()
	}
	j.some("version", j.observer.Version)
	j.close()
}

// own writes the fields that neither ECS nor LDAP has.
func (j *JSON) own(a *detect.Alert, rule *detect.Rule) {
	j.open("clearbind")
	j.number("packet", int64(a.Packet))
	if !j.observer.Live {
		j.some("file", a.Origin)
	}
	if a.ClientTLS {
		j.yes("client_tls")
	}
	j.some("evidence", a.EvidenceFile)
	j.some("secret_fingerprint", a.Fingerprint)
	j.number("count", int64(a.Count))
	if a.Held {
		j.time("until", a.Until)
	}
	j.text("remediation", rule.Remediation)
	j.close()
}

// Objects and values, appended. The caller balances open and close.

func (j *JSON) key(name string) {
	if j.comma {
		j.buf = append(j.buf, ',')
	}
	j.comma = true
	if name != "" {
		j.buf = append(append(append(j.buf, '"'), name...), '"', ':')
	}
}

func (j *JSON) open(name string) {
	j.key(name)
	j.buf = append(j.buf, '{')
	j.comma = false
}

func (j *JSON) close() {
	j.buf = append(j.buf, '}')
	j.comma = true
}

func (j *JSON) text(name, value string) {
	j.key(name)
	j.buf = appendString(j.buf, value, j.ascii)
}

// some writes a field if it has a value.
func (j *JSON) some(name, value string) {
	if value != "" {
		j.text(name, value)
	}
}

func (j *JSON) number(name string, n int64) {
	j.key(name)
	j.buf = strconv.AppendInt(j.buf, n, 10)
}

func (j *JSON) yes(name string) {
	j.key(name)
	j.buf = append(j.buf, "true"...)
}

func (j *JSON) list(name string, values ...string) {
	j.key(name)
	j.buf = append(j.buf, '[')
	for i, v := range values {
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		j.buf = appendString(j.buf, v, j.ascii)
	}
	j.buf = append(j.buf, ']')
}

// time writes microseconds, and nanoseconds where there are some.
func (j *JSON) time(name string, t time.Time) {
	j.key(name)
	t = readable(t)
	layout := `"2006-01-02T15:04:05.000000Z"`
	if t.Nanosecond()%1000 != 0 {
		layout = `"2006-01-02T15:04:05.000000000Z"`
	}
	j.buf = t.UTC().AppendFormat(j.buf, layout)
}

// readable gives t, or the nearest time that RFC 3339 can write: a capture file
// may claim any, and a store that refuses one field refuses the alert.
func readable(t time.Time) time.Time {
	earliest, latest := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t
}
