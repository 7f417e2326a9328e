package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/event2889"
	"github.com/clearbind/clearbind/internal/golden"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden.*")

// forms are the three that a report has.
var forms = map[string]func(io.Writer, *Model) error{
	"html": func(w io.Writer, m *Model) error { return HTML(w, m, nil) }, "csv": CSV, "json": JSON,
}

func write(t testing.TB, form string, in *Input) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := forms[form](&out, Build(in)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// migration is what somebody has before a migration: clients that break, some
// that are refused already, some that are ready, and some of which the wire
// does not tell.
func migration(t testing.TB) *Input {
	return shipped(t, "ad-gssapi-sealed.pcap", "ad-gssapi-signed.pcap", "ad-ntlm-plain.pcap", "ad-stronger-auth-required.pcap", "bind-before-starttls.pcap",
		"confidentiality-required.pcap", "ipv6.pcap", "ldaps-636.pcap", "sasl-gssapi-none.pcap", "sasl-plain.pcap", "search-paged.pcap",
		"simple-bind-success.pcap", "simple-bind-wrong-password.pcap", "starttls-good.pcap", "weak-tls.pcap")
}

// TestGolden holds what is written about shipped captures, byte by byte.
func TestGolden(t *testing.T) {
	in := migration(t)
	in.Blind = []string{"12 gaps in streams, 4813 octets."}
	for _, form := range []string{"csv", "json"} {
		t.Run(form, func(t *testing.T) {
			golden.Compare(t, filepath.Join("testdata", "migration.golden."+form), write(t, form, in), *update)
		})
	}
}

// TestSameInputSameBytes builds the maps anew each time, in whatever order
// they come.
func TestSameInputSameBytes(t *testing.T) {
	for form := range forms {
		first, same := write(t, form, everything(t)), write(t, form, office(300))
		for range 3 {
			if !bytes.Equal(write(t, form, everything(t)), first) || !bytes.Equal(write(t, form, office(300)), same) {
				t.Errorf("%s differs from itself", form)
			}
		}
	}
}

func TestNothingAtAll(t *testing.T) {
	for form := range forms {
		if len(write(t, form, &Input{})) == 0 {
			t.Errorf("%s of nothing is nothing", form)
		}
	}
	for state, in := range map[string]*Input{
		"exposed":  shipped(t, "simple-bind-success.pcap"),
		"readable": shipped(t, "search-without-bind.pcap"),
		"findings": shipped(t, "weak-tls.pcap"),
		"clean":    shipped(t, "starttls-good.pcap", "rootdse-only.pcap", "cldap-netlogon.pcap"),
		"empty":    shipped(t, "ssh-banner-on-389.pcap"),
	} {
		if have, text := headline(&Build(in).Totals); have != state {
			t.Errorf("%s is said to be %s: %s", state, have, text)
		}
	}
}

func TestHeadlineCounts(t *testing.T) {
	for want, totals := range map[string]Totals{
		"1 account had its password sent in the clear":                                          {Accounts: 1},
		"1 account had its password sent in the clear, and a server accepted it":                {Accounts: 1, Accepted: 1},
		"2 accounts had their passwords sent in the clear, all of them accepted by a server":    {Accounts: 2, Accepted: 2},
		"1,234 accounts had their passwords sent in the clear, 12 of them accepted by a server": {Accounts: 1234, Accepted: 12},
		"1 password was sent in the clear":                                                      {Passwords: 1},
		"No password was sent in the clear, but 1 operation could be read":                      {Operations: ByProtection{SASLSigned: 1}},
	} {
		if _, have := headline(&totals); have != want {
			t.Errorf("says %q, want %q", have, want)
		}
	}
	for want, n := range map[string][2]uint64{"–": {0, 0}, "0%": {0, 9}, "1%": {1, 1000}, "50%": {1, 2}, "99%": {999, 1000}, "100%": {7, 7}} {
		if have := percent(n[0], n[1]); have != want {
			t.Errorf("%d of %d is %s, want %s", n[0], n[1], have, want)
		}
	}
}

// TestNoSecret looks in every form for the passwords of every capture.
func TestNoSecret(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(pcaps, "labels.json"))
	if err != nil {
		t.Fatal(err)
	}
	var labels struct {
		Captures map[string]struct{ Secrets []string }
	}
	if err := json.Unmarshal(text, &labels); err != nil {
		t.Fatal(err)
	}
	in := everything(t)
	for form := range forms {
		have := write(t, form, in)
		n := 0
		for _, c := range labels.Captures {
			for _, secret := range c.Secrets {
				n++
				for _, s := range []string{secret, html.EscapeString(secret)} {
					if bytes.Contains(have, []byte(s)) {
						t.Errorf("a secret stands in the %s", form)
					}
				}
			}
		}
		if n == 0 {
			t.Fatal("no secrets to look for")
		}
	}
}

