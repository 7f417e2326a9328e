package deploy

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The whole way: frames go into a running clearbind, a real Prometheus scrapes
// it, and the alert fires and clears.
func TestPrometheusSeesClearbind(t *testing.T) {
	t.Parallel() // it waits more than it works
	prometheus := tool(t, "prometheus", "prometheus")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	bin := filepath.Join(t.TempDir(), "clearbind")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "../cmd/clearbind").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	pcap, err := os.ReadFile("../pcaps/simple-bind-success.pcap")
	if err != nil {
		t.Fatal(err)
	}

	var alerts, said bytes.Buffer
	cmd := exec.CommandContext(ctx, bin, "--web.listen-address="+addr, "--format=json", "-")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stdout, cmd.Stderr = &alerts, &said
	wire, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			_ = wire.Close()
			_ = cmd.Cancel()
			_ = cmd.Wait() // by the signal
		}
	}
	defer stop()
	const header = 24 // of the capture file; the frames follow
	if _, err := wire.Write(pcap[:header]); err != nil {
		t.Fatal(err)
	}
	p := startPrometheus(ctx, t, prometheus, addr)
	p.scraped(ctx, t, 3)
	p.wait(ctx, t, "before the first frame")

	if _, err := wire.Write(pcap[header:]); err != nil {
		t.Fatal(err)
	}
	fired := p.wait(ctx, t, "after a bind in the clear", "ClearbindSecretExposed")
	if got := fired["ClearbindSecretExposed"]["summary"]; got != "A secret went over the wire in the clear (cleartext-bind)." {
		t.Error(got)
	}
	p.wait(ctx, t, "when nothing followed")

	stop()
	if !bytes.Contains(alerts.Bytes(), []byte(`"rule":{"id":"cleartext-bind"`)) {
		t.Errorf("the alert log has %s\n%s", alerts.Bytes(), said.Bytes())
	}
}
