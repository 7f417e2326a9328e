package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// delRequest is a DelRequest of n octets.
func delRequest(n int) []byte {
	dn := bytes.Repeat([]byte("x"), n-15)
	b := append([]byte{0x30, 0x84, 0, 0, 0, 0, 0x02, 0x01, 0x07, 0x4a, 0x84, 0, 0, 0, 0}, dn...)
	size := func(at, n int) { b[at], b[at+1], b[at+2] = byte(n>>16), byte(n>>8), byte(n) }
	size(3, len(b)-6)
	size(12, len(dn))
	return b
}

func alert(client, server string, messages ...detect.Proof) *detect.Alert {
	for i := range messages {
		m := &messages[i]
		m.Time, m.Packet, m.Origin = time.Date(2026, 3, 1, 9, 15, 2, 123456789, time.UTC), uint64(12+i), "monday.pcap"
		if m.Len == 0 {
			m.Len = len(m.Octets)
		}
	}
	return &detect.Alert{
		Rule: detect.CleartextWrite, Severity: detect.Medium, Time: messages[0].Time, Packet: 12, Origin: "monday.pcap",
		Client: netip.MustParseAddrPort(client), Server: netip.MustParseAddrPort(server), Evidence: &detect.Evidence{Messages: messages},
	}
}

// frames reads a capture by our own reader.
func frames(t *testing.T, data []byte) (all []capture.Frame) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := capture.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close() //nolint:errcheck // only read
	for {
		var f capture.Frame
		err := src.Next(&f)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Data = slices.Clone(f.Data)
		all = append(all, f)
	}
}

// segments decodes them.
func segments(t *testing.T, data []byte) (all []decode.Segment) {
	t.Helper()
	var packets decode.Packets
	for _, f := range frames(t, data) {
		var seg decode.Segment
		if why := packets.Decode(&decode.Frame{Link: f.Link, Data: f.Data, WireLen: f.WireLen, Time: f.Time}, &seg); why != decode.OK {
			t.Fatalf("a frame does not decode: %s", why)
		}
		all = append(all, seg)
	}
	return all
}

func encoded(t *testing.T, a *detect.Alert) []byte {
	t.Helper()
	data, err := encode(a)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFrames(t *testing.T) {
	request, answer := delRequest(4000), []byte{0x30, 0x0c, 2, 1, 7, 0x6b, 7, 0x0a, 1, 0, 4, 0, 4, 0}
	for _, c := range []struct {
		name           string
		client, server string
		change         func(*detect.Alert)
		sizes          []int // of the payloads
		check          func(t *testing.T, f capture.Frame, seg decode.Segment)
	}{
		{"raw IPv4", "10.0.0.7:50000", "10.0.0.5:389", func(*detect.Alert) {}, []int{1460, 1460, 1080, 14},
			func(t *testing.T, f capture.Frame, _ decode.Segment) {
				if f.Link != linkRaw || f.Data[0] != 0x45 {
					t.Errorf("link %d, first octet %x", f.Link, f.Data[0])
				}
			}},
		{"Ethernet, VLAN and IPv6", "[2001:db8::7]:50000", "[2001:db8::5]:389", func(a *detect.Alert) {
			a.VLAN, a.ClientMAC, a.ServerMAC = 100, [6]byte{2, 7}, [6]byte{2, 5}
		}, []int{1440, 1440, 1120, 14},
			func(t *testing.T, f capture.Frame, seg decode.Segment) {
				if f.Link != linkEthernet || seg.VLAN != 100 || seg.SrcMAC != [6]byte{2, 7} || seg.DstMAC != [6]byte{2, 5} {
					t.Errorf("link %d, VLAN %d, %x to %x", f.Link, seg.VLAN, seg.SrcMAC, seg.DstMAC)
				}
			}},
		{"behind a balancer", "192.0.2.9:50000", "10.0.0.5:389", func(a *detect.Alert) { a.Balancer = netip.MustParseAddrPort("10.0.0.7:50000") }, []int{1460, 1460, 1080, 14},
			func(*testing.T, capture.Frame, decode.Segment) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := alert(c.client, c.server, detect.Proof{FromClient: true, Octets: request}, detect.Proof{Octets: answer})
			c.change(a)
			data := encoded(t, a)
			all, segs := frames(t, data), segments(t, data)
			var sizes []int
			next := map[decode.Endpoint]uint32{}
			var sent []byte
			for i, seg := range segs {
				sizes = append(sizes, len(seg.Payload))
				if n, seen := next[seg.Src]; seen && n != seg.Seq {
					t.Errorf("frame %d has sequence number %d, not %d", i, seg.Seq, n)
				}
				if seg.Ack != max(next[seg.Dst], 1) {
					t.Errorf("frame %d acknowledges %d, not %d", i, seg.Ack, next[seg.Dst])
				}
				next[seg.Src] = seg.Seq + uint32(len(seg.Payload))
				if !all[i].Time.Equal(a.Time) {
					t.Errorf("frame %d is of %s", i, all[i].Time)
				}
				if seg.Src.Port == 50000 {
					sent = append(sent, seg.Payload...)
				}
				if p := gopacket.NewPacket(all[i].Data, layers.LinkType(all[i].Link), gopacket.Default); p.ErrorLayer() != nil && all[i].Link != linkRaw {
					t.Errorf("gopacket: %v", p.ErrorLayer().Error())
				}
			}
			if !slices.Equal(sizes, c.sizes) || !bytes.Equal(sent, request) {
				t.Errorf("payloads of %v octets, want %v", sizes, c.sizes)
			}
			if client := segs[0].Src.AddrPort().Addr().String(); !strings.HasSuffix(client, "7") {
				t.Errorf("the first frame comes from %s", client)
			}
			c.check(t, all[0], segs[0])
		})
	}
}

