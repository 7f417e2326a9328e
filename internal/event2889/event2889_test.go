package event2889

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// TestRead holds that the same three events come out of every form in which
// somebody may export them.
func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	first, second, third := time.Date(2026, 11, 24, 14, 29, 14, 0, time.UTC), time.Date(2026, 11, 24, 14, 30, 14, 0, time.UTC), time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var l List
			if err := l.Read(path); err != nil {
				t.Fatal(err)
			}
			others := uint64(0)
			if strings.Contains(path, "wevtutil") {
				others = 1
			}
			if l.Total != 3 || l.Unread != 0 || l.Others != others {
				t.Errorf("%d events, %d others, %d not understood at %s", l.Total, l.Others, l.Unread, l.FirstAt)
			}
			computer, timed := "dc1.ad.example.org", true
			switch filepath.Base(path) {
			case "columns.csv":
				computer, timed = "", false
			case "eventviewer.csv":
				computer = ""
			}
			want := map[key]*seen{
				{netip.MustParseAddr("10.39.0.7"), `EXAMPLE\mira`, computer, Simple}:         {2, first, second},
				{netip.MustParseAddr("2001:db8::9"), `EXAMPLE\printer$`, computer, Unsigned}: {1, third, third},
			}
			for k, s := range l.events {
				s.first, s.last = s.first.Truncate(time.Second), s.last.Truncate(time.Second)
				if w := want[k]; w == nil || timed && *w != *s || !timed && !s.first.IsZero() {
					t.Errorf("has %+v %+v, want %+v", k, *s, w)
				}
			}
			if len(l.events) != len(want) {
				t.Errorf("%d clients", len(l.events))
			}
		})
	}
}

