package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/units"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/alertlog"
	"github.com/clearbind/clearbind/internal/settings"
	"github.com/prometheus/common/model"
)

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
	var errs [2]error
	c.minSeverity, errs[0] = severity("--min-severity", least)
	if failOn != "" {
		c.failOn, errs[1] = severity("--fail-on", failOn)
	}
	return errors.Join(errs[:]...)
}

func severity(flag, name string) (detect.Severity, error) {
	s, ok := detect.ParseSeverity(name)
	if !ok {
		return 0, fmt.Errorf("%s=%s: give info, low, medium, high or critical", flag, name)
	}
	return s, nil
}

// check says what is missing or makes no sense.
func (c *config) check() error {
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	reads := !c.listInterfaces && !c.checkOnly
	wrong(c.checkOnly && c.file == "", "--check-config: name the file with --config=FILE")
	wrong(reads && c.live() && len(c.paths) > 0, "read files or watch interfaces (-i), not both at once")
	wrong(reads && !c.live() && len(c.paths) == 0, "nothing to read: name capture files or folders, - for standard input, or an interface with -i; clearbind --help shows all flags")
	wrong(slices.Contains(c.paths, ""), "a file name is empty; is a variable of your shell not set?")
	wrong(slices.Contains(c.interfaces, ""), "--interface: a name is empty; clearbind -D lists them")
	wrong(!slices.Contains([]string{"auto", "text", "json", "syslog"}, c.format), "--format=%s: give auto, text, json or syslog", c.format)
	wrong(!isPath(c.telemetryPath), "--web.telemetry-path=%s: give a path below / of letters, digits and . _ ~ -, other than /-/healthy and /-/ready", c.telemetryPath)
	wrong(c.snaplen < 64 || c.snaplen > 262144, "--snaplen=%d: give octets from 64 to 262144", c.snaplen)
	for _, path := range c.reports {
		_, err := reportForm(path)
		errs = append(errs, err)
	}
	i := slices.Index(c.paths, "-")
	wrong(i >= 0 && slices.Contains(c.paths[i+1:], "-"), "standard input (-) can be read only once")
	return errors.Join(errs...)
}

// isPath says whether the metrics can be served there: what else a path could
// hold would be a pattern to http.ServeMux, or is written in more ways than one.
func isPath(s string) bool {
	plain := func(r rune) bool {
		return r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._~-", r))
	}
	return len(s) > 1 && s[0] == '/' && path.Clean(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) &&
		s != pathHealthy && s != pathReady
}

// listen says where the endpoint is where no flag does.
func (c *config) listen() {
	addrs := *c.web.WebListenAddresses
	switch {
	case slices.Contains(addrs, "off"):
		addrs = nil
	case len(addrs) == 0 && c.live():
		addrs = []string{"127.0.0.1:9636"}
	}
	*c.web.WebListenAddresses = addrs
}

// ring reads the size of the ring.
func (c *config) ring(s string) error {
	n, err := units.ParseBase2Bytes(s)
	if err != nil || n < 1<<20 || n > 16<<30 {
		return fmt.Errorf("--ring-size=%s: give a size from 1MiB to 16GiB", s)
	}
	c.ringSize = int(n)
	return nil
}

// destination reads --output where it names a collector.
func (c *config) destination() error {
	if !alertlog.IsDestination(c.output) {
		return nil
	}
	if c.format == "text" || c.format == "json" {
		return fmt.Errorf("--format=%s: a collector takes syslog", c.format)
	}
	var err error
	if c.syslog, err = alertlog.ParseDestination(c.output); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	return nil
}

// leastKey is the shortest key of fingerprints and pseudonyms, in octets: with
// less, whoever has an alert could try keys.
const leastKey = 16

// keys reads the files of keys; "": there is none.
func (c *config) keys(fingerprint, pseudonym string) error {
	var errs [2]error
	c.detect.FingerprintKey, errs[0] = c.key("--secret-fingerprint-key", fingerprint)
	c.detect.PseudonymKey, errs[1] = c.key("--pseudonyms", pseudonym)
	return errors.Join(errs[:]...)
}

func (c *config) key(flag, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	key, err := settings.Read(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	if len(key) < leastKey {
		return nil, fmt.Errorf("%s: %s has %d octets; %d at least make a key (head -c 32 /dev/urandom > %s)", flag, path, len(key), leastKey, path)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o004 != 0 && runtime.GOOS != "windows" {
		c.warnings = append(c.warnings, fmt.Sprintf("%s: everybody on this host can read %s, and with it test guesses (chmod o= %s)", flag, path, path))
	}
	return key, nil
}

// load reads the configuration file, and puts it beside what the flags say.
func (c *config) load(now time.Time) error {
	c.flagged = c.detect
	if c.file == "" {
		return nil
	}
	text, err := settings.Read(c.file)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	s, err := settings.Parse(c.file, text, now)
	if err != nil {
		return err
	}
	c.settings = s
	s.Apply(&c.detect)
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
		p, err := settings.Prefix(s)
		if err != nil {
			return nil, fmt.Errorf("%s=%s: %w", flag, s, err)
		}
		nets = append(nets, p)
	}
	return nets, nil
}

func (c *config) repeat(s string) error {
	switch {
	case s == "" && c.live():
		c.detect.RepeatInterval = time.Hour
		return nil
	case s == "":
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
