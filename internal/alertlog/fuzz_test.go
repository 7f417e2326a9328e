package alertlog

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/detect"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Any alert gives one line of valid, harmless JSON that the schema knows, a text
// that holds nothing raw either, and a syslog message that others can read and
// that is no longer than a collector takes.
func FuzzJSON(f *testing.F) {
	f.Add(uint8(0), uint8(0), "cn=app,dc=example,dc=org", "(uid=jo)", int64(1772356502), uint32(123456789), uint64(1))
	f.Add(uint8(7), uint8(0xff), hostile, hostile, int64(-1<<62), uint32(7), uint64(1<<63))
	f.Add(uint8(22), uint8(0x55), strings.Repeat("\u202e", 1024), "\xff", int64(1<<62), uint32(0), uint64(41))
	s := compileSchema(f)
	f.Fuzz(func(t *testing.T, rule, parts uint8, name, text string, secs int64, nanos uint32, count uint64) {
		a := fuzzAlert(rule, parts, name, text)
		a.Time = time.Unix(secs, int64(nanos%1e9))
		a.Start, a.End, a.Until = a.Time, a.Time.Add(time.Duration(nanos)), a.Time
		a.Packet, a.Count = count>>1, 1+int(count>>33)
		o := Observer{}
		if parts&1 != 0 {
			o = Observer{Hostname: name, Live: true, Version: name}
		}
		line := jsonLines(t, o, a)
		checkLine(t, line)
		if err := valid(s, line); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		var out bytes.Buffer
		if err := NewText(&out, false).Write(a); err != nil {
			t.Fatal(err)
		}
		if line := strings.ReplaceAll(out.String(), "\n", " "); detect.Plain(line) != line {
			t.Fatalf("the text holds more than text: %q", out.String())
		}
		checkSyslog(t, s, syslogLines(t, SyslogConfig{Observer: o}, a))
	})
}

func checkSyslog(t *testing.T, s *jsonschema.Schema, line []byte) {
	t.Helper()
	for i, c := range line {
		if (c < ' ' || c >= 0x7f) && i < len(line)-1 {
			t.Fatalf("octet %#x stands raw in %q", c, line)
		}
	}
	if len(line) > maxMessage+1 {
		t.Fatalf("%d octets", len(line))
	}
	if err := valid(s, []byte(*parse(t, line).Message)); err != nil {
		t.Fatalf("%v\n%s", err, line)
	}
}

// fuzzAlert is a finding of any rule with the parts that the bits name,
// whether such a finding has them or not.
func fuzzAlert(rule, parts uint8, name, text string) *detect.Alert {
	a := plainAlert(detect.RuleID(rule) % detect.NumRules)
	a.User, a.Origin = name, text
	a.Severity = detect.Info + detect.Severity(rule)%(detect.NumSeverities-1)
	a.Protection = detect.Protection(parts) % detect.NumProtections
	if parts&2 != 0 {
		a.Operation, a.MessageID, a.Version = 1+ldap.Op(rule)%(ldap.NumOps-1), 1<<31-1, 127
		a.Bind = &detect.Bind{Method: detect.Method(rule) % detect.NumMethods, Mechanism: text, Name: name}
	}
	if parts&4 != 0 {
		a.Search = &detect.Search{Base: name, Scope: "one", Filter: text, Attributes: []string{name, text}, Entries: 1}
		a.Pattern = text
	}
	if parts&8 != 0 {
		a.Entry = &detect.Entry{DN: text, Attributes: []string{name}}
	}
	if parts&16 != 0 {
		a.Result, a.Outcome = &detect.Result{Code: int(rule), Name: name, Diagnostic: text, ADReason: name}, detect.Failure
	}
	if parts&32 != 0 {
		a.Balancer, a.VLAN, a.Proto = server, 1, decode.UDP
		a.Client = netip.MustParseAddrPort("[2001:db8::1]:65535")
	}
	a.Held = parts&64 != 0
	if parts&128 != 0 {
		a.TLSVersion, a.Refused, a.Names = "SSL 3.0", 3, 2
	}
	return a
}
