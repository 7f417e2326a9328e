package alertlog

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Facility is a syslog facility (RFC 5424 6.2.1).
type Facility int

// Authpriv is for security messages that not everybody may read.
const Authpriv Facility = 10

// facilityNames are those of syslog.conf; kern is for kernels only.
var facilityNames = [24]string{
	"", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "security", "console", "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

// Destination says where syslog messages go.
type Destination struct {
	Network  string // unix, udp, tcp or tls
	Address  string // path of a socket, or host:port
	Facility Facility
	CA       string // tls: file of the authorities to trust; "": those of the system
	Cert     string // tls: file of the client's certificate; "": none
	Key      string // tls: file of its key
}

const destinations = "give syslog (the local socket /dev/log), unix:///path, udp://host:514, tcp://host:514 or tls://host:6514"

// IsDestination says whether s means a syslog destination rather than a file.
func IsDestination(s string) bool { return s == "syslog" || strings.Contains(s, "://") }

// ParseDestination reads what IsDestination recognises. Behind a ? may stand
// facility=local0 and, for tls, ca=, cert= and key= with a file each. Errors do
// not repeat s: people put passwords into URLs.
func ParseDestination(s string) (Destination, error) {
	if s == "syslog" {
		s = "unix:///dev/log"
	}
	u, err := url.Parse(s)
	if err != nil {
		return Destination{}, errors.New("no URL; " + destinations)
	}
	if u.User != nil {
		return Destination{}, errors.New("syslog knows no user or password; leave out what stands before the @")
	}
	if u.Fragment != "" || u.Opaque != "" {
		return Destination{}, errors.New("no destination; " + destinations)
	}
	d := Destination{Network: u.Scheme, Facility: Authpriv}
	switch u.Scheme {
	case "unix":
		if u.Host != "" || len(u.Path) < 2 {
			return Destination{}, errors.New("a socket has a whole path, such as unix:///dev/log")
		}
		d.Address = u.Path
	case "udp", "tcp":
		d.Address, err = hostPort(u, "514")
	case "tls":
		d.Address, err = hostPort(u, "6514")
	default:
		return Destination{}, fmt.Errorf("%q is no way to send syslog; %s", u.Scheme, destinations)
	}
	if err != nil {
		return Destination{}, err
	}
	return d, d.options(u.RawQuery)
}

// hostPort gives host:port, with the port of the transport where none is named:
// 514 by RFC 5426 and custom, 6514 by RFC 5425.
func hostPort(u *url.URL, port string) (string, error) {
	host := u.Hostname()
	if host == "" || u.Path != "" && u.Path != "/" {
		return "", fmt.Errorf("%s needs a host and perhaps a port, such as %s://logs.example.org:%s", u.Scheme, u.Scheme, port)
	}
	if p := u.Port(); p != "" {
		port = p
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q is no port; give a number from 1 to 65535", port)
	}
	return net.JoinHostPort(host, port), nil
}

// options reads what stands behind the ?.
func (d *Destination) options(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("what stands behind the ? is no list of name=value")
	}
	files := map[string]*string{"ca": &d.CA, "cert": &d.Cert, "key": &d.Key}
	for name, given := range values {
		value := given[len(given)-1]
		switch file := files[name]; {
		case value == "":
			return fmt.Errorf("%s= has no value", name)
		case file != nil && d.Network != "tls":
			return fmt.Errorf("%s= is for tls://", name)
		case file != nil:
			*file = value
		case name == "facility":
			f := slices.Index(facilityNames[:], value)
			if f < 1 {
				return fmt.Errorf("facility=%s: give one of %s", value, strings.Join(facilityNames[1:], ", "))
			}
			d.Facility = Facility(f)
		default:
			return fmt.Errorf("%s= is not known; there are facility and, for tls, ca, cert and key", name)
		}
	}
	if (d.Cert == "") != (d.Key == "") {
		return errors.New("cert= and key= belong together")
	}
	return nil
}

// tls reads the certificates that d names.
func (d *Destination) tls() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(d.Address)
	if err != nil {
		return nil, fmt.Errorf("syslog destination: %w", err)
	}
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if d.CA != "" {
		pem, err := os.ReadFile(d.CA)
		if err != nil {
			return nil, fmt.Errorf("syslog authorities: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("syslog authorities: no certificate in %s", d.CA)
		}
	}
	if d.Cert != "" {
		pair, err := tls.LoadX509KeyPair(d.Cert, d.Key)
		if err != nil {
			return nil, fmt.Errorf("syslog client certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}
