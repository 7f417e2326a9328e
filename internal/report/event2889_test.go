package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/internal/event2889"
)

// eventList reads a list that is written here.
func eventList(t testing.TB, text string) *event2889.List {
	t.Helper()
	path := filepath.Join(t.TempDir(), "2889.csv")
	if err := os.WriteFile(path, []byte("computer,time,client,identity,type\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	l := new(event2889.List)
	if err := l.Read(path); err != nil {
		t.Fatal(err)
	}
	l.Files = []string{"2889.csv"}
	return l
}

// officeEvents are those of the domain controllers of an office: some of what its
// mirror shows, and some of what it does not.
func officeEvents(t testing.TB) *event2889.List {
	t.Helper()
	var rows strings.Builder
	for i := range 40 {
		fmt.Fprintf(&rows, "dc%d.corp.example.org,2026-03-0%d 10:15:00,10.21.0.%d:5%04d,CORP\\svc-%03d,%d\n", 1+i%3, 1+i%9, 4+2*i, i, 2*i, i%2)
	}
	return eventList(t, rows.String())
}

func TestEventsInEveryForm(t *testing.T) {
	in := shipped(t, "simple-bind-success.pcap", "ad-ntlm-plain.pcap")
	plain := write(t, "html", in)
	in.Events = eventList(t, "dc1,2026-11-24 15:00:00,10.39.0.7:1,EXAMPLE\\mira,1\ndc2,2026-11-24 15:00:00,10.0.0.9:1,EXAMPLE\\<b>,0\n")
	page := string(write(t, "html", in))
	for _, want := range []string{`<section class="wrap" id="event-2889"`, `<a href="#event-2889">`, "only in the events", "in both", "dc2", `EXAMPLE\&lt;b&gt;`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if bytes.Contains(plain, []byte("event-2889")) {
		t.Error("the page tells of events where there are none")
	}
	table, object := string(write(t, "csv", in)), string(write(t, "json", in))
	if n := strings.Count(table, ",both\n"); n != strings.Count(table, "\n")-1 {
		t.Errorf("%d rows are in both:\n%s", n, table)
	}
	for _, want := range []string{`"event_2889_client": "both"`, `"where": "only-events"`, `"logged_by": [`, `"clients_by_place": {`} {
		if !strings.Contains(object, want) {
			t.Errorf("the JSON lacks %s:\n%s", want, object)
		}
	}
	m, err := Read(strings.NewReader(object))
	if err != nil || m.Event2889 == nil || m.Event2889.ClientCount.OnlyEvents != 1 {
		t.Errorf("read back %+v, %v", m.Event2889, err)
	}
}

func TestEmptyListOfEvents(t *testing.T) {
	in := &Input{Events: eventList(t, "")}
	if page := string(write(t, "html", in)); !strings.Contains(page, "16 LDAP Interface Events") {
		t.Error("nobody is told that the list is empty")
	}
}
