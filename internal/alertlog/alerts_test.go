package alertlog

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/detect"
)

var (
	at     = time.Date(2026, 3, 1, 9, 15, 2, 123_456_000, time.UTC)
	client = netip.MustParseAddrPort("10.0.0.7:51022")
	server = netip.MustParseAddrPort("10.0.0.5:389")
)

const app = "cn=app,dc=example,dc=org"

// plainAlert is a finding with everything that every finding has.
func plainAlert(r detect.RuleID) *detect.Alert {
	return &detect.Alert{
		Rule: r, Severity: r.Rule().Severity, Origin: "monday.pcap", Packet: 12,
		Time: at, Start: at, End: at.Add(290 * time.Microsecond),
		Client: client, Server: server, User: app, Count: 1,
	}
}

// ofRule gives a finding of each rule with the fields such a finding has.
func ofRule(r detect.RuleID) *detect.Alert {
	a := plainAlert(r)
	search := &detect.Search{Base: "dc=example,dc=org", Scope: "subtree", Filter: "(uid=jo)", Attributes: []string{"cn", "mail"}, Entries: 3, Bytes: 812}
	change := &detect.Entry{DN: "uid=jo,dc=example,dc=org", Attributes: []string{"userPassword"}}
	success, refused := &detect.Result{Name: "success"}, &detect.Result{Code: 49, Name: "invalidCredentials"}
	on := func(op ldap.Op, o detect.Outcome, res *detect.Result) {
		a.Operation, a.MessageID, a.Version, a.Outcome, a.Result = op, 2, 3, o, res
	}
	bind := func(m detect.Method, mechanism string, o detect.Outcome, res *detect.Result) {
		on(ldap.BindRequest, o, res)
		a.Bind = &detect.Bind{Method: m, Mechanism: mechanism, Name: a.User}
	}
	switch r {
	case detect.CleartextBind:
		bind(detect.Simple, "", detect.Success, success)
	case detect.CleartextSASL:
		bind(detect.SASL, "PLAIN", detect.Failure, refused)
		a.Severity--
		a.Fingerprint = "0123456789abcdef"
	case detect.StartTLSFallback, detect.LateStartTLS:
		bind(detect.Simple, "", detect.Success, success)
	case detect.CleartextPasswordChange:
		on(ldap.ModifyRequest, detect.Success, success)
		a.Entry = change
	case detect.CleartextCompare:
		on(ldap.CompareRequest, detect.Success, &detect.Result{Code: 6, Name: "compareTrue"})
		a.Entry = change
	case detect.SecretReturned:
		on(ldap.SearchResultEntry, detect.Success, nil)
		a.Entry = change
	case detect.CleartextSearch, detect.SecretRequested:
		on(ldap.SearchRequest, detect.Success, success)
		a.Search = search
	case detect.DirectoryRecon:
		on(ldap.SearchRequest, detect.Success, success)
		a.Search, a.Pattern = search, "kerberoast"
	case detect.CleartextWrite:
		on(ldap.ModifyDNRequest, detect.Failure, &detect.Result{Code: 50, Name: "insufficientAccessRights"})
		a.Entry = &detect.Entry{DN: change.DN}
	case detect.CrackableExchange:
		bind(detect.SASL, "CRAM-MD5", detect.Success, success)
	case detect.UnsignedSASL:
		bind(detect.SASL, "GSSAPI", detect.Success, success)
	case detect.SignedNotSealed:
		bind(detect.SASL, "DIGEST-MD5", detect.Success, success)
		a.Protection = detect.SASLSigned
	case detect.UnauthenticatedBind:
		bind(detect.Unauthenticated, "", detect.Unknown, nil)
	case detect.AnonymousBind:
		a.User = ""
		bind(detect.Anonymous, "", detect.Success, success)
	case detect.CleartextRefused:
		bind(detect.Simple, "", detect.Failure, &detect.Result{Code: 13, Name: "confidentialityRequired", Diagnostic: "TLS confidentiality required"})
	case detect.PlaintextOnTLSPort:
		on(ldap.SearchRequest, detect.Unknown, nil)
		a.Server = netip.MustParseAddrPort("10.0.0.5:636")
	case detect.LegacyLDAPv2:
		bind(detect.Simple, "", detect.Success, success)
		a.Version = 2
	case detect.InternetExposure:
		on(ldap.BindRequest, detect.Unknown, nil)
		a.Client = netip.MustParseAddrPort("203.0.113.7:40000")
	case detect.WeakTLS:
		a.User, a.Protection, a.TLSVersion, a.ServerName = "", detect.TLS, "TLS 1.0", "dc1.lab.example"
	case detect.PasswordGuessing:
		on(ldap.BindRequest, detect.Failure, refused)
		a.Refused, a.Names = 10, 1
	case detect.PasswordSpraying:
		on(ldap.BindRequest, detect.Failure, refused)
		a.User, a.Refused, a.Names = "", 12, 10
	case detect.CLDAPAmplification:
		on(ldap.SearchRequest, detect.Success, nil)
		a.User, a.Proto, a.Search = "", decode.UDP, &detect.Search{Scope: "base", Filter: "(objectClass=*)", Entries: 1, Bytes: 3012}
	case detect.NumRules: // is none
	}
	return a
}

