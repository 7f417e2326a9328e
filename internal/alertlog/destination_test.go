package alertlog

import (
	"strings"
	"testing"
)

func TestParseDestination(t *testing.T) {
	for s, want := range map[string]Destination{
		"syslog":                          {Network: "unix", Address: "/dev/log", Facility: Authpriv},
		"unix:///run/systemd/journal/x":   {Network: "unix", Address: "/run/systemd/journal/x", Facility: Authpriv},
		"udp://logs.example.org":          {Network: "udp", Address: "logs.example.org:514", Facility: Authpriv},
		"udp://[2001:db8::1]:1514":        {Network: "udp", Address: "[2001:db8::1]:1514", Facility: Authpriv},
		"tcp://10.0.0.1/?facility=local0": {Network: "tcp", Address: "10.0.0.1:514", Facility: 16},
		"tls://logs.example.org":          {Network: "tls", Address: "logs.example.org:6514", Facility: Authpriv},
		"TLS://logs:7000?ca=/etc/ca.pem&cert=/etc/c.pem&key=/etc/k.pem&facility=user": {
			Network: "tls", Address: "logs:7000", Facility: 1, CA: "/etc/ca.pem", Cert: "/etc/c.pem", Key: "/etc/k.pem"},
	} {
		if !IsDestination(s) {
			t.Errorf("%s is taken for a file", s)
		}
		got, err := ParseDestination(s)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", s, got, err, want)
		}
	}
	for _, file := range []string{"-", "alerts.jsonl", "/var/log/clearbind.log", "syslog.txt", "C:\\alerts"} {
		if IsDestination(file) {
			t.Errorf("%s is taken for a destination", file)
		}
	}
}

func TestParseDestinationErrors(t *testing.T) {
	for s, want := range map[string]string{
		"http://logs":                     `"http" is no way to send syslog`,
		"://logs":                         "no URL",
		"udp://":                          "udp needs a host",
		"tcp://:514":                      "tcp needs a host",
		"tls://logs/path":                 "tls needs a host",
		"udp://logs:0":                    `"0" is no port`,
		"udp://logs:70000":                `"70000" is no port`,
		"udp://logs:syslog":               "no URL",
		"unix://dev/log":                  "whole path",
		"unix:///":                        "whole path",
		"udp://logs#x":                    "no destination",
		"udp://logs?facility=kern":        "facility=kern: give one of user, mail",
		"udp://logs?facility=":            "facility= has no value",
		"udp://logs?ca=/x":                "ca= is for tls://",
		"tls://logs?cert=/x":              "cert= and key= belong together",
		"tcp://logs?color=red":            "color= is not known",
		"tcp://logs?%zz":                  "no list of name=value",
		"tcp://admin:hunter2-pwned@logs":  "no user or password",
		"tcp://admin:hunter2-pwned@lo gs": "no URL",
	} {
		d, err := ParseDestination(s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want %q", s, d, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2-pwned") {
			t.Errorf("the error repeats a password: %v", err)
		}
	}
}
