package alertlog

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// rsyslogConf takes messages by every way there is and writes what it made of
// each: its PRI, header, structured data and message. The local socket has the
// setting that deploy/README.md asks for; without it rsyslog expects there only
// what the C library sends.
const rsyslogConf = `
global(workDirectory="%[1]s")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="%[1]s/log" UseSpecialParser="off" ParseHostname="on" IgnoreTimestamp="off")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="%[2]s")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="%[3]s")
template(name="all" type="string" string="%%pri%%|%%protocol-version%%|%%timestamp:::date-rfc3339%%|%%hostname%%|%%app-name%%|%%procid%%|%%msgid%%|%%structured-data%%|%%msg:::sp-if-no-1st-sp%%%%msg%%\n")
*.* action(type="omfile" file="%[1]s/out" template="all")
`

// A real collector takes the messages apart as they were put together.
func TestRsyslog(t *testing.T) {
	bin, err := exec.LookPath("rsyslogd")
	if err != nil {
		if bin, err = exec.LookPath("/usr/sbin/rsyslogd"); err != nil {
			t.Skip("rsyslogd is not installed (Debian: apt-get install rsyslog)")
		}
	}
	dir := t.TempDir()
	udp, tcp := freePort(t, "udp"), freePort(t, "tcp")
	conf := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, rsyslogConf, dir, udp, tcp), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, bin, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Skipf("rsyslogd does not start: %v", err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // killed by cancel
		if t.Failed() {
			t.Logf("rsyslogd said: %s", said.Bytes())
		}
	}()

	alerts := everyAlert()
	for _, destination := range []string{"unix://" + dir + "/log", "udp://127.0.0.1:" + udp, "tcp://127.0.0.1:" + tcp} {
		r := open(t, destination)
		r.now = new(clock).now
		out := filepath.Join(dir, "out")
		w := NewSyslog(r, tap)
		for _, a := range alerts {
			for w.Write(a) != nil { // until rsyslogd is up
				if ctx.Err() != nil {
					t.Fatalf("%s: no rsyslogd", destination)
				}
				w.seq--
				r.until = time.Time{}
				time.Sleep(20 * time.Millisecond)
			}
		}
		var want strings.Builder
		plain := NewSyslog(&want, tap)
		for _, a := range alerts {
			if err := plain.Write(a); err != nil {
				t.Fatal(err)
			}
		}
		lines := received(ctx, t, out, len(alerts))
		for i, line := range strings.Split(strings.TrimSpace(want.String()), "\n") {
			if got := asSent(lines[i]); got != line {
				t.Errorf("%s, message %d:\n got %s\nsent %s", destination, i, got, line)
			}
		}
		if err := os.Truncate(out, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// asSent puts a line of the template together again.
func asSent(line string) string {
	f := strings.SplitN(line, "|", 9)
	if len(f) != 9 {
		return line
	}
	return "<" + f[0] + ">" + f[1] + " " + strings.Replace(f[2], "+00:00", "Z", 1) + " " + strings.Join(f[3:8], " ") + " " + strings.TrimSpace(f[8])
}

// received waits for lines of a file.
func received(ctx context.Context, t *testing.T, path string, n int) []string {
	t.Helper()
	for {
		got, _ := os.ReadFile(path) // not there yet
		if lines := strings.Split(strings.TrimSuffix(string(got), "\n"), "\n"); bytes.HasSuffix(got, []byte("\n")) && len(lines) == n {
			return lines
		}
		if ctx.Err() != nil {
			t.Fatalf("rsyslogd wrote %d octets, not %d lines", len(got), n)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freePort(t *testing.T, network string) string {
	t.Helper()
	var address net.Addr
	if network == "udp" {
		conn, _ := datagrams(t, "udp", "127.0.0.1:0")
		address = conn.LocalAddr()
		_ = conn.Close()
	} else {
		l := listen(t, "tcp", "127.0.0.1:0")
		address = l.Addr()
		_ = l.Close()
	}
	_, port, err := net.SplitHostPort(address.String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
