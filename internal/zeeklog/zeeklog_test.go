package zeeklog

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/detect"
)

// record is that of Zeek's own example, ldap-simpleauth.pcap.
func record() detect.Record {
	return detect.Record{
		Time: time.Unix(1463256456, 51759000), Opened: time.Unix(1463256456, 41000000),
		Client: netip.MustParseAddrPort("10.0.0.1:25936"), Server: netip.MustParseAddrPort("10.0.0.2:3268"), Proto: decode.TCP,
		MessageID: 3, Op: ldap.BindResponse, Choice: ldap.Simple, Version: 3, Secret: true,
		Object: "CN=x,OU=Users,DC=xx,DC=net", Answered: true,
	}
}

func asked(r detect.Record) detect.Record {
	r.Op, r.Choice, r.Version, r.Secret, r.Object = ldap.SearchResultDone, 0, 0, false, ""
	r.Asked, r.Base, r.Scope, r.Deref, r.Filter, r.Entries = true, "DC=xx,DC=net", ldap.ScopeSubtree, 3, "(&(objectclass=*)(sAMAccountName=x))", 1
	return r
}

// columnsOf gives the values of a line behind uid.
func columnsOf(r detect.Record) string {
	b := string(line(nil, &r))
	_, rest, _ := strings.Cut(strings.TrimSuffix(b, "\n"), "\t")
	_, rest, _ = strings.Cut(rest, "\t")
	return strings.ReplaceAll(rest, "\t", "|")
}

func TestLines(t *testing.T) {
	const ends = "10.0.0.1|25936|10.0.0.2|3268|3|"
	with := func(change func(*detect.Record)) detect.Record {
		r := record()
		change(&r)
		return r
	}
	search := func(change func(*detect.Record)) detect.Record {
		r := asked(record())
		change(&r)
		return r
	}
	for _, c := range []struct {
		r    detect.Record
		want string
	}{
		{record(), "3|bind simple|success|-|CN=x,OU=Users,DC=xx,DC=net|REDACTED"},
		{with(func(r *detect.Record) { r.Secret, r.Object = false, "" }), "3|bind simple|success|-|-|-"},
		{with(func(r *detect.Record) { r.Answered = false }), "3|bind simple|-|-|CN=x,OU=Users,DC=xx,DC=net|REDACTED"},
		{with(func(r *detect.Record) { r.Code, r.Diagnostic = 49, "80090308: LdapErr, data 52e\x00" }), `3|bind simple|invalid credentials|80090308: LdapErr, data 52e\x00|CN=x,OU=Users,DC=xx,DC=net|REDACTED`},
		{with(func(r *detect.Record) {
			r.Choice, r.Secret, r.Object, r.Mechanism, r.Code = ldap.SASL, false, "", "GSS-SPNEGO", 14
		}), "3|bind SASL|SASL bind in progress|-|-|GSS-SPNEGO"},
		{with(func(r *detect.Record) {
			r.Choice, r.Secret, r.Object, r.Mechanism = ldap.SicilyNegotiate, false, "NTLM", "NTLMSSP"
		}), "3|sicily_negotiate|success|-|NTLM|NTLMSSP"},
		{with(func(r *detect.Record) { *r = detect.Record{Op: ldap.BindResponse, Code: 4242, Answered: true} }), "-|bind|unknown|-|-|-"},
		{with(func(r *detect.Record) { *r = detect.Record{Op: ldap.UnbindRequest} }), "-|unbind|-|-|-|-"},
		{with(func(r *detect.Record) { *r = detect.Record{Op: ldap.AbandonRequest, Object: "2"} }), "-|abandon|-|-|2|-"},
		{with(func(r *detect.Record) {
			*r = detect.Record{Op: ldap.ExtendedResponse, Object: "1.3.6.1.4.1.1466.20037", Answered: true}
		}), "-|extended|success|-|1.3.6.1.4.1.1466.20037 (StartTLS)|-"},
		{with(func(r *detect.Record) {
			*r = detect.Record{Op: ldap.ExtendedRequest, Object: "1.3.6.1.4.1.4203.1.11.1"}
		}), "-|extended|-|-|1.3.6.1.4.1.4203.1.11.1 (unknown)|-"},
		{with(func(r *detect.Record) { *r = detect.Record{Op: ldap.ModifyDNResponse, Answered: true, Object: "-"} }), `-|modify|success|-|\x2d|-`},
		{asked(record()), "tree|always|DC=xx,DC=net|1|success|-|(&(objectclass=*)(sAMAccountName=x))|-"},
		{search(func(r *detect.Record) { r.Scope, r.Deref, r.Base, r.Filter = 3, 9, "", "" }), "unknown|unknown|-|1|success|-|FILTER_PARSING_ERROR|-"},
		{search(func(r *detect.Record) {
			*r = detect.Record{Op: ldap.SearchResultDone, Answered: true, Code: 32, Entries: 2}
		}), "-|-|-|2|no such object|-|-|-"},
	} {
		c.r.Client, c.r.Server, c.r.MessageID = record().Client, record().Server, 3
		if got := columnsOf(c.r); got != ends+c.want {
			t.Errorf("%s\nwant\n%s", got, ends+c.want)
		}
	}
}

