package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/clearbind/clearbind/internal/loadgen"
)

// floorCommand makes this program read a capture and touch each frame's
// headers, in a process of its own as the others are.
const floorCommand = "floor"

// compare times everything over one capture.
func (b *bench) compare(m loadgen.Mix, octets int64) error {
	open := 0
	if m == loadgen.Sparse {
		open = 16 // as many as one packet in a hundred belongs to
	}
	path, tally, err := b.capture(m.String(), loadgen.Config{Seed: 1, Mix: m, Octets: octets, Open: open})
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(path) }()
	commands := b.commands(path)
	medians, err := alternate(b.runs, commands)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d packets, %d of LDAP, %.0f MB, %d connections\n\n", m, tally.Packets, tally.LDAPPackets, float64(tally.Octets)/1e6, tally.Connections)
	fmt.Println("| | user | system | processor | packets/s | by the clock | resident | processor, to clearbind's | passwords found |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for i, s := range medians {
		binds := ""
		if commands[i].found != nil {
			binds = fmt.Sprint(s.found)
		}
		fmt.Printf("| %s | %.2f s | %.2f s | %.2f s | %.2f M | %.2f s | %.0f MiB | %.2f | %s |\n", commands[i].name, s.user, s.system, s.cpu(),
			float64(tally.Packets)/s.cpu()/1e6, s.wall, s.mebibytes, s.cpu()/medians[0].cpu(), binds)
	}
	fmt.Printf("\nIn it are %d bind requests, %d of them simple with a password, which clearbind tells.\n\n", tally.BindRequests, tally.Alerts["cleartext-bind"])
	return nil
}

// commands are the program and its peers, those that are there.
func (b *bench) commands(path string) []command {
	alerts := func(more ...string) []string {
		return append([]string{b.program, "--format=json", path}, more...)
	}
	list := []command{
		{name: "clearbind -w 1", args: alerts("-w", "1", "-o", os.DevNull), oneCore: true},
		{name: "clearbind -w 2", args: alerts("-w", "2", "-o", os.DevNull)},
		{name: "clearbind -w 1 --repeat-interval=0", args: alerts("-w", "1", "--repeat-interval=0"), oneCore: true,
			found: func(out []byte) int { return countLines(out, `"id":"cleartext-bind"`) }},
		{name: "reading, and touching each header", args: []string{b.self, floorCommand, path}, oneCore: true},
	}
	for _, peer := range []command{
		{name: "tcpdump, a filter that keeps nothing", args: []string{"tcpdump", "-r", path, "-w", "-", "tcp port 65535"}},
		{name: "tshark, a filter of passwords", args: []string{"tshark", "-n", "-r", path, "-Y", `ldap.simple != ""`, "-T", "fields", "-e", "frame.number"},
			found: func(out []byte) int { return countLines(out, "") }},
		{name: "Suricata", args: []string{"suricata", "-r", path, "-l", b.dir, "-k", "none", "--runmode", "single", "-S", os.DevNull},
			found: b.suricataBinds, log: filepath.Join(b.dir, "eve.json")},
	} {
		if _, err := exec.LookPath(peer.args[0]); err == nil {
			list = append(list, peer)
		}
	}
	return list
}

// suricataBinds counts the binds in Suricata's log (version 8; older
// ones do not read LDAP), which the last run left alone in it.
func (b *bench) suricataBinds([]byte) int {
	log, err := os.ReadFile(filepath.Join(b.dir, "eve.json"))
	if err != nil {
		return 0
	}
	n := 0
	for line := range bytes.Lines(log) {
		if bytes.Contains(line, []byte(`"bind_request"`)) {
			n++
		}
	}
	return n
}

// floor is what no reader of captures can be below: it reads the file in large
// pieces and looks at each frame's EtherType and ports.
func floor(path string) error {
	file, err := os.Open(path) //nolint:gosec // reading what it is told to is its work
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	buf := make([]byte, 512<<10)
	if _, err := io.ReadFull(file, buf[:24]); err != nil {
		return err
	}
	frames, ports, have := 0, 0, 0
	for {
		n, err := file.Read(buf[have:])
		have += n
		at := 0
		for have-at >= 16 {
			size := 16 + int(binary.LittleEndian.Uint32(buf[at+8:]))
			if have-at < size {
				break
			}
			if frame := buf[at+16 : at+size]; len(frame) >= 54 && frame[12] == 8 {
				ports += int(frame[35]) + int(frame[37])
			}
			at += size
			frames++
		}
		have = copy(buf, buf[at:have])
		if err == io.EOF {
			fmt.Println(frames, ports)
			return nil
		}
		if err != nil {
			return err
		}
	}
}