func TestReadGivesBackWhatJSONWrote(t *testing.T) {
	for name, in := range map[string]*Input{"captures": everything(t), "office": office(50), "nothing": {}} {
		have, err := Read(bytes.NewReader(write(t, "json", in)))
		if err != nil {
			t.Fatal(err)
		}
		want := Build(in)
		for i := range want.Uses { // an empty map is left out
			u := &want.Uses[i]
			for _, m := range []*map[string]uint64{&u.Mechanisms, &u.TLSVersions, &u.Findings} {
				if len(*m) == 0 {
					*m = nil
				}
			}
		}
		if !reflect.DeepEqual(have, want) {
			t.Errorf("%s: read back\n%+v\nwritten\n%+v", name, have, want)
		}
	}
	for name, text := range map[string]string{"no JSON": "{", "another schema": `{"schema":2}`, "none": `{}`, "a list": `[]`} {
		if m, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s was read as %+v", name, m)
		}
	}
}

// hostile are names that are more than text somewhere.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'-alert(1)-'`, `</style><script>`, `]]><!--`, "{{.Version}}", "javascript:alert(1)",
	`=HYPERLINK("http://x","y")`, "+1", "-1+2", "@SUM(A1)", "\tcmd", "\r\nSet: x", "＝1", "a,b\"c", "\x1b]0;title\a", "\u202egnp.exe", "\u2066x\u2069", "\u200b", "\xff\xfe", "\x00",
	strings.Repeat("x", 1024), "שלום", "\u2028", "&lt;b&gt;",
}

// hostileInput has them wherever a name can stand.
func hostileInput() *Input {
	in := office(30)
	for i, name := range hostile {
		client, server := netip.AddrFrom4([4]byte{10, 66, 0, byte(i)}), netip.MustParseAddrPort("10.20.0.5:389")
		in.Inventory.Uses[detect.UseKey{Client: client, Server: server, Identity: name}] = &detect.Use{
			First: noon(), Last: noon(), Passwords: 1, Mechanisms: map[string]uint64{name: 1}, TLSVersions: map[string]uint64{name: 1}}
		in.Inventory.Accounts[name] = &detect.Account{Count: 1, First: noon(), Last: noon()}
		in.Inventory.Queries[detect.QueryKey{Scope: "subtree", Filter: name}] = &detect.Query{Base: name, Count: 1}
	}
	in.Events = new(event2889.List) // hostile events are event2889's to test; here, the wire's names beside them
	in.Sources, in.Blind, in.Version = hostile, hostile, strings.Join(hostile, "")
	return in
}

// TestHostileNamesAreText parses the page as a browser does: it has the
// elements of our template and no other, and nothing in it is more than text.
func TestHostileNamesAreText(t *testing.T) {
	in := hostileInput()
	var page bytes.Buffer
	if err := HTML(&page, Build(in), []Link{{"/metrics", hostile[0]}, {"javascript:alert(1)", "no"}}); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(&page)
	if err != nil {
		t.Fatal(err)
	}
	scripts, found := 0, map[string]bool{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			switch n.Data {
			case "script":
				scripts++
			case "img", "iframe", "object", "embed", "base", "audio", "video", "foreignObject":
				t.Errorf("the page has a %s", n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "href" && a.Val != "data:," && a.Val[0] != '#' && a.Val != "/metrics" {
					t.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
				}
			}
		}
		if n.Type == html.ElementNode && n.Data == "bdi" {
			found[textOf(n)] = true
		}
	}
	if scripts != 1 {
		t.Errorf("%d scripts", scripts)
	}
	for _, name := range hostile {
		if !found[detect.Plain(name)] {
			t.Errorf("%q is not on the page as %q", name, detect.Plain(name))
		}
	}
	for form := range forms {
		for _, r := range string(write(t, form, in)) {
			if r < 0x20 && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || strings.ContainsRune("\u200b\u202e\u2066\u2069\u2028\ufffd", r) {
				t.Errorf("%s holds %U", form, r)
			}
		}
	}
}