// TestCutMessages holds that of a message that is not all there one frame is
// made, as long as it was, and that Wireshark reads it for what it is.
func TestCutMessages(t *testing.T) {
	for _, size := range []int{5000, 200_000} {
		whole := delRequest(size)
		a := alert("10.0.0.7:50000", "10.0.0.5:389", detect.Proof{FromClient: true, Octets: whole[:1000], Len: size})
		data := encoded(t, a)
		all := frames(t, data)
		if len(all) != 1 || len(all[0].Data) != 1040 || all[0].WireLen != min(size+40, maxIP) {
			t.Fatalf("%d frames, the first of %d octets, %d on the wire", len(all), len(all[0].Data), all[0].WireLen)
		}
		if want := fmt.Sprintf("%d of its %d octets are not here", size-1000, size); !bytes.Contains(data, []byte(want)) {
			t.Errorf("the comment lacks %q", want)
		}
		tshark, err := exec.LookPath("tshark")
		if err != nil {
			t.Skip("tshark (Debian package tshark) is not here")
		}
		path := filepath.Join(t.TempDir(), "cut.pcapng")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(tshark, "-r", path, "-T", "fields", "-e", "ldap.messageID", "-e", "ldap.protocolOp").Output()
		if err != nil || strings.TrimSpace(string(out)) != "7\t10" {
			t.Errorf("tshark shows %q of %d octets, %v", out, size, err)
		}
	}
}

func TestDatagrams(t *testing.T) {
	a := alert("10.0.0.7:50000", "10.0.0.5:389", detect.Proof{Octets: delRequest(3000)})
	a.Proto = decode.UDP
	segs := segments(t, encoded(t, a))
	if len(segs) != 1 || segs[0].Proto != decode.UDP || segs[0].Src.Port != 389 || len(segs[0].Payload) != 3000 {
		t.Errorf("%d datagrams", len(segs))
	}
}

func TestCommentsAreText(t *testing.T) {
	a := alert("10.0.0.7:50000", "10.0.0.5:389", detect.Proof{Octets: delRequest(30)})
	a.Evidence.Messages[0].Origin = "a\x1b[31m\u202e\xff\x00.pcap" + strings.Repeat("é", maxComment)
	data := encoded(t, a)
	for _, bad := range []string{"\x1b", "\u202e", "\xff\x00."} {
		if bytes.Contains(data, []byte(bad)) {
			t.Errorf("%q is in the comment", bad)
		}
	}
	if n := len(frames(t, data)); n != 1 {
		t.Errorf("%d frames", n)
	}
}

