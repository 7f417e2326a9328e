package alertlog

import (
	"bytes"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/detect"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

var tap = SyslogConfig{Observer: Observer{Hostname: "tap-1.example.org", Live: true, Version: "1.0.0"}, PID: 4711}

func syslogLines(t *testing.T, cfg SyslogConfig, alerts ...*detect.Alert) []byte {
	t.Helper()
	var out bytes.Buffer
	return written(t, NewSyslog(&out, cfg).Write, &out, alerts)
}

func TestSyslog(t *testing.T) {
	compare(t, "alerts.golden.syslog", syslogLines(t, tap, everyAlert()...))
}

// parse reads a message by somebody else's grammar of RFC 5424.
func parse(t *testing.T, line []byte) *rfc5424.SyslogMessage {
	t.Helper()
	m, err := rfc5424.NewParser().Parse(bytes.TrimSuffix(line, []byte("\n")))
	if err != nil {
		t.Fatalf("%v\n%q", err, line)
	}
	msg, ok := m.(*rfc5424.SyslogMessage)
	if !ok || msg.Message == nil {
		t.Fatalf("no message in %q", line)
	}
	return msg
}

func TestSyslogAsOthersReadIt(t *testing.T) {
	s := compileSchema(t)
	severities := map[detect.Severity]string{
		detect.Info: "informational", detect.Low: "notice", detect.Medium: "warning", detect.High: "error", detect.Critical: "critical",
	}
	var out bytes.Buffer
	w := NewSyslog(&out, tap)
	for i, a := range everyAlert() {
		out.Reset()
		if err := w.Write(a); err != nil {
			t.Fatal(err)
		}
		m := parse(t, out.Bytes())
		if *m.FacilityMessage() != "security/authorization messages" || *m.SeverityLevel() != severities[a.Severity] {
			t.Errorf("%s is %s, %s", a.Rule, *m.FacilityMessage(), *m.SeverityLevel())
		}
		if *m.Hostname != "tap-1.example.org" || *m.Appname != "clearbind" || *m.ProcID != "4711" || *m.MsgID != a.Rule.String() {
			t.Errorf("header of %q", out.Bytes())
		}
		if !m.Timestamp.Equal(a.Time.Truncate(1000)) {
			t.Errorf("at %s, want %s", m.Timestamp, a.Time)
		}
		sd := *m.StructuredData
		if sd["origin"]["software"] != "clearbind" || sd["origin"]["swVersion"] != "1.0.0" || sd["meta"]["sequenceId"] != number(i+1) {
			t.Errorf("structured data %v of message %d", sd, i+1)
		}
		if err := valid(s, []byte(*m.Message)); err != nil {
			t.Errorf("%v\n%s", err, *m.Message)
		}
		for _, c := range bytes.TrimSuffix(out.Bytes(), []byte("\n")) {
			if c < ' ' || c >= 0x7f {
				t.Fatalf("octet %#x stands raw in %q", c, out.Bytes())
			}
		}
	}
}

func number(n int) string {
	var digits string
	for ; n > 0; n /= 10 {
		digits = string(rune('0'+n%10)) + digits
	}
	return digits
}

func TestSyslogWithoutAnything(t *testing.T) {
	a := ofRule(detect.WeakTLS)
	const want = `<85>1 2026-03-01T09:15:02.123456Z - clearbind - weak-tls [origin software="clearbind"][meta sequenceId="1"] {"@timestamp"`
	if got := string(syslogLines(t, SyslogConfig{}, a)); !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s…", got, want)
	}
}

// Names of the host stay in their field, whatever they hold.
func TestSyslogHeaderIsItsOwn(t *testing.T) {
	cfg := SyslogConfig{Facility: 16, Observer: Observer{Hostname: "a b\n<1>é" + strings.Repeat("x", 300), Version: `1"]\ [evil x="` + strings.Repeat("y", 40)}}
	m := parse(t, syslogLines(t, cfg, ofRule(detect.CleartextBind)))
	if want := "ab<1>" + strings.Repeat("x", 250); *m.Hostname != want {
		t.Errorf("host %q", *m.Hostname)
	}
	if v := (*m.StructuredData)["origin"]["swVersion"]; v != (`1"]\ [evil x="` + strings.Repeat("y", 40))[:32] {
		t.Errorf("version %q", v)
	}
	if len(*m.StructuredData) != 2 || *m.Facility != 16 {
		t.Errorf("%v, facility %d", *m.StructuredData, *m.Facility)
	}
}

// What a collector would cut is shortened before it leaves, and stays JSON.
func TestSyslogFits(t *testing.T) {
	s := compileSchema(t)
	big := ofRule(detect.DirectoryRecon)
	long := strings.Repeat("😀", 256)
	big.User, big.Origin, big.Pattern = long, long, long
	big.Search = &detect.Search{Base: long, Scope: "subtree", Filter: long}
	big.Bind = &detect.Bind{Name: long, Mechanism: long}
	big.Entry = &detect.Entry{DN: long}
	big.Result = &detect.Result{Code: 1, Name: long, Diagnostic: long, ADReason: long}
	for range 64 {
		big.Search.Attributes = append(big.Search.Attributes, long)
		big.Entry.Attributes = append(big.Entry.Attributes, long)
	}
	line := syslogLines(t, SyslogConfig{}, big)
	if n := len(line) - 1; n > maxMessage {
		t.Errorf("%d octets, at most %d were wanted", n, maxMessage)
	}
	if err := valid(s, []byte(*parse(t, line).Message)); err != nil {
		t.Error(err)
	}
	if big.User != long || len(big.Search.Attributes) != 64 || big.Entry.DN != long || big.Result.Diagnostic != long {
		t.Error("the alert itself was changed")
	}
	whole := ofRule(detect.CleartextBind)
	if line := syslogLines(t, SyslogConfig{}, whole); bytes.Contains(line, []byte(`\u2026`)) {
		t.Errorf("shortened without need: %s", line)
	}
}

func TestSyslogSequenceBeginsAgain(t *testing.T) {
	var out bytes.Buffer
	w := NewSyslog(&out, SyslogConfig{})
	w.seq = 1<<31 - 2
	for _, want := range []string{`"2147483647"`, `"1"`} {
		out.Reset()
		if err := w.Write(ofRule(detect.CleartextBind)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "[meta sequenceId="+want+"]") {
			t.Errorf("want %s in %s", want, out.String())
		}
	}
}
