package report

import (
	"reflect"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	before := Build(shipped(t, "simple-bind-success.pcap", "ad-simple-bind-upn.pcap", "confidentiality-required.pcap", "sasl-gssapi-none.pcap"))
	after := Build(shipped(t, "simple-bind-success.pcap", "sasl-plain.pcap", "confidentiality-required.pcap", "starttls-good.pcap"))
	var text strings.Builder
	if err := Diff(before, after).Text(&text); err != nil {
		t.Fatal(err)
	}
	const want = `                                 before        after
Accounts exposed                      2            2
  of them accepted                    2            2
Passwords read                        3            3
Clients                               1            1
  that would be refused               1            1
  that are refused already            0            0
  that cannot be told                 0            0
Connections protected                0%          25%
Operations read                       3            2

Worse: 2
  10.39.0.7 at 10.39.0.5:389 as mira: now would be refused, before not there
  account mira: exposed, and its password accepted

Better: 1
  10.39.0.7 at 10.39.0.5:389 as somebody unseen: now ready, before would be refused

Not seen again (fixed, or only silent): 2
  10.39.0.7 at 10.39.0.5:389 as mira@ad.example.org: before would be refused
  account mira@ad.example.org: not exposed again
`
	if text.String() != want {
		t.Errorf("says\n%s\nwant\n%s", text.String(), want)
	}
}

func TestDiffOfTheSame(t *testing.T) {
	for name, in := range map[string]*Input{"captures": everything(t), "nothing": {}} {
		m := Build(in)
		if c := Diff(m, m); !reflect.DeepEqual(c, &Comparison{Figures: c.Figures}) {
			t.Errorf("%s: differs from itself: %+v", name, c)
		}
	}
}

// TestDiffOfAcceptance: a password that was only tried before is the worse
// when it is right.
func TestDiffOfAcceptance(t *testing.T) {
	before, after := &Model{Accounts: []Account{{Name: "a"}, {Name: "b", Accepted: true}}}, &Model{Accounts: []Account{{Name: "a", Accepted: true}, {Name: "b"}, {Name: "c"}}}
	c := Diff(before, after)
	want := &Comparison{Figures: c.Figures, Worse: []string{"account a: its exposed password was accepted this time", "account c: exposed"}}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("have %+v, want %+v", c, want)
	}
}

// TestDiffOfWhatSomebodyWrote: a report comes from a file, and so from anybody.
func TestDiffOfWhatSomebodyWrote(t *testing.T) {
	m, err := Read(strings.NewReader(`{"schema":1,"uses":[{"readiness":[{"policy":"require-tls","verdict":"refused"},{"verdict":"nonsense"}],"identity":"\u001b[31m\u202e"},{}],"accounts":[{"name":"\u0007"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Comparison{Diff(m, &Model{}), Diff(&Model{}, m)} {
		var text strings.Builder
		if err := c.Text(&text); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), `\1b[31m\e2\80\ae`) || strings.ContainsAny(text.String(), "\x1b\a\u202e") {
			t.Errorf("says %q", text.String())
		}
	}
}
