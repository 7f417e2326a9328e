package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// manSection is a part of the man page that no flag tells.
type manSection struct {
	title string
	text  []string   // paragraphs
	items []manEntry // behind them
}

// manEntry is a tagged paragraph.
type manEntry struct{ tag, text string }

// The page has these before and behind the options. Whoever changes what they
// tell changes README.md too.
var (
	manBefore = [...]manSection{
		{title: "NAME", text: []string{"clearbind - report LDAP that travels in the clear"}},
		{title: "DESCRIPTION", text: []string{
			"clearbind reads captures, or watches a mirror port, and reports every password and every query of LDAP that anybody on the path could read: the client, the server, the account, whether the server took the password, and what to do about it. It decrypts nothing, sends nothing and changes nothing, and no output of it holds a password.",
			"Alerts go to standard output and nothing else does; the summary, progress and errors go to standard error. A finding is told once and then counted. A file may be pcap or pcapng, plain or compressed with gzip or zstd, or a folder of them, which is read in name order; - is standard input. Several files are one capture: connections may span them.",
			"With diff, two reports that --report=FILE.json has written are compared: what got better, what got worse, and what was not seen again. With report, reports are made of an inventory that was kept with --inventory: of all sensors and captures that wrote to it, or of some, within days that are chosen; clearbind report --help has its flags.",
		}},
	}
	manBehind = [...]manSection{
		{title: "EXIT STATUS", items: []manEntry{
			{"0", "Done."},
			{"1", "Something could not be read or written; all that could be was reported. A capture that is cut short is one."},
			{"2", "Wrong usage, or a configuration file with mistakes."},
			{"3", "Something at the severity of --fail-on or above was found."},
		}},
		{title: "SIGNALS", items: []manEntry{
			{"SIGINT, SIGTERM", "Write what was found so far and the summary, then end; with status 0 for a sensor."},
			{"SIGHUP", "Of a sensor: open the alert log and Zeek's logs anew, after they were rotated; read the configuration again, of which a broken one changes nothing; look whether the folder of evidence has room again."},
			{"SIGPIPE", "Ignored: a reader of the alerts that leaves ends the run quietly."},
		}},
		{title: "ENVIRONMENT", items: []manEntry{
			{"NO_COLOR", "If it is set and not empty, text has no colours; the same if TERM is dumb."},
			{"NOTIFY_SOCKET", "Where systemd is told that the sensor watches, and that it is alive (sd_notify(3))."},
		}},
		{title: "FILES", items: []manEntry{
			{"FILE.yml", "Configuration of --config: allow list, severities, secret attributes, networks. No file is read without the flag."},
			{"FILE.html, FILE.csv, FILE.json", "Reports, by the ending of the name. Each replaces the file of its name as a whole."},
			{"DIR/ldap.log, DIR/ldap_search.log", "Zeek's logs, of --zeek-logs; appended to."},
			{"DIR/*.pcapng", "Evidence: made with mode 0640 in a folder of mode 0750."},
			{"127.0.0.1:9636", "A sensor's report at /, metrics at /metrics, health at /-/healthy and /-/ready."},
		}},
		{title: "EXAMPLES", items: []manEntry{
			{"clearbind monday.pcap", "Read a capture; text on a terminal, JSON lines in a pipe."},
			{"clearbind --fail-on=high --report=monday.html captures/", "Read a folder, write a page for whoever asked, and exit with 3 if a password went in the clear."},
			{"tcpdump -U -w - port 389 | clearbind -", "Tell it as it comes."},
			{"clearbind --evidence=proof/ monday.pcap", "A small capture for each finding, its secrets overwritten."},
			{"clearbind --events-2889=dc1.xml --report=migration.html captures/", "Compare with what a domain controller logged."},
			{"clearbind -i eth1 -o /var/log/clearbind/alerts.jsonl --config=/etc/clearbind.yml", "Watch a mirror port. Needs CAP_NET_RAW, which is given up at once: setcap cap_net_raw+ep clearbind."},
			{"clearbind diff before.json after.json", "Compare two reports."},
			{"clearbind report --inventory=sqlite:/var/lib/clearbind/inventory.db --since=30d month.html", "What a sensor has kept of the last 30 days."},
		}},
		{title: "SEE ALSO", text: []string{"tcpdump(8), tshark(1), capabilities(7)", "https://github.com/clearbind/clearbind has the pages of the rules, of every field of an alert, and of every counter."}},
	}
)

// manPage gives the page of the program for man(1), in the macros of man(7). It
// has no version and no date: the same flags give the same page.
func manPage(app *kingpin.ApplicationModel) string {
	var b strings.Builder
	b.WriteString(".TH CLEARBIND 1 \"\" clearbind \"User Commands\"\n")
	manBefore[0].write(&b)
	b.WriteString(".SH SYNOPSIS\n.B clearbind\n[\\fIflags\\fR] \\fIFILE\\fR...\n.br\n.B clearbind\n[\\fIflags\\fR] \\fB\\-i\\fR \\fINAME\\fR...\n.br\n.B clearbind diff\n\\fIBEFORE.json AFTER.json\\fR\n.br\n.B clearbind report\n\\fB\\-\\-inventory\\fR=\\fIDATABASE\\fR \\fIFILE\\fR...\n")
	for i := range manBefore[1:] {
		manBefore[1+i].write(&b)
	}
	b.WriteString(".SH OPTIONS\n")
	for _, g := range groups(app.Flags) {
		fmt.Fprintf(&b, ".SS %s\n", g.Title)
		for _, f := range g.Flags {
			writeFlag(&b, f)
		}
	}
	for i := range manBehind {
		manBehind[i].write(&b)
	}
	return b.String()
}

func (s *manSection) write(b *strings.Builder) {
	fmt.Fprintf(b, ".SH %s\n", s.title)
	for i, p := range s.text {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(roff(p) + "\n")
	}
	for _, e := range s.items {
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR\n%s\n", roff(e.tag), roff(e.text))
	}
}

func writeFlag(b *strings.Builder, f *kingpin.FlagModel) {
	b.WriteString(".TP\n")
	if f.Short != 0 {
		fmt.Fprintf(b, "\\fB\\-%c\\fR, ", f.Short)
	}
	name, help := "--"+f.Name, f.Help
	switch d := strings.Join(f.Default, ","); {
	case f.Name == "help":
		help = "Show the flags."
	case d == "true":
		name = "--[no-]" + f.Name
		help += " On by default."
	case d != "" && d != "-": // which the help explains
		help += " Default: " + d + "."
	}
	fmt.Fprintf(b, "\\fB%s\\fR", roff(name))
	if !f.IsBoolFlag() {
		fmt.Fprintf(b, "=\\fI%s\\fR", roff(f.FormatPlaceHolder()))
	}
	b.WriteString("\n" + roff(help) + "\n")
}

// roff escapes what troff would take for more than text.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ", "…", `\[u2026]`).Replace(strings.TrimSpace(s))
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