// TestBroken holds what is said of files that are no list: the place, and what to
// do.
func TestBroken(t *testing.T) {
	long := strings.Repeat("x", maxRecord)
	for name, c := range map[string]struct{ text, want string }{
		"nothing":            {"", "x: the file is empty; an exported list of event 2889 is XML, CSV or JSON (see docs/event-2889.md)"},
		"blanks":             {"\n \n", "x: the file is empty; "},
		"a binary log":       {"ElfFile\x00\x00\x01", `x: an event log in binary form (.evtx); export it on Windows: wevtutil qe "x" /lf:true`},
		"prose":              {"Dear all,\nthis is no list.\n", "x:1: no column is known; "},
		"columns of another": {"name;size\na;1\n", "x:1: no column is known; "},
		"XML cut short":      {"<Events>\n<Event><System>\n", "x:3: broken XML: unexpected EOF; export the list again"},
		"XML of another":     {"\n\n<html><body>x</body></html>", "x: no event is in it; "},
		"XML, much of it":    {"<a>" + strings.Repeat("<b/>", maxRecord/3) + "</a>", "x: no event is in its first MiB; "},
		"XML, deep":          {"<Event></Event>\n" + strings.Repeat("<a>", 40), "x:2: elements within more than 32 others; "},
		"XML, not closed":    {"\n<Events>\n<Event></Eventt>\n</Events>", "x:3: broken XML: element <Event> closed by </Eventt>; export"},
		"entities":           {"<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><Event><EventData><Data>&b;</Data></EventData></Event>", "x:1: broken XML: invalid character entity &b;; export"},
		"a huge event":       {"<Events>\n<Event>" + long + long, "x:2: an event of more than 1 MiB, or one that does not end; "},
		"a huge start":       {"<Events " + long + long, "an event of more than 1 MiB"},
		"JSON cut short":     {"[\n{\"Id\": 2889,\n", "x:2: the JSON ends too early; export the list again"},
		"JSON of another":    {"[\n1]", "x:2: a number stands where an event should; "},
		"broken JSON":        {"{\n\"Id\": 2889,\n]", "x:3: broken JSON: invalid character ']' "},
		"JSON, huge":         {"[\"" + long + long, "x:1: an event of more than 1 MiB"},
		"JSON, not closed":   {"[{\"Id\":1}\n", "x:1: the JSON ends too early"},
		"CSV, quote":         {"\"Id\",\"Message\"\n2889,\"a\" b\n", `x:2: broken CSV: extraneous or missing " in quoted-field; export the list again`},
		"CSV, not closed":    {"\"Id\",\"Message\"\n\n2889,\"a\n", `x:3: broken CSV: extraneous or missing " in quoted-field; export`},
		"CSV, huge":          {"\"Id\",\"Message\"\n2889,\"" + long + long, "x:2: an event of more than 1 MiB"},
		"CSV, names":         {"\"Id,Message\n2889\n", "x:1: the names of the columns cannot be read"},
	} {
		var l List
		err := l.read("x", strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	var l List
	if err := l.Read(t.TempDir()); err == nil {
		t.Error("a folder is a list")
	}
}

func TestMessages(t *testing.T) {
	for text, want := range map[string]string{
		"Client IP address: 10.0.0.7:51022 Identity the client attempted to authenticate as: EXAMPLE\\a b Binding Type: 0": `10.0.0.7 EXAMPLE\a b 0`,
		"Adresse IP du client :\n10.0.0.7:51022\nIdentité :\nEXAMPLE\\é\nType de liaison :\n1":                             `10.0.0.7 EXAMPLE\é 1`,
		"Client-IP: 10.0.0.7:51022\r\nIdent: a\r\nTyp: 1\r\n":                                                              `10.0.0.7 a 1`,
		"客户端 IP 地址：\n[2001:db8::7]:1\n身份：\n甲\n绑定类型：\n0":                                                                    `2001:db8::7 甲 0`,
		"Client-IP:\n[fe80::1%12]:50000\nIdent:\n\nTyp:\n0":                                                                `fe80::1  0`,
		"": "", "Binding Type:\n1": "", "10.0.0.7:1\nx\n2": "", "Client:\n10.0.0.7\nIdent:\nx\nTyp:\n1": "",
	} {
		client, identity, kind, ok := readMessage(text)
		got := ""
		if ok {
			got = client.String() + " " + identity + " " + string('0'+rune(kind))
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestOddEvents(t *testing.T) {
	var l List
	text := "\"Id\",\"Message\"\n2889,nothing that is understood\n2887,other\n2889,\"Client IP address: 10.0.0.7:1\nIdentity the client attempted to authenticate as: a\x1b[31m\u202e\nBinding Type: 1\"\n"
	if err := l.read("x.csv", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if l.Total != 1 || l.Others != 1 || l.Unread != 1 || l.FirstAt != "x.csv:2" {
		t.Errorf("%+v", l)
	}
	for k := range l.events {
		if strings.ContainsAny(k.identity, "\x1b\u202e") {
			t.Errorf("%q is told", k.identity)
		}
	}
}

// TestBounds reads more clients than anybody has.
func TestBounds(t *testing.T) {
	var text strings.Builder
	text.WriteString("ip,user,bindtype\n")
	for i := range maxKeys + 10 {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		text.WriteString(a.String() + "," + strings.Repeat("é", 200) + ",1\n")
	}
	var l List
	if err := l.read("x", strings.NewReader(text.String())); err != nil {
		t.Fatal(err)
	}
	if len(l.events) != maxKeys || l.Left != 10 || l.Total != maxKeys+10 {
		t.Errorf("%d clients, %d left out, %d events", len(l.events), l.Left, l.Total)
	}
	for k := range l.events {
		if len(k.identity) > maxName+len("…") {
			t.Fatalf("a name of %d octets", len(k.identity))
		}
		break
	}
}

// simpleBinds is a use that event 2889 tells of, and sealed one that it does not.
func simpleBinds() *detect.Use {
	u := new(detect.Use)
	u.Binds[detect.Simple][detect.None] = 3
	return u
}

func sealed() *detect.Use {
	u := new(detect.Use)
	u.Binds[detect.SASL][detect.None], u.Connections[detect.SASLSealed] = 1, 1
	return u
}

func TestCompare(t *testing.T) {
	var l List
	if err := l.read("x", strings.NewReader(`computer,time,client,identity,type
dc1,2026-11-24 14:00:00,10.0.0.1:1,EXAMPLE\both,1
dc1,2026-11-24 15:00:00,10.0.0.1:2,EXAMPLE\both,0
dc2,2026-11-25 14:00:00,10.0.0.2:1,unseen@example.org,1
dc2,2026-11-25 14:00:00,10.0.0.3:1,EXAMPLE\safe,0
`)); err != nil {
		t.Fatal(err)
	}
	l.Files = []string{"x"}
	addr, server := netip.MustParseAddr, netip.MustParseAddrPort("10.0.0.9:389")
	n := &detect.Inventory{Uses: map[detect.UseKey]*detect.Use{
		{Client: addr("10.0.0.1"), Server: server, Identity: "CN=Both,dc=example,dc=org"}: simpleBinds(),
		{Client: addr("10.0.0.1"), Server: server, Identity: ""}:                          sealed(),
		{Client: addr("10.0.0.3"), Server: server, Identity: `EXAMPLE\safe`}:              sealed(),
		{Client: addr("10.0.0.4"), Server: server, Identity: "uid=wire,dc=example"}:       simpleBinds(),
		{Client: addr("10.0.0.5"), Server: server, Identity: "fine"}:                      sealed(),
	}}
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	c := l.Compare(n, at, at.Add(48*time.Hour))
	var rows []string
	for _, r := range c.Clients {
		rows = append(rows, r.Address.String()+" "+string(r.Where)+" by "+strings.Join(r.LoggedBy, ",")+" as "+strings.Join(r.Identities, ","))
	}
	want := []string{
		"10.0.0.2 only-events by dc2 as unseen@example.org", `10.0.0.3 only-events-seen by dc2 as EXAMPLE\safe`,
		"10.0.0.4 only-wire by  as uid=wire,dc=example", `10.0.0.1 both by dc1 as EXAMPLE\both`,
	}
	if !slices.Equal(rows, want) {
		t.Errorf("clients\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	rows = nil
	for _, r := range c.Accounts {
		rows = append(rows, r.Name+" "+string(r.Where))
	}
	if want := []string{"unseen@example.org only-events", `EXAMPLE\safe only-events-seen`, "uid=wire,dc=example only-wire", `EXAMPLE\both both`}; !slices.Equal(rows, want) {
		t.Errorf("accounts %q, want %q", rows, want)
	}
	each := ByWhere{1, 1, 1, 1}
	if c.ClientCount != each || c.AccountCount != each || c.Apart || c.Events != 4 {
		t.Errorf("%+v", c)
	}
	if want := []Logger{{"dc1", 2, 1}, {"dc2", 2, 2}}; !reflect.DeepEqual(c.Loggers, want) {
		t.Errorf("logged by %+v", c.Loggers)
	}
	if both := c.Clients[3]; both.Simple != 1 || both.Unsigned != 1 || !slices.Equal(both.Servers, []netip.AddrPort{server}) || both.Last.Hour() != 15 {
		t.Errorf("%+v", both)
	}
	if later := at.Add(30 * 24 * time.Hour); !l.Compare(n, later, later.Add(time.Hour)).Apart {
		t.Error("a month lies between events and packets, and nobody is told")
	}
	if empty := new(List).Compare(&detect.Inventory{}, at, at); empty.Apart || empty.Clients == nil || empty.Accounts == nil {
		t.Errorf("%+v", empty)
	}
}

func TestShort(t *testing.T) {
	for name, want := range map[string]string{
		`EXAMPLE\Mira`: "mira", "mira@example.org": "mira", "CN=Mira,OU=People,DC=example": "mira", "uid=mira": "mira", "mira": "mira", "": "", `EXAMPLE\srv$`: "srv$",
	} {
		if got := short(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

// FuzzRead holds that no file is too odd, and none costs more than it should.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var l List
		err := l.read("x", bytes.NewReader(b))
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than a line: %q", err)
		}
		if uint64(len(l.events)) > l.Total {
			t.Errorf("%d clients in %d events", len(l.events), l.Total)
		}
		l.Compare(&detect.Inventory{}, time.Time{}, time.Time{})
	})
}