func textOf(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	return text.String()
}

// TestPageIsWellFormed wants every tag closed in its order, ids once, and
// every reference answered.
func TestPageIsWellFormed(t *testing.T) {
	void := map[string]bool{"meta": true, "link": true, "input": true, "br": true, "wbr": true}
	for name, in := range map[string]*Input{"captures": everything(t), "nothing": {}, "live": {Live: true}, "hostile": hostileInput()} {
		z := html.NewTokenizer(bytes.NewReader(write(t, "html", in)))
		var open []string
		ids, wanted := map[string]int{}, map[string]bool{}
		for z.Next() != html.ErrorToken {
			tok := z.Token()
			for _, a := range tok.Attr {
				switch {
				case a.Key == "id":
					ids[a.Val]++
				case a.Key == "aria-labelledby":
					wanted[a.Val] = true
				case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
					wanted[a.Val[1:]] = true
				}
			}
			switch {
			case tok.Type == html.StartTagToken && !void[tok.Data]:
				open = append(open, tok.Data)
			case tok.Type == html.EndTagToken:
				if len(open) == 0 || open[len(open)-1] != tok.Data {
					t.Fatalf("%s: </%s> where %q are open", name, tok.Data, open)
				}
				open = open[:len(open)-1]
			}
		}
		if z.Err() != io.EOF || len(open) > 0 {
			t.Errorf("%s: %v, %q left open", name, z.Err(), open)
		}
		for id, n := range ids {
			if n != 1 {
				t.Errorf("%s: id %s %d times", name, id, n)
			}
		}
		delete(wanted, "ZgotmplZ") // what html/template makes of a link that would run something
		for id := range wanted {
			if ids[id] == 0 {
				t.Errorf("%s: nothing has the id %s", name, id)
			}
		}
		if refresh := bytes.Contains(write(t, "html", in), []byte(`http-equiv="refresh" content="30"`)); refresh != in.Live {
			t.Errorf("%s: refreshes %t", name, refresh)
		}
	}
}

// TestPageOfALargeNetwork bounds the page, not the report.
func TestPageOfALargeNetwork(t *testing.T) {
	in := office(20000)
	page := write(t, "html", in)
	if most := 8 << 20; len(page) > most {
		t.Errorf("the page has %d octets", len(page))
	}
	if !bytes.Contains(page, []byte("The first 2,000 of 20,000.")) {
		t.Error("the page does not say how many rows it leaves out")
	}
	rows, err := csv.NewReader(bytes.NewReader(write(t, "csv", in))).ReadAll()
	if err != nil || len(rows) != 20001 {
		t.Errorf("the CSV has %d rows: %v", len(rows), err)
	}
	if m, err := Read(bytes.NewReader(write(t, "json", in))); err != nil || len(m.Uses) != 20000 {
		t.Errorf("the JSON has %d uses: %v", len(m.Uses), err)
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(write(t, "csv", hostileInput()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, row := range rows {
		for i, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") || strings.HasPrefix(cell, "＝") {
				t.Errorf("column %s: %q", rows[0][i], cell)
			}
		}
		names[row[2]] = true
	}
	for _, want := range []string{`'=HYPERLINK("http://x","y")`, "'+1", "'@SUM(A1)", `a,b"c`, `\09cmd`} {
		if !names[want] {
			t.Errorf("no cell is %q", want)
		}
	}
}

// TestEveryNameIsDocumented holds docs/report.md against the code.
func TestEveryNameIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/report.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range columns {
		if !bytes.Contains(page, []byte("\n| `"+c.name+"` |")) {
			t.Errorf("docs/report.md does not list the column %s", c.name)
		}
	}
	var walk func(at string, typ reflect.Type)
	walk = func(at string, typ reflect.Type) {
		for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map || typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[Model]().PkgPath() && typ.PkgPath() != reflect.TypeFor[event2889.Comparison]().PkgPath() {
			return
		}
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || strings.ToLower(name) != name {
				t.Errorf("%s.%s is %q in JSON", typ.Name(), f.Name, name)
			}
			if !bytes.Contains(page, []byte(fmt.Sprintf("`%s`", name))) {
				t.Errorf("docs/report.md does not say what %s%s is", at, name)
			}
			walk(at+name+".", f.Type)
		}
	}
	walk("", reflect.TypeFor[Model]())
}
