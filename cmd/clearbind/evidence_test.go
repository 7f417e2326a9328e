package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// proven is what an alert says of its evidence.
type proven struct {
	Rule        struct{ ID string }
	Source      struct{ IP string }
	Destination struct{ Port int }
	Network     struct{ Transport string }
	LDAP        struct {
		Operation string
		MessageID int32 `json:"message_id"`
		Bind      struct{ Mechanism string }
	}
	Clearbind struct {
		Evidence string
		Until    string
		Packet   int
	}
}

// TestEvidence asks for the evidence of every finding in every capture, and
// reads it as others would.
func TestEvidence(t *testing.T) {
	kinds := map[string]sample{} // one of each for tshark, which takes long to start
	eachCapture(t, func(t *testing.T, name string, want expect) {
		dir := filepath.Join(t.TempDir(), "evidence")
		args := append(slices.Clone(want.Flags), "--repeat-interval=0", "--min-severity=info", "--format=json", "--evidence="+dir, name)
		_, stdout, stderr := clearbind(t, args...)
		files := map[string]bool{}
		for line := range bytes.Lines(stdout) {
			var a proven
			if err := json.Unmarshal(line, &a); err != nil {
				t.Fatal(err)
			}
			file := a.Clearbind.Evidence
			if files[file] {
				t.Errorf("two findings have %s", file)
			}
			files[file] = true
			data, err := os.ReadFile(filepath.Join(dir, file))
			if file == "" || err != nil {
				t.Errorf("%s of packet %d has no evidence: %v", a.Rule.ID, a.Clearbind.Packet, err)
				continue
			}
			readsAgain(t, &a, data)
			for _, secret := range want.Secrets {
				holdsNot(t, file, data, secret)
			}
			kind := fmt.Sprint(a.Rule.ID, a.LDAP.Operation, a.LDAP.Bind.Mechanism, strings.Contains(a.Source.IP, ":"), a.Network.Transport)
			if _, known := kinds[kind]; !known {
				kinds[kind] = sample{a, data}
			}
		}
		entries, _ := os.ReadDir(dir)
		if len(entries) != len(files) {
			t.Errorf("%d files for %d findings", len(entries), len(files))
		}
		if want := fmt.Sprintf("Evidence     %s in ", count(uint64(len(files)), "capture")); !bytes.Contains(stderr, []byte(want)) {
			t.Errorf("the summary lacks %q:\n%s", want, stderr)
		}
	})
	t.Run("as tshark shows it", func(t *testing.T) {
		tshark, err := exec.LookPath("tshark")
		if err != nil {
			t.Skip("tshark (Debian package tshark) is not here")
		}
		for _, s := range kinds {
			path := filepath.Join(t.TempDir(), s.alert.Clearbind.Evidence)
			if err := os.WriteFile(path, s.file, 0o600); err != nil {
				t.Fatal(err)
			}
			shows(t, tshark, &s.alert, path)
		}
	})
}

// sample is evidence of a kind of finding.
type sample struct {
	alert proven
	file  []byte
}

// readsAgain holds that gopacket reads the capture, and decode/ldap the same
// operation out of it.
func readsAgain(t *testing.T, a *proven, file []byte) {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Errorf("%s: %v", a.Clearbind.Evidence, err)
		return
	}
	streams, datagram := map[layers.TCPPort][]byte{}, []byte(nil)
	next := map[layers.TCPPort]uint32{}
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Errorf("%s: %v", a.Clearbind.Evidence, err)
			return
		}
		p := gopacket.NewPacket(data, r.LinkType(), gopacket.Default)
		if fail := p.ErrorLayer(); fail != nil && info.CaptureLength == info.Length {
			t.Errorf("%s: %v", a.Clearbind.Evidence, fail.Error())
		}
		payload := p.TransportLayer().LayerPayload()
		if tcp, ok := p.TransportLayer().(*layers.TCP); ok {
			if n := next[tcp.SrcPort]; n != 0 && n != tcp.Seq {
				t.Errorf("%s: sequence number %d follows %d", a.Clearbind.Evidence, tcp.Seq, n)
			}
			next[tcp.SrcPort] = tcp.Seq + uint32(len(payload)+info.Length-info.CaptureLength)
			streams[tcp.SrcPort] = append(streams[tcp.SrcPort], payload...)
			continue
		}
		datagram = payload
	}
	if a.LDAP.Operation == "" { // weak-tls shows a greeting, cldap-amplification an answer
		return
	}
	for _, stream := range append(slices.Collect(maps.Values(streams)), datagram) {
		if hdr, v := ldap.Scan(stream); v == ldap.OK && hdr.ID == a.LDAP.MessageID && operationOf(hdr.Op) == a.LDAP.Operation {
			return
		}
	}
	t.Errorf("%s: %s with ID %d is not in it", a.Clearbind.Evidence, a.LDAP.Operation, a.LDAP.MessageID)
}

// operationOf names an operation as alerts do.
func operationOf(op ldap.Op) string {
	name := op.String()
	for _, tail := range []string{"_request", "_response", "_result_entry", "_result_done"} {
		name = strings.TrimSuffix(name, tail)
	}
	if name == "del" {
		return "delete"
	}
	return name
}

// holdsNot looks for a secret in every form in which one could stand there.
func holdsNot(t *testing.T, name string, file []byte, secret string) {
	t.Helper()
	var wide []byte
	for _, u := range utf16.Encode([]rune(secret)) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	forms := map[string][]byte{
		"as it is": []byte(secret), "in UTF-16": wide, "in hex": []byte(hex.EncodeToString([]byte(secret))), "in capital hex": []byte(strings.ToUpper(hex.EncodeToString([]byte(secret)))),
	}
	for shift := range 3 { // base64 depends on where the octets begin
		text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), secret...))
		text = strings.TrimRight(text, "=")
		from, to := (shift*4+2)/3, len(text)-1 // what neighbours cannot change
		if to-from >= 4 {
			forms[fmt.Sprint("in base64 at ", shift)] = []byte(text[from:to])
		}
	}
	for form, octets := range forms {
		if bytes.Contains(file, octets) {
			t.Errorf("%s holds a secret %s", name, form)
		}
	}
}

// shows holds that Wireshark reads the operation out of the file.
func shows(t *testing.T, tshark string, a *proven, path string) {
	t.Helper()
	args := []string{"-r", path, "-T", "fields", "-e", "ldap.messageID", "-e", "_ws.col.Info", "-e", "_ws.malformed", "-e", "frame.comment"}
	if a.Rule.ID != "weak-tls" {
		args = append(args, "-d", fmt.Sprintf("%s.port==%d,%s", a.Network.Transport, a.Destination.Port, map[string]string{"tcp": "ldap", "udp": "cldap"}[a.Network.Transport]))
	}
	out, err := exec.Command(tshark, args...).Output()
	if err != nil {
		t.Errorf("tshark does not read %s: %v", path, err)
		return
	}
	text := string(out)
	seen := strings.Contains(text, "Server Hello")
	for line := range strings.Lines(text) {
		id, info, _ := strings.Cut(line, "\t")
		seen = seen || a.LDAP.Operation == "" && id != "" || id == fmt.Sprint(a.LDAP.MessageID) && info != ""
	}
	if !seen || !strings.Contains(text, a.Rule.ID+": packet ") {
		t.Errorf("tshark shows of %s %s:\n%s", a.Rule.ID, a.LDAP.Operation, text)
	}
	if strings.Contains(text, "Malformed") && a.LDAP.Bind.Mechanism == "" { // an NTLM message of asterisks is none
		t.Errorf("tshark finds fault with %s:\n%s", path, text)
	}
}
