package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/alertlog"
	"github.com/clearbind/clearbind/internal/settings"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/term"
)

// config is what the command line says. This file alone knows flags.
type config struct {
	paths   []string // capture files and folders; - is standard input
	workers int      // from 1 to decode.Shards
	detect  detect.Config

	interfaces     []string // to watch; nil: files are read
	listInterfaces bool
	snaplen        int // octets
	ringSize       int // octets
	promiscuous    bool
	tunnels        bool

	output      string // file to append alerts to; - is stdout; or a syslog destination
	syslog      alertlog.Destination
	format      string // auto, text, json or syslog
	minSeverity detect.Severity
	failOn      detect.Severity // 0: nothing is a failure

	zeekLogs      string   // folder of Zeek's logs; "": none
	reports       []string // files to write
	events        []string // exported lists of event 2889
	file          string   // configuration; "": none
	checkOnly     bool
	settings      *settings.Settings
	warnings      []string      // of flags
	flagged       detect.Config // as the flags alone have it: what a reload starts from
	evidence      string        // folder; "": none
	evidenceLimit int64         // octets of it

	inventory inventoryConfig

	web           web.FlagConfig
	telemetryPath string
	log           promslog.Config

	crashOnPanic bool // tests: die of what the program survives
}

// live says whether interfaces are watched.
func (c *config) live() bool { return len(c.interfaces) > 0 }

const synopsis = `Report LDAP that travels in the clear: every password and every query that anybody on the path could read, with the client, the server, the account, and whether the server took the password.

Alerts go to stdout, everything else to stderr. Exit status: 0 done, 1 something could not be read or written, 2 wrong usage, 3 --fail-on found something.

Examples:
  clearbind monday.pcap
  clearbind --fail-on=high --format=json captures/ > alerts.jsonl
  tcpdump -U -w - port 389 | clearbind -
  clearbind --report=monday.html monday.pcap
  clearbind -i eth1 --output=/var/log/clearbind/alerts.jsonl
  clearbind -i eth1 --inventory=sqlite:/var/lib/clearbind/inventory.db
  clearbind report --inventory=sqlite:/var/lib/clearbind/inventory.db --since=30d month.html
  clearbind diff before.json after.json`

// severityWords are what severities are called.
var severityWords = []string{"info", "low", "medium", "high", "critical"}

// errShown says that help, the version or a completion was asked for and shown;
// errStdout, that it was asked for and could not be written.
var (
	errShown  = errors.New("shown")
	errStdout = errors.New("stdout")
)

// lone stands for a lone - on the command line while kingpin reads it, which
// takes that for a flag without a name. No argument of a process can hold a NUL.
const lone = "\x00"

// texts are flags that are checked after all are read.
type texts struct {
	workers, ports, tlsPorts, least, failOn, repeat, ring, key, pseudonyms, evidenceLimit string
	nets, ignore                                                                          []string
	inventory                                                                             inventoryTexts
}