func open(t *testing.T, cfg Config) *Writer {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 1 << 20
	}
	w, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	for run := range 2 { // the second one replaces what the first has written
		w := open(t, Config{Dir: dir, Wait: true})
		for _, client := range []string{"10.0.0.7:50000", "10.0.0.7:50000", "[2001:db8::7]:50000"} {
			w.Put(alert(client, "[2001:db8::5]:389", detect.Proof{Octets: delRequest(30)}))
		}
		none := alert("10.0.0.7:1", "10.0.0.5:389", detect.Proof{})
		none.Evidence = nil
		if w.Put(none); none.EvidenceFile != "" {
			t.Error("nothing has a file")
		}
		if err := w.Close(0); err != nil {
			t.Fatal(err)
		}
		if c := w.Counts(); c != (Counts{Files: 3}) {
			t.Errorf("run %d: %+v", run, c)
		}
		const at = "20260301T091502.123456Z_cleartext-write_"
		if got, want := names(t, dir), []string{at + "10.0.0.7_50000_p12-2.pcapng", at + "10.0.0.7_50000_p12.pcapng", at + "2001-db8--7_50000_p12.pcapng"}; !slices.Equal(got, want) {
			t.Errorf("run %d: %q, want %q", run, got, want)
		}
	}
	folder, err := os.Stat(dir)
	if err != nil || folder.Mode().Perm() != 0o750 {
		t.Errorf("the folder is %v, %v", folder.Mode(), err)
	}
	file, err := os.Stat(filepath.Join(dir, names(t, dir)[0]))
	if err != nil || file.Mode().Perm() != 0o640 {
		t.Errorf("a file is %v, %v", file.Mode(), err)
	}
}

// settle returns when all that was put so far has been written: no more jobs than
// queued wait.
func settle(w *Writer) {
	for range queued + 2 {
		w.jobs <- job{}
	}
}

func TestFullFolder(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	put := func(w *Writer, port int) string {
		a := alert(fmt.Sprintf("10.0.0.7:%d", port), "10.0.0.5:389", detect.Proof{Octets: delRequest(1000)})
		w.Put(a)
		return a.EvidenceFile
	}
	w := open(t, Config{Dir: dir, MaxBytes: 4000, Wait: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	first := put(w, 1)
	for port := range 9 {
		put(w, 2+port)
	}
	if put(w, 20) != "" {
		t.Error("an alert names a file that is not written")
	}
	settle(w)
	if err := os.Remove(filepath.Join(dir, first)); err != nil {
		t.Fatal(err)
	}
	w.Rescan()
	settle(w)
	if put(w, 21) == "" {
		t.Error("the room that somebody made is not used")
	}
	if err := w.Close(0); err != nil {
		t.Fatal(err)
	}
	if c := w.Counts(); c.Files != 3 || c.Lost[LossFull] != 9 {
		t.Errorf("%+v", c)
	}
	if got := names(t, dir); len(got) != 2 {
		t.Errorf("%q", got)
	}
	if n := strings.Count(log.String(), "is full"); n < 1 || n > 2 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
	// What an earlier run has left counts.
	w = open(t, Config{Dir: dir, MaxBytes: 2500})
	if put(w, 30) != "" {
		t.Error("the limit is of one run only")
	}
	if err := w.Close(0); err != nil {
		t.Fatal(err)
	}
}

// TestStuckDisk has a writer that does not write: whoever tells alerts must not
// wait for it.
func TestStuckDisk(t *testing.T) {
	dir := t.TempDir()
	w := &Writer{
		cfg: Config{Dir: dir, MaxBytes: 1 << 20, Log: slog.New(slog.DiscardHandler)}, jobs: make(chan job, queued), over: make(chan struct{}), known: make(map[string]file),
	}
	named := 0
	for port := range queued + 10 {
		a := alert(fmt.Sprintf("10.0.0.7:%d", port+1), "10.0.0.5:389", detect.Proof{Octets: delRequest(100)})
		if w.Put(a); a.EvidenceFile != "" {
			named++
		}
	}
	w.Rescan()
	if c := w.Counts(); named != queued || c.Lost[LossSlow] != 10 || len(w.known) != queued {
		t.Errorf("%d files are named, %d known, %+v", named, len(w.known), c)
	}
	go w.write()
	if err := w.Close(0); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != queued {
		t.Errorf("%d files", len(got))
	}
}

func TestBrokenFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: file}); err == nil {
		t.Error("a file is no folder")
	}
	dir := t.TempDir()
	w := open(t, Config{Dir: dir, Wait: true})
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	w.Put(alert("10.0.0.7:1", "10.0.0.5:389", detect.Proof{Octets: delRequest(30)}))
	if err := w.Close(0); err == nil || !strings.Contains(err.Error(), "--evidence: ") {
		t.Errorf("the folder went away: %v", err)
	}
	if c := w.Counts(); c.Files != 0 || c.Lost[LossError] != 1 {
		t.Errorf("%+v", c)
	}
}
