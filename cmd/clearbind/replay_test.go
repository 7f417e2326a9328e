package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

var update = flag.Bool("update", false, "rewrite pcaps/*.golden.jsonl")

const pcaps = "../../pcaps"

// expect is what pcaps/labels.json says of a capture: written by hand from what
// the clients did, not by clearbind.
type expect struct {
	Alerts   []finding `json:"alerts"`   // must come, each once
	Present  []finding `json:"present"`  // must come at least once
	Absent   []string  `json:"absent"`   // rules that must not come
	Complete []string  `json:"complete"` // rules of which Alerts is all
	Survive  bool      `json:"survive"`
	Secrets  []string  `json:"secrets"` // must stand nowhere
	Flags    []string  `json:"flags"`
}

type finding struct {
	Rule        string  `json:"rule"`
	Source      string  `json:"source"`
	Destination string  `json:"destination"`
	User        *string `json:"user"`
	Outcome     string  `json:"outcome"`
}

func labels(t *testing.T) map[string]expect {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(pcaps, "labels.json"))
	if err != nil {
		t.Fatal(err)
	}
	var l struct {
		Captures map[string]expect `json:"captures"`
	}
	if err := json.Unmarshal(b, &l); err != nil {
		t.Fatal(err)
	}
	return l.Captures
}

// eachCapture runs test in the folder of the captures, once for each of them.
func eachCapture(t *testing.T, test func(t *testing.T, name string, want expect)) {
	all := labels(t)
	t.Chdir(pcaps)
	seen := 0
	for _, pattern := range []string{"*.pcap", "*.pcapng", "*.pcap.*", "*.pcapng.*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			want, labelled := all[name]
			if !labelled {
				t.Errorf("%s is not in labels.json", name)
				continue
			}
			seen++
			t.Run(name, func(t *testing.T) { test(t, name, want) })
		}
	}
	if seen != len(all) {
		t.Errorf("labels.json has %d captures, the folder %d", len(all), seen)
	}
}

// clearbind runs the program in this process; a panic in it kills the test.
func clearbind(t *testing.T, args ...string) (status int, stdout, stderr []byte) {
	t.Helper()
	dir := t.TempDir()
	files := [2]*os.File{}
	for i := range files {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		files[i] = f
	}
	cfg, err := parse(args, files[0], files[1])
	if err != nil {
		t.Fatal(err)
	}
	cfg.crashOnPanic = true
	status = start(cfg, files[0], files[1])
	out := [2][]byte{}
	for i, f := range files {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		out[i] = b
		_ = f.Close()
	}
	return status, out[0], out[1]
}