// parse reads the command line. errShown: there is nothing more to do; any
// other error but errStdout is wrong usage.
func parse(args []string, stdout, stderr *os.File) (*config, error) {
	c, t := &config{}, &texts{}
	var text bytes.Buffer // kingpin panics where it cannot write
	app := kingpin.New("clearbind", synopsis).UsageWriter(&text).ErrorWriter(stderr)
	if term.IsTerminal(int(stdout.Fd())) {
		app.UsageWriter(stdout) // help is as wide as that
	}
	app.HelpFlag.Short('h')
	grouped(app)
	shown := false
	app.Terminate(func(int) { shown = true })
	app.Flag("version", "Show the version.").PreAction(func(*kingpin.ParseContext) error {
		shown = true
		fmt.Fprintln(&text, version.Print("clearbind"))
		return nil
	}).Bool()
	read := app.Flag("read", "Capture file or folder to read; - is standard input. Repeatable; bare arguments are the same.").Short('r').PlaceHolder("FILE").Strings()
	files := app.Arg("file", "Capture files (pcap or pcapng, plain or compressed with gzip or zstd) or folders of them; - is standard input.").Strings()
	c.liveFlags(app, t)
	c.ldapFlags(app, t)
	c.alertFlags(app, t)
	c.inventoryFlags(app, &t.inventory)
	c.webFlags(app)
	promslogflag.AddFlags(app, &c.log)

	var err error
	if slices.Contains(args, "--help-man") { // kingpin's page lacks most of what one has
		shown = true
		text.WriteString(manPage(app.Model()))
	} else {
		_, err = app.Parse(swap(args, "-", lone))
	}
	var write *fs.PathError
	switch {
	case errors.As(err, &write) && write.Op == "write": // a completion goes to stdout at once
		return nil, fmt.Errorf("%w: %v", errStdout, err)
	case shown:
		if _, err := text.WriteTo(stdout); err != nil {
			return nil, fmt.Errorf("%w: %v", errStdout, err)
		}
		return nil, errShown
	case err != nil:
		return nil, fmt.Errorf("%w; clearbind --help shows all flags", err)
	}
	c.paths = swap(append(*read, *files...), lone, "-")
	c.detect.Records = c.zeekLogs != ""
	if c.output == lone {
		c.output = "-"
	}
	c.listen()
	return c, errors.Join(c.check(), c.decoders(t.workers), c.severities(t.least, t.failOn), c.lists(t.ports, t.tlsPorts, t.nets, t.ignore),
		c.repeat(t.repeat), c.ring(t.ring), c.destination(), c.keys(t.key, t.pseudonyms), c.evidenceFlags(t.evidenceLimit), c.keeping(&t.inventory), c.load(time.Now()))
}

func (c *config) liveFlags(app *kingpin.Application, t *texts) {
	app.Flag("interface", "Watch this interface instead of reading files (Linux; needs CAP_NET_RAW); any is all of them. Repeatable.").Short('i').PlaceHolder("NAME").HintAction(interfaceNames).StringsVar(&c.interfaces)
	app.Flag("list-interfaces", "List the interfaces that can be watched.").Short('D').BoolVar(&c.listInterfaces)
	app.Flag("snaplen", "Octets of each frame to look at.").Default("262144").PlaceHolder("262144").IntVar(&c.snaplen)
	app.Flag("ring-size", "Memory of an interface for frames that wait, dealt out to the workers.").Default("32MiB").PlaceHolder("32MiB").StringVar(&t.ring)
	app.Flag("promiscuous", "Take frames that are for other hosts, as a mirror port delivers them.").Default("true").BoolVar(&c.promiscuous)
	app.Flag("tunnels", "Look into GRE, ERSPAN, VXLAN, GENEVE, MPLS, PPPoE and IP in IP on interfaces; files are always looked into.").Default("true").BoolVar(&c.tunnels)
	app.Flag("workers", "Goroutines that decode, each its own hosts; the output does not depend on it. Default: the processors there are.").Short('w').PlaceHolder("N").StringVar(&t.workers)
}

func (c *config) ldapFlags(app *kingpin.Application, t *texts) {
	app.Flag("ldap.port", "Plaintext and StartTLS ports; replaces the default.").Default("389,3268").PlaceHolder("PORT,…").StringVar(&t.ports)
	app.Flag("ldap.tls-port", "LDAPS ports: LDAP in the clear on them is a finding.").Default("636,3269").PlaceHolder("PORT,…").StringVar(&t.tlsPorts)
	app.Flag("ldap.any-port", "Look for LDAP on every TCP port, by content.").BoolVar(&c.detect.AnyPort)
	app.Flag("net", "Only connections with an end in this network. Repeatable.").PlaceHolder("CIDR").StringsVar(&t.nets)
	app.Flag("ignore-net", "No connection with an end in this network. Repeatable.").PlaceHolder("CIDR").StringsVar(&t.ignore)
}

