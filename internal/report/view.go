package report

import (
	"fmt"
	"html/template"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/words"
)

// Rows of one table of the page. CSV and JSON hold all; a browser that is
// given a hundred thousand rows is of no use to anybody.
const (
	maxRows  = 2000
	maxEdges = 500 // those of a table beside a picture
	maxTop   = 200 // queries
	maxNames = 4   // addresses or files named in one place
)

// view is what the page is made of.
type view struct {
	*Model
	Links         []Link
	CSP           string
	Style         template.CSS
	Script        template.JS
	State         string // exposed, readable, findings, clean or empty
	Headline      string
	Enforce       []verdictCount
	Why           []Reason // those that were seen
	Pictures      []picture
	Timelines     []timeline
	ShownUses     []Use
	ShownAccounts []Account
	ShownClients  []Host
	ShownServers  []Host
	ShownEdges    []Edge
	ShownQueries  []Query
}

func newView(m *Model) *view {
	v := &view{Model: m}
	v.State, v.Headline = headline(&m.Totals)
	for _, r := range m.Reasons {
		if r.Clients > 0 {
			v.Why = append(v.Why, r)
		}
	}
	v.Pictures = []picture{draw(m.Edges, wide), draw(m.Edges, narrow)}
	v.Timelines = []timeline{chart(m.Hours, wide), chart(m.Hours, narrow)}
	v.ShownUses, v.ShownAccounts = first(m.Uses, maxRows), first(m.Accounts, maxRows)
	v.ShownClients, v.ShownServers = first(m.Clients, maxRows), first(m.Servers, maxRows)
	v.ShownEdges, v.ShownQueries = first(m.Edges, maxEdges), first(m.Queries, maxTop)
	return v
}

func first[T any](list []T, most int) []T { return list[:min(len(list), most)] }

// headline says the gravest thing there is to say, in words for anybody.
func headline(t *Totals) (state, text string) {
	switch {
	case t.Accounts > 0:
		text = words.Count(uint64(t.Accounts), "account had its password", "accounts had their passwords") + " sent in the clear"
		switch {
		case t.Accepted == 1 && t.Accounts == 1:
			text += ", and a server accepted it"
		case t.Accepted == t.Accounts:
			text += ", all of them accepted by a server"
		case t.Accepted > 0:
			text += ", " + words.Number(uint64(t.Accepted)) + " of them accepted by a server"
		}
		return "exposed", text
	case t.Passwords > 0:
		return "exposed", words.Count(t.Passwords, "password was", "passwords were") + " sent in the clear"
	case t.Operations.Readable() > 0:
		return "readable", "No password was sent in the clear, but " + words.Count(t.Operations.Readable(), "operation", "operations") + " could be read"
	case t.Findings.Sum() > 0:
		return "findings", "No password was sent in the clear"
	case t.Clients > 0 || t.Connections.Sum() > 0:
		return "clean", "Nothing was sent in the clear"
	}
	return "empty", "No LDAP was seen"
}

// verdictCount is a part of a bar.
type verdictCount struct {
	Verdict string
	Count   uint64
	X, W    int // thousandths of the bar
}

// bar gives the verdicts of a policy, the most urgent first.
func bar(b ByVerdict) (list []verdictCount) {
	at := 0
	for _, c := range []verdictCount{
		{Verdict: detect.Refused.String(), Count: b.Refused}, {Verdict: detect.Already.String(), Count: b.RefusedAlready},
		{Verdict: detect.Unsure.String(), Count: b.Unknown}, {Verdict: detect.Ready.String(), Count: b.Ready},
	} {
		if sum := b.Sum(); sum > 0 {
			c.X, c.W = at, int(c.Count*1000/sum)
		}
		at += c.W
		list = append(list, c)
	}
	return list
}

