package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
)

// config is what the command line says. This file alone knows flags.
type config struct {
	paths   []string // capture files and folders; - is standard input
	workers int      // from 1 to decode.Shards; a pipe has one all the same
	detect  detect.Config

	output      string // file to append alerts to; - is stdout
	format      string // auto, text or json
	minSeverity detect.Severity
	failOn      detect.Severity // 0: nothing is a failure

	web           web.FlagConfig
	telemetryPath string
	log           promslog.Config

	crashOnPanic bool // tests: die of what the program survives
}

const synopsis = `Report LDAP that travels in the clear: every password and every query that anybody on the path could read, with the client, the server, the account, and whether the server took the password.

Alerts go to stdout, everything else to stderr. Exit status: 0 done, 1 something could not be read or written, 2 wrong usage, 3 --fail-on found something.

Examples:
  clearbind monday.pcap
  clearbind --fail-on=high --format=json captures/ > alerts.jsonl
  tcpdump -w - port 389 | clearbind -`

// errShown says that help, the version or a completion was asked for and shown.
var errShown = errors.New("shown")

// lone stands for a lone - on the command line while kingpin reads it, which
// takes that for a flag without a name. No argument of a process can hold a NUL.
const lone = "\x00"

// parse reads the command line. errShown: there is nothing more to do; any
// other error is wrong usage.
func parse(args []string, stdout, stderr io.Writer) (*config, error) {
	c := &config{}
	app := kingpin.New("clearbind", synopsis).UsageWriter(stdout).ErrorWriter(stderr)
	app.HelpFlag.Short('h')
	shown := false
	app.Terminate(func(int) { shown = true })
	app.Flag("version", "Show the version.").PreAction(func(*kingpin.ParseContext) error {
		shown = true
		_, err := fmt.Fprintln(stdout, version.Print("clearbind"))
		return err
	}).Bool()

	read := app.Flag("read", "Capture file or folder to read; - is standard input. Repeatable; bare arguments are the same.").Short('r').PlaceHolder("FILE").Strings()
	files := app.Arg("file", "Capture files (pcap or pcapng, plain or compressed with gzip or zstd) or folders of them; - is standard input.").Strings()
	workers := app.Flag("workers", "Goroutines that decode, each its own hosts; the output does not depend on it. Default: the processors there are. What comes through a pipe has one.").Short('w').PlaceHolder("N").String()

	ports := app.Flag("ldap.port", "Plaintext and StartTLS ports; replaces the default.").Default("389,3268").PlaceHolder("PORT,…").String()
	tlsPorts := app.Flag("ldap.tls-port", "LDAPS ports: LDAP in the clear on them is a finding.").Default("636,3269").PlaceHolder("PORT,…").String()
	app.Flag("ldap.any-port", "Look for LDAP on every TCP port, by content.").BoolVar(&c.detect.AnyPort)
	nets := app.Flag("net", "Only connections with an end in this network. Repeatable.").PlaceHolder("CIDR").Strings()
	ignore := app.Flag("ignore-net", "No connection with an end in this network. Repeatable.").PlaceHolder("CIDR").Strings()

	app.Flag("output", "File to append alerts to; - is stdout.").Short('o').Default("-").PlaceHolder("FILE").StringVar(&c.output)
	app.Flag("format", "Form of alerts: auto is text on a terminal, JSON lines elsewhere.").Default("auto").PlaceHolder("auto|text|json").StringVar(&c.format)
	minSeverity := app.Flag("min-severity", "Leave out alerts below info, low, medium, high or critical.").Default("low").PlaceHolder("low").String()
	repeat := app.Flag("repeat-interval", "Tell the same finding (rule, client, server, identity) once in this time and count it meanwhile; 0 tells every event. Default: once in the whole run.").PlaceHolder("DURATION").String()
	failOn := app.Flag("fail-on", "Exit with status 3 if something at or above this severity was found, told or not.").PlaceHolder("SEVERITY").String()

	c.webFlags(app)
	promslogflag.AddFlags(app, &c.log)

	_, err := app.Parse(swap(args, "-", lone))
	if shown {
		return nil, errShown
	}
	if err != nil {
		return nil, fmt.Errorf("%w; clearbind --help shows all flags", err)
	}
	c.paths = swap(append(*read, *files...), lone, "-")
	if c.output == lone {
		c.output = "-"
	}
	return c, errors.Join(c.check(), c.decoders(*workers), c.severities(*minSeverity, *failOn),
		c.lists(*ports, *tlsPorts, *nets, *ignore), c.repeat(*repeat))
}