func (c *config) alertFlags(app *kingpin.Application, t *texts) {
	app.Flag("output", "File to append alerts to, opened anew at SIGHUP; - is stdout; syslog, unix:///path, udp://, tcp:// or tls://host:port send them to a collector.").Short('o').Default("-").PlaceHolder("FILE").StringVar(&c.output)
	app.Flag("format", "Form of alerts: auto is text on a terminal, syslog for a collector, JSON lines elsewhere.").Default("auto").PlaceHolder("auto|text|json|syslog").HintOptions("auto", "text", "json", "syslog").StringVar(&c.format)
	app.Flag("min-severity", "Leave out alerts below info, low, medium, high or critical.").Default("low").PlaceHolder("low").HintOptions(severityWords...).StringVar(&t.least)
	app.Flag("repeat-interval", "Tell the same finding (rule, client, server, identity) once in this time and count it meanwhile; 0 tells every event. Default: 1h for interfaces, once in the whole run for files.").PlaceHolder("DURATION").StringVar(&t.repeat)
	app.Flag("fail-on", "Exit with status 3 if something at or above this severity was found, told or not.").PlaceHolder("SEVERITY").HintOptions(severityWords...).StringVar(&t.failOn)
	app.Flag("report", "Inventory and readiness report to write, in the form of its ending: html, csv or json. Repeatable.").PlaceHolder("FILE.html").StringsVar(&c.reports)
	app.Flag("zeek-logs", "Folder to append ldap.log and ldap_search.log to, with the columns and words of Zeek's; passwords are never in them. SIGHUP reopens them.").PlaceHolder("DIR").StringVar(&c.zeekLogs)
	app.Flag("pseudonyms", "File with a key of at least 16 octets: names and DNs are told as keyed hashes, in alerts, reports, logs and summary, so that these can be handed on. Addresses stay.").PlaceHolder("KEYFILE").StringVar(&t.pseudonyms)
	app.Flag("events-2889", "Exported list of event 2889 (XML, CSV or JSON) of domain controllers, to compare with the wire in summary and reports. Repeatable.").PlaceHolder("FILE").StringsVar(&c.events)
	app.Flag("evidence", "Folder for evidence: a small capture for each finding that is told, its secrets overwritten.").PlaceHolder("DIR").StringVar(&c.evidence)
	app.Flag("evidence-limit", "Size the folder of evidence may reach; what is beyond is counted.").Default("1GiB").PlaceHolder("1GiB").StringVar(&t.evidenceLimit)
	app.Flag("config", "Configuration file: allow list, severities, secret attributes, networks. SIGHUP reads it anew.").PlaceHolder("FILE.yml").StringVar(&c.file)
	app.Flag("check-config", "Check the configuration file, tell every mistake with its line, and exit.").BoolVar(&c.checkOnly)
	app.Flag("secret-fingerprint-key", "File with a key of at least 16 octets: alerts get a keyed hash of the password, to see one password in many places.").PlaceHolder("FILE").StringVar(&t.key)
}

func (c *config) inventoryFlags(app *kingpin.Application, t *inventoryTexts) {
	app.Flag("inventory", "Keep the inventory (clients, servers, accounts, findings by day) here, across restarts or for a fleet; clearbind report makes reports of it. Default: in memory.").PlaceHolder("sqlite:FILE|postgres://…").StringVar(&t.at)
	app.Flag("inventory.sensor", "Name to write under. Default: the name of the host for interfaces, captures for files.").PlaceHolder("NAME").StringVar(&c.inventory.sensor)
	app.Flag("inventory.keep", "Days to keep what interfaces brought; 0 keeps it for ever.").Default("400d").PlaceHolder("400d").StringVar(&t.keep)
	app.Flag("inventory.interval", "Time between two writes: what a crash may cost.").Default("1m").PlaceHolder("1m").StringVar(&t.interval)
}

func (c *config) webFlags(app *kingpin.Application) {
	c.web.WebListenAddresses = app.Flag("web.listen-address", "Serve the report, metrics and health here; after the last file go on until interrupted, so that they can be scraped. Repeatable; off serves nothing. Default: 127.0.0.1:9636 for interfaces, off for files.").PlaceHolder("ADDR").Strings()
	c.web.WebConfigFile = app.Flag("web.config.file", "TLS and authentication of the endpoint (exporter-toolkit's web configuration).").PlaceHolder("FILE").String()
	c.web.WebSystemdSocket = new(bool)
	app.Flag("web.telemetry-path", "Path of the metrics.").Default("/metrics").PlaceHolder("/metrics").StringVar(&c.telemetryPath)
}