// pageFuncs are the words of the page.
func pageFuncs() template.FuncMap {
	return template.FuncMap{
		"num": num, "day": day, "when": when, "percent": percent, "plural": func(n any, one, many string) string {
			return words.Count(toUint(n), one, many)
		},
		"bar": bar, "verdict": verdictWords, "protection": protectionWords, "policy": policyWords,
		"worst": func(u Use) string { return enforced(&u).String() }, "why": func(m *Model, u Use) []*Reason { return m.why(&u) }, "rules": rulesOf,
		"firsts": firsts, "binds": bindsOf, "size": words.Size, "label": labelled, "pieces": pieces, "upper": upper,
		"shown": shown, "place": placeWords,
	}
}

// shown is what the foot of a table says of the rows that are not in it.
func shown(part, whole int) string {
	if part == whole {
		return ""
	}
	return fmt.Sprintf("The first %s of %s. The JSON report holds all of them.", num(part), num(whole))
}

// named are some of many.
type named struct {
	Names []string
	More  int
}

func firsts(list []netip.Addr) named {
	n := named{More: max(0, len(list)-maxNames)}
	for _, x := range first(list, maxNames) {
		n.Names = append(n.Names, x.String())
	}
	return n
}

func rulesOf(u Use) (list []verdictCount) {
	for _, rule := range slices.Sorted(maps.Keys(u.Findings)) {
		list = append(list, verdictCount{Verdict: rule, Count: u.Findings[rule]})
	}
	return list
}

func bindsOf(u Use) (n uint64) {
	for _, b := range u.Binds {
		n += b.Sum()
	}
	return n
}

func toUint(n any) uint64 {
	switch n := n.(type) {
	case int:
		return uint64(max(n, 0))
	case uint64:
		return n
	}
	return 0
}

func num(n any) string { return words.Number(toUint(n)) }

// percent says 0 and 100 only of none and of all.
func percent(part, whole uint64) string {
	switch {
	case whole == 0:
		return "–"
	case part == 0:
		return "0%"
	case part == whole:
		return "100%"
	}
	return strconv.FormatUint(min(max(part*100/whole, 1), 99), 10) + "%"
}

// moment is a time in two parts, between which a line may break.
type moment struct{ Day, Hour string }

func when(t time.Time) *moment {
	if t.IsZero() {
		return nil
	}
	return &moment{t.UTC().Format(time.DateOnly), t.UTC().Format(time.TimeOnly)}
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05") }

// pieces cuts a name where a line may best break: after the parts of a DN,
// before the port of an address.
func pieces(s string) []string {
	if at, err := netip.ParseAddrPort(s); err == nil {
		cut := strings.LastIndexByte(s, ':')
		return []string{s[:cut], ":" + strconv.Itoa(int(at.Port()))}
	}
	return strings.SplitAfter(s, ",")
}

func upper(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }

func labelled(list []string) named {
	return named{Names: first(list, maxNames), More: max(0, len(list)-maxNames)}
}

var verdictTable = map[string]string{
	"refused": "would be refused", "refused-already": "refused today", "unknown": "cannot be told", "ready": "ready",
}

func verdictWords(v string) string { return verdictTable[v] }

var protectionTable = map[string]string{
	"none": "in the clear", "sasl-signed": "signed, readable", "sasl-sealed": "sealed", "tls": "TLS", "": "not seen",
}

func protectionWords(p string) string { return protectionTable[p] }

// policyText is a policy in words.
type policyText struct{ Short, Title, Settings string }

var policyTable = map[string]policyText{
	"require-signing":         {"Signing", "Require LDAP signing", "Active Directory: LDAPServerIntegrity = 2"},
	"require-tls":             {"TLS", "Require TLS for passwords", "OpenLDAP: security simple_bind=128 · 389-ds: nsslapd-require-secure-binds: on"},
	"require-channel-binding": {"Binding", "Require channel binding", "Active Directory: LdapEnforceChannelBinding = 2"},
}

func policyWords(id string) policyText { return policyTable[id] }

// protectionClass is the page's class of a protection.
func protectionClass(p string) string {
	if p == "" {
		return "unseen"
	}
	return strings.TrimPrefix(p, "sasl-")
}