func (c *config) webFlags(app *kingpin.Application) {
	c.web.WebListenAddresses = app.Flag("web.listen-address", "Serve metrics and health here while reading, and go on after the last file until interrupted, so that they can be scraped. Repeatable.").PlaceHolder("ADDR").Strings()
	c.web.WebConfigFile = app.Flag("web.config.file", "TLS and authentication of the endpoint (exporter-toolkit's web configuration).").PlaceHolder("FILE").String()
	c.web.WebSystemdSocket = new(bool)
	app.Flag("web.telemetry-path", "Path of the metrics.").Default("/metrics").PlaceHolder("/metrics").StringVar(&c.telemetryPath)
}

// swap copies list with every old as one new.
func swap(list []string, old, new string) []string {
	list = slices.Clone(list)
	for i := range list {
		if list[i] == old {
			list[i] = new
		}
	}
	return list
}

// decoders reads the number of workers; "": one a processor.
func (c *config) decoders(s string) error {
	if s == "" {
		c.workers = min(runtime.GOMAXPROCS(0), decode.Shards)
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > decode.Shards {
		return fmt.Errorf("--workers=%s: give a number from 1 to %d", s, decode.Shards)
	}
	c.workers = n
	return nil
}

// severities reads the flags that are severities; failOn may be empty.
func (c *config) severities(least, failOn string) error {
	var ok1, ok2 bool
	c.minSeverity, ok1 = detect.ParseSeverity(least)
	c.failOn, ok2 = detect.ParseSeverity(failOn)
	switch {
	case !ok1:
		return fmt.Errorf("--min-severity=%s: give info, low, medium, high or critical", least)
	case !ok2 && failOn != "":
		return fmt.Errorf("--fail-on=%s: give info, low, medium, high or critical", failOn)
	}
	return nil
}

// check says what is missing or makes no sense.
func (c *config) check() error {
	switch {
	case len(c.paths) == 0:
		return errors.New("nothing to read: name capture files or folders, or - for standard input; clearbind --help shows all flags")
	case slices.Contains(c.paths, ""):
		return errors.New("a file name is empty; is a variable of your shell not set?")
	case c.format != "auto" && c.format != "text" && c.format != "json":
		return fmt.Errorf("--format=%s: give auto, text or json", c.format)
	case !strings.HasPrefix(c.telemetryPath, "/") || c.telemetryPath == "/":
		return fmt.Errorf("--web.telemetry-path=%s: give a path below /", c.telemetryPath)
	}
	if i := slices.Index(c.paths, "-"); i >= 0 && slices.Contains(c.paths[i+1:], "-") {
		return errors.New("standard input (-) can be read only once")
	}
	return nil
}

// lists reads the flags that are lists.
func (c *config) lists(ports, tlsPorts string, nets, ignore []string) error {
	var errs [4]error
	c.detect.Ports, errs[0] = portList("--ldap.port", ports)
	c.detect.TLSPorts, errs[1] = portList("--ldap.tls-port", tlsPorts)
	c.detect.Nets, errs[2] = netList("--net", nets)
	c.detect.IgnoreNets, errs[3] = netList("--ignore-net", ignore)
	return errors.Join(errs[:]...)
}

func portList(flag, list string) ([]uint16, error) {
	ports := []uint16{}
	for part := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 16)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("%s=%s: %q is no port; give numbers from 1 to 65535, separated by commas", flag, list, part)
		}
		ports = append(ports, uint16(n))
	}
	return ports, nil
}

func netList(flag string, list []string) ([]netip.Prefix, error) {
	var nets []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if a, e := netip.ParseAddr(s); err != nil && e == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%s=%s: give a network such as 10.0.0.0/8 or 2001:db8::/32", flag, s)
		}
		nets = append(nets, p.Masked())
	}
	return nets, nil
}

func (c *config) repeat(s string) error {
	if s == "" {
		c.detect.RepeatInterval = -1 // once in the whole run
		return nil
	}
	d, err := time.ParseDuration(s)
	if p, e := model.ParseDuration(s); err != nil && e == nil {
		d, err = time.Duration(p), nil
	}
	if err != nil || d < 0 {
		return fmt.Errorf("--repeat-interval=%s: give a duration such as 10m, 1h or 1d, or 0", s)
	}
	c.detect.RepeatInterval = d
	return nil
}