func TestEscaping(t *testing.T) {
	for s, want := range map[string]string{
		"cn=Jörg,dc=x": "cn=Jörg,dc=x", `a\b`: `a\\b`, "a\tb\nc": `a\x09b\x0ac`, "\xff\x7f": `\xff\x7f`, "-": `\x2d`, "(empty)": `\x28empty)`,
		"--": "--", "\u202e": `\xe2\x80\xae`, "#x": "#x",
	} {
		if got := string(field(nil, s)); got != "\t"+want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
}

func TestNamesOfConnections(t *testing.T) {
	form := regexp.MustCompile(`^C[0-9A-Za-z]{12,17}$`)
	a := record()
	swapped, later, other, udp := a, a, a, a
	swapped.Client, swapped.Server = a.Server, a.Client
	later.Opened = a.Opened.Add(1)
	other.Client = netip.MustParseAddrPort("10.0.0.1:25937")
	udp.Proto = decode.UDP
	if uid(&a) != "CsXnNlSOJpw6XzXii1" {
		t.Errorf("%s: another name than yesterday", uid(&a))
	}
	if uid(&swapped) != uid(&a) {
		t.Error("a connection has two names")
	}
	for _, r := range []*detect.Record{&a, &later, &other, &udp} {
		if !form.MatchString(uid(r)) || r != &a && uid(r) == uid(&a) {
			t.Errorf("%s", uid(r))
		}
	}
}

// messageHead and searchHead are what Zeek 8 writes above the lines, but for the
// time.
const (
	messageHead = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tldap\n#open\t2016-05-14-20-07-36\n" +
		"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmessage_id\tversion\topcode\tresult\tdiagnostic_message\tobject\targument\n" +
		"#types\ttime\tstring\taddr\tport\taddr\tport\tint\tint\tstring\tstring\tstring\tstring\tstring\n"
	searchHead = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tldap_search\n#open\t2016-05-14-20-07-36\n" +
		"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmessage_id\tscope\tderef_aliases\tbase_object\tresult_count\tresult\tdiagnostic_message\tfilter\tattributes\n" +
		"#types\ttime\tstring\taddr\tport\taddr\tport\tint\tstring\tstring\tstring\tcount\tstring\tstring\tstring\tvector[string]\n"
	foot = "#close\t2016-05-14-20-07-36\n"
)

func contents(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, l *Logs, r detect.Record) {
	t.Helper()
	if lost, err := l.Write(&r); lost != 0 || err != nil {
		t.Fatalf("%d lost: %v", lost, err)
	}
}

func TestLogsAreWholeAndRotate(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, s := record(), asked(record())
	write(t, l, m)
	write(t, l, s)
	if !l.Waiting() {
		t.Error("each line is a write")
	}
	messages := filepath.Join(dir, "ldap.log")
	if err := os.Rename(messages, messages+".1"); err != nil {
		t.Fatal(err)
	}
	if lost, err := l.Reopen(); lost != 0 || err != nil {
		t.Fatalf("%d lost: %v", lost, err)
	}
	write(t, l, m)
	if lost, err := l.Close(); lost != 0 || err != nil {
		t.Fatalf("%d lost: %v", lost, err)
	}
	whole := messageHead + string(line(nil, &m)) + foot
	for path, want := range map[string]string{
		messages + ".1": whole, messages: whole, filepath.Join(dir, "ldap_search.log"): searchHead + string(line(nil, &s)) + foot,
	} {
		if got := contents(t, path); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", path, got, want)
		}
	}
	if l, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	write(t, l, m)
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, messages); got != whole+whole {
		t.Errorf("what was there is not kept:\n%s", got)
	}
}

func TestAFullDiskCostsItsLinesAndNoMore(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(dir, "ldap.log")); err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	write(t, l, record())
	write(t, l, record())
	write(t, l, asked(record()))
	if lost, err := l.Flush(); lost != 2 || err == nil {
		t.Errorf("%d lost: %v", lost, err)
	}
	if got := contents(t, filepath.Join(dir, "ldap_search.log")); !strings.HasPrefix(got, searchHead) || strings.Count(got, "\n") != 9 {
		t.Errorf("the other log has\n%s", got)
	}
	// The disk has room again.
	if err := os.Remove(filepath.Join(dir, "ldap.log")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	write(t, l, record())
	if lost, err := l.Close(); lost != 0 || err != nil {
		t.Errorf("%d lost: %v", lost, err)
	}
	if got := contents(t, filepath.Join(dir, "ldap.log")); !strings.HasPrefix(got, messageHead) {
		t.Errorf("a log without a header:\n%s", got)
	}
}

// TestWhatIsLostIsCountedToTheLine cuts a buffer where a disk may.
func TestWhatIsLostIsCountedToTheLine(t *testing.T) {
	r := record()
	f := file{path: "ldap", columns: messageColumns}
	for range 3 {
		if _, err := f.write(&r); err != nil {
			t.Fatal(err)
		}
	}
	whole := strings.Clone(string(f.buf))
	head, size := len(messageHead), len(line(nil, &r))
	for cut, want := range map[int]int{0: 3, 5: 3, head - 1: 3, head: 3, head + 1: 3, head + size - 1: 3, head + size: 2, head + 3*size - 1: 1, head + 3*size: 0} {
		f.lines, f.headed = 3, true
		if lost := f.lose([]byte(whole[cut:])); lost != want || f.headed {
			t.Errorf("cut at %d: %d lost, want %d", cut, lost, want)
		}
	}
}

func TestALogThatCannotBeOpened(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "nowhere")); err == nil {
		t.Error("no error")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "ldap_search.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("no error")
	}
}