// hostile is what a name from the wire may carry into a log, a terminal or a page.
const hostile = "a\x00\x07\x1b[2J\r\n\"\\<script>&amp;\u2028\u2029\u202e\u2066\u200b\ufeff\x7f\u0085\xff\xc0\xaf\xed\xa0\x80\U000e0001é漢😀"

// everyAlert is a finding of each rule, then each part that any of them may
// carry, one after the other.
func everyAlert() []*detect.Alert {
	var all []*detect.Alert
	for r := range detect.NumRules {
		all = append(all, ofRule(r))
	}
	with := func(r detect.RuleID, change func(a *detect.Alert)) {
		a := ofRule(r)
		change(a)
		all = append(all, a)
	}
	with(detect.CleartextBind, func(a *detect.Alert) { // behind a balancer
		a.Balancer = netip.MustParseAddrPort("10.0.0.9:33000")
		a.ClientMAC, a.ServerMAC = [6]byte{0xd2, 0x7a, 0x2d, 0xf3, 0xa3, 0xa8}, [6]byte{1}
		a.VLAN = 4094
	})
	with(detect.CleartextBind, func(a *detect.Alert) { // behind one that takes TLS off
		a.Balancer, a.ClientTLS = netip.MustParseAddrPort("10.0.0.9:33000"), true
	})
	with(detect.CleartextBind, func(a *detect.Alert) { // with evidence
		a.EvidenceFile = "20260301T091502.123456Z_cleartext-bind_10.0.0.7_51022_p12.pcapng"
	})
	with(detect.CleartextBind, func(a *detect.Alert) { // IPv6, nanoseconds
		a.Client, a.Server = netip.MustParseAddrPort("[2001:db8::7]:51022"), netip.MustParseAddrPort("[2001:db8::5]:389")
		a.Time, a.Start = at.Add(7), at.Add(7)
	})
	with(detect.CleartextBind, func(a *detect.Alert) { // refused by Active Directory, whose reason says that the password was right
		a.Outcome = detect.Failure
		a.Result = &detect.Result{Code: 49, Name: "invalidCredentials", ADReason: "password expired",
			Diagnostic: "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 532, v4563"}
	})
	with(detect.CleartextBind, func(a *detect.Alert) { // by another server, to the same effect
		a.Outcome = detect.Failure
		a.Result = &detect.Result{Code: 49, Name: "invalidCredentials", Policy: "password expired"}
	})
	with(detect.CleartextBind, func(a *detect.Alert) { // by one that had no time
		a.Outcome = detect.Failure
		a.Result = &detect.Result{Code: 51, Name: "busy", Untried: true}
	})
	with(detect.CleartextBind, func(a *detect.Alert) { // repeats that were held back
		a.Held, a.Count, a.Until = true, 41, at.Add(time.Hour)
		a.End = a.Until
	})
	with(detect.CleartextBind, func(a *detect.Alert) { // signed, of an account that was not seen
		a.Protection, a.User, a.Bind.Name = detect.SASLSigned, "", ""
		a.Severity--
	})
	with(detect.CrackableExchange, func(a *detect.Alert) { a.Bind = &detect.Bind{Method: detect.Sicily} })
	with(detect.CleartextSearch, func(a *detect.Alert) { // nothing came back, a code without a name, the whole directory
		a.Search = &detect.Search{Scope: "one", Filter: "(cn=*)"}
		a.Result = &detect.Result{Code: 4096}
		a.Outcome = detect.Failure
	})
	with(detect.CleartextSearch, func(a *detect.Alert) { // hostile
		a.Origin, a.User = hostile, hostile
		a.Search = &detect.Search{Base: hostile, Scope: "base", Filter: hostile, Attributes: []string{hostile, ""}}
		a.Result.Diagnostic = hostile
	})
	with(detect.CleartextWrite, func(a *detect.Alert) { // very long
		a.Entry = &detect.Entry{DN: strings.Repeat("ou=é,", 400)}
		for i := range 64 {
			a.Entry.Attributes = append(a.Entry.Attributes, fmt.Sprintf("attribute%02d", i))
		}
	})
	with(detect.CleartextSearch, func(a *detect.Alert) { // the next day, for the text form
		a.Time = at.AddDate(0, 0, 1)
		a.Start, a.End = a.Time, a.Time
	})
	return all
}