// TestReplay holds what is said of each capture, byte by byte, whatever the
// number of workers.
func TestReplay(t *testing.T) {
	eachCapture(t, func(t *testing.T, name string, want expect) {
		base, _, _ := strings.Cut(name, ".pcap")
		golden := base + ".golden.jsonl"
		args := append(slices.Clone(want.Flags), "--min-severity=info", "--format=json", name)
		_, one, _ := clearbind(t, append([]string{"-w", "1"}, args...)...)
		_, two, _ := clearbind(t, append([]string{"-w", "2"}, args...)...)
		if !bytes.Equal(one, two) {
			t.Errorf("two workers say\n%s\none says\n%s", two, one)
		}
		if *update {
			if err := os.WriteFile(golden, one, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
		old, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, old) {
			t.Errorf("says\n%s\n%s has\n%s", one, golden, old)
		}
	})
}

// TestOrderDoesNotDependOnTheWorkers reads all captures as one, with repeats
// told as their interval ends.
func TestOrderDoesNotDependOnTheWorkers(t *testing.T) {
	t.Chdir(pcaps)
	for _, interval := range []string{"0", "1s", "10m"} {
		args := []string{"--format=json", "--min-severity=info", "--ldap.any-port", "--repeat-interval=" + interval, "."}
		_, one, _ := clearbind(t, append([]string{"-w", "1"}, args...)...)
		if len(one) == 0 {
			t.Fatal("nothing is told")
		}
		for _, workers := range []string{"2", "3", "64"} {
			if _, more, _ := clearbind(t, append([]string{"-w", workers}, args...)...); !bytes.Equal(one, more) {
				t.Errorf("with an interval of %s, %s workers say something else than one", interval, workers)
			}
		}
	}
}

// TestWaitsEndInOneOrder lacks an octet before the bind of each of many
// connections: some give up waiting for it in one go, some when the input ends.
func TestWaitsEndInOneOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	out, err := os.Create("holes.pcap")
	if err != nil {
		t.Fatal(err)
	}
	w := pcapgo.NewWriter(out)
	if err := w.WriteFileHeader(1<<16, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	put := func(seconds int64, client byte, seq uint32, payload string) {
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.IP{10, 0, client, 7}, DstIP: net.IP{10, 0, 0, 2}}
		tcp := &layers.TCP{SrcPort: 5000 + layers.TCPPort(client), DstPort: 389, Seq: seq, Ack: 1, ACK: true}
		_ = tcp.SetNetworkLayerForChecksum(ip) // an IPv4 layer never fails
		eth := &layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: layers.EthernetTypeIPv4}
		b := gopacket.NewSerializeBuffer()
		if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, eth, ip, tcp, gopacket.Payload(payload)); err != nil {
			t.Fatal(err)
		}
		n := len(b.Bytes())
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(seconds, 0), CaptureLength: n, Length: n}, b.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	const bind = "0\x13\x02\x01\x02\x60\x0e\x02\x01\x03\x04\x04cn=a\x80\x03\x58\x59\x5a"
	const hosts = 24
	for client := range byte(hosts) {
		put(10, client, 1000, bind)
	}
	for _, at := range []int64{11, 90} { // the input ends before what comes last is given up
		for client := range byte(hosts) {
			if (client%3 == 0) == (at == 90) {
				put(at, hosts-1-client, 1000+uint32(len(bind))+1, bind)
			}
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	args := []string{"--format=json", "--repeat-interval=0", "holes.pcap"}
	_, one, _ := clearbind(t, append([]string{"-w", "1"}, args...)...)
	if n := bytes.Count(one, []byte("\n")); n != 2*hosts {
		t.Errorf("%d findings, want %d", n, 2*hosts)
	}
	for _, workers := range []string{"2", "3", "5"} {
		if _, more, _ := clearbind(t, append([]string{"-w", workers}, args...)...); !bytes.Equal(one, more) {
			t.Errorf("%s workers say\n%s\none says\n%s", workers, more, one)
		}
	}
}

// TestLabels holds what is found against what really happened.
func TestLabels(t *testing.T) {
	eachCapture(t, func(t *testing.T, name string, want expect) {
		args := append(slices.Clone(want.Flags), "--repeat-interval=0", "--min-severity=info", name)
		status, stdout, stderr := clearbind(t, append(args, "--format=json")...)
		if status != exitDone && status != exitFailed {
			t.Errorf("exit status %d", status)
		}
		_, text, _ := clearbind(t, append(args, "--format=text")...)
		for _, secret := range want.Secrets {
			if bytes.Contains(stdout, []byte(secret)) || bytes.Contains(stderr, []byte(secret)) || bytes.Contains(text, []byte(secret)) {
				t.Errorf("a secret stands in the output")
			}
		}
		if !want.Survive {
			compare(t, want, told(t, stdout))
		}
	})
}

// told reads alerts back.
func told(t *testing.T, stdout []byte) (all []finding) {
	t.Helper()
	for line := range bytes.Lines(stdout) {
		var a struct {
			Rule        struct{ ID string }
			Source      struct{ IP string }
			Destination struct {
				IP   string
				Port int
			}
			User  struct{ Name *string }
			Event struct{ Outcome string }
		}
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		all = append(all, finding{a.Rule.ID, a.Source.IP, fmt.Sprintf("%s %d", a.Destination.IP, a.Destination.Port), a.User.Name, a.Event.Outcome})
	}
	return all
}

func (want *finding) matches(have *finding) bool {
	return want.Rule == have.Rule && want.Source == have.Source && want.Destination == have.Destination &&
		(want.User == nil || have.User != nil && *want.User == *have.User) && (want.Outcome == "" || want.Outcome == have.Outcome)
}

// take removes the first of have that matches.
func take(want finding, have []finding) ([]finding, bool) {
	for i := range have {
		if want.matches(&have[i]) {
			return append(have[:i:i], have[i+1:]...), true
		}
	}
	return have, false
}

func compare(t *testing.T, want expect, have []finding) {
	t.Helper()
	rules := map[string]bool{}
	for _, h := range have {
		rules[h.Rule] = true
	}
	for _, w := range want.Present {
		if _, ok := take(w, have); !ok {
			t.Errorf("missing %s from %s", w.Rule, w.Source)
		}
	}
	for _, rule := range want.Absent {
		if rules[rule] {
			t.Errorf("must not come: %s", rule)
		}
	}
	for _, w := range want.Alerts {
		var ok bool
		if have, ok = take(w, have); !ok {
			t.Errorf("missing %s from %s to %s", w.Rule, w.Source, w.Destination)
		}
	}
	complete := map[string]bool{}
	for _, rule := range want.Complete {
		complete[rule] = true
	}
	for _, h := range have {
		if complete[h.Rule] {
			t.Errorf("too many: %s from %s to %s", h.Rule, h.Source, h.Destination)
		}
	}
}
