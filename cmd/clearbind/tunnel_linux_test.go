package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tunnel is a way from one namespace to another around which another packet or
// tag stands. The commands are run at both ends; before that,
// ME and PEER become the numbers of the ends, CASE that of the case.
type tunnel struct {
	name     string
	v6       bool // inside
	commands []string
}

// kernelTunnels are made by the kernel and end in it. Without a device called
// tun0, the commands give the inner addresses themselves.
var kernelTunnels = []tunnel{
	{"gre", false, []string{"link add tun0 type gre local 192.168.9.ME remote 192.168.9.PEER"}},
	{"gre with everything", false, []string{"link add tun0 type gre local 192.168.9.ME remote 192.168.9.PEER key 7 csum seq"}},
	{"gretap", false, []string{"link add tun0 type gretap local 192.168.9.ME remote 192.168.9.PEER key 7"}},
	{"gre over IPv6", false, []string{"link add tun0 type ip6gre local fd09::ME remote fd09::PEER encaplimit none"}},
	{"gretap over IPv6", false, []string{"link add tun0 type ip6gretap local fd09::ME remote fd09::PEER"}},
	{"erspan II", false, []string{"link add tun0 type erspan local 192.168.9.ME remote 192.168.9.PEER key 7 seq erspan_ver 1 erspan 9"}},
	{"erspan III", false, []string{"link add tun0 type erspan local 192.168.9.ME remote 192.168.9.PEER key 7 seq erspan_ver 2 erspan_dir egress erspan_hwid 4"}},
	{"IPv4 in IPv4", false, []string{"link add tun0 type ipip local 192.168.9.ME remote 192.168.9.PEER"}},
	{"IPv6 in IPv4", true, []string{"link add tun0 type sit local 192.168.9.ME remote 192.168.9.PEER"}},
	{"IPv6 in IPv6", true, []string{"link add tun0 type ip6tnl mode ip6ip6 local fd09::ME remote fd09::PEER"}},
	{"IPv4 in IPv6", false, []string{"link add tun0 type ip6tnl mode ipip6 local fd09::ME remote fd09::PEER"}},
	{"vxlan", false, []string{"link add tun0 type vxlan id 42 local 192.168.9.ME remote 192.168.9.PEER dstport 4789 dev wire0"}},
	{"vxlan, IPv6 inside", true, []string{"link add tun0 type vxlan id 42 local 192.168.9.ME remote 192.168.9.PEER dstport 4789 dev wire0"}},
	{"vxlan on Linux's port", false, []string{"link add tun0 type vxlan id 42 local 192.168.9.ME remote 192.168.9.PEER dstport 8472 dev wire0"}},
	{"vxlan over IPv6", true, []string{"link add tun0 type vxlan id 42 local fd09::ME remote fd09::PEER dstport 4789 dev wire0"}},
	{"vxlan in vxlan", false, []string{
		"link add outer0 type vxlan id 42 local 192.168.9.ME remote 192.168.9.PEER dstport 4789 dev wire0",
		"addr add 192.168.10.ME/24 dev outer0", "link set outer0 up",
		"link add tun0 type vxlan id 43 local 192.168.10.ME remote 192.168.10.PEER dstport 8472 dev outer0",
	}},
	{"geneve", false, []string{"link add tun0 type geneve id 42 remote 192.168.9.PEER"}},
	{"geneve over IPv6", true, []string{"link add tun0 type geneve id 42 remote fd09::PEER"}},
	{"a VLAN", false, []string{"link add link wire0 name tun0 type vlan id 42"}},
	{"QinQ", false, []string{"link add link wire0 name outer0 type vlan proto 802.1ad id 7", "link set outer0 up", "link add link outer0 name tun0 type vlan id 42"}},
	{"a VLAN in vxlan", false, []string{
		"link add outer0 type vxlan id 42 local 192.168.9.ME remote 192.168.9.PEER dstport 4789 dev wire0", "link set outer0 up",
		"link add link outer0 name tun0 type vlan id 42",
	}},
	{"IPv6 in SRv6", true, []string{
		"addr add fd39:CASE::ME/128 dev lo",
		"-6 route add fd0d::CASE:ME/128 encap seg6local action End.DT6 table 255 dev wire0",
		"-6 route add fd0d::CASE:PEER/128 via fd09::PEER dev wire0",
		"-6 route add fd39:CASE::PEER/128 encap seg6 mode encap segs fd0d::CASE:PEER dev wire0 src fd39:CASE::ME",
	}},
	{"IPv4 in SRv6, by way of two", false, []string{
		"addr add 10.39.CASE.ME/32 dev lo",
		"-6 route add fd0d::CASE:ME/128 encap seg6local action End.DX4 nh4 10.39.CASE.ME dev wire0",
		"-6 route add fd0e::CASE:ME/128 encap seg6local action End dev wire0",
		"-6 route add fd0d::CASE:PEER/128 via fd09::PEER dev wire0",
		"-6 route add fd0e::CASE:PEER/128 via fd09::PEER dev wire0",
		"route add 10.39.CASE.PEER/32 encap seg6 mode encap segs fd0e::CASE:PEER,fd0d::CASE:PEER dev wire0 src 10.39.CASE.ME",
	}},
}

// at fills a command in.
func (tunnel) at(command string, number, end int) string {
	return strings.NewReplacer("ME", fmt.Sprint(end), "PEER", fmt.Sprint(3-end), "CASE", fmt.Sprint(number)).Replace(command)
}

// inner gives an end's address inside.
func (n *tunnel) inner(number, end int) string {
	if n.v6 {
		return n.at("fd39:CASE::ME", number, end)
	}
	return n.at("10.39.CASE.ME", number, end)
}

// TestLiveThroughTunnels binds and searches through the kernel's tunnels, while
// the sensor watches the link that they go over.
func TestLiveThroughTunnels(t *testing.T) {
	m := newMeeting(t, "wire0")
	for end, s := range m.ends() {
		s.ip(t, fmt.Sprintf("addr add 192.168.9.%d/24 dev wire0", end))
		s.ip(t, fmt.Sprintf("addr add fd09::%d/64 dev wire0 nodad", end))
		s.set(t, "ipv6/conf/all/forwarding", "1") // for End of SRv6
	}
	for i, n := range kernelTunnels {
		t.Run(n.name, func(t *testing.T) {
			defer func() { // other cases follow
				for _, s := range m.ends() {
					_, _ = s.tryIP(t, "link del tun0")
					_, _ = s.tryIP(t, "link del outer0")
				}
			}()
			for end, s := range m.ends() {
				for _, command := range n.commands {
					if out, err := s.tryIP(t, n.at(command, i, end)); err != nil {
						t.Skipf("not to be had of this kernel: ip %s: %s", n.at(command, i, end), strings.TrimSpace(out))
					}
				}
				if _, err := s.tryIP(t, "link show tun0"); err == nil {
					m.address(t, &n, i, end, "tun0")
				}
			}
			m.talk(t, &n, i)
		})
	}
	m.part(t)
}

// meeting is two namespaces joined by cables, a directory in the second, and a
// sensor that watches the cables' ends there.
type meeting struct {
	client, server *space
	sensor         *watcher
	alerts         string
	want           []finding
	talks          int
}

const talkers = 20 // people in the directory: a search returns two entries more

func newMeeting(t *testing.T, cables ...string) *meeting {
	t.Helper()
	m := &meeting{client: newSpace(t), server: newSpace(t), alerts: filepath.Join(t.TempDir(), "alerts.jsonl")}
	m.server.directory(t, talkers)
	args := []string{"--repeat-interval=0", "--min-severity=info", "--output=" + m.alerts, "--workers=2"}
	for _, name := range cables {
		cable(t, m.client, m.server, name)
		args = append(args, "-i", name)
	}
	begin := func(cmd *exec.Cmd) error { return m.server.do(t, cmd.Start) }
	m.sensor = watchFrom(t, begin, args...)
	return m
}

// ends gives the namespaces by the numbers of their addresses.
func (m *meeting) ends() map[int]*space { return map[int]*space{1: m.client, 2: m.server} }

// address gives a tunnel's end its inner address, and room for what stands
// around.
func (m *meeting) address(t *testing.T, n *tunnel, number, end int, device string) {
	t.Helper()
	s, prefix := m.ends()[end], "/24"
	if n.v6 {
		prefix = "/64 nodad"
	}
	s.ip(t, "link set dev "+device+" mtu 1400 up")
	address, _, _ := strings.Cut(prefix, " ")
	s.ip(t, "addr add "+n.inner(number, end)+address+" dev "+device+strings.TrimPrefix(prefix, address))
}

// talk binds and searches through a tunnel, and waits until that is told.
func (m *meeting) talk(t *testing.T, n *tunnel, number int) {
	t.Helper()
	name := person(number % talkers)
	from, to := n.inner(number, 1), n.inner(number, 2)
	if status, said := m.client.search(t, to, name, password, "(objectClass=*)"); status != 0 || strings.Count(said, "dn: ") != talkers+2 {
		t.Fatalf("ldapsearch ends with %d: %s", status, said)
	}
	m.talks++
	for _, rule := range []string{"cleartext-bind", "cleartext-search"} {
		m.want = append(m.want, finding{rule, from, to + " 389", &name, "success"})
	}
	for range 250 {
		if len(m.told(t)) >= len(m.want) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	have, found := m.told(t), false
	for _, want := range m.want[len(m.want)-2:] {
		if have, found = take(want, have); !found {
			t.Errorf("not told: %s of %s at %s", want.Rule, want.Source, want.Destination)
		}
	}
}

func (m *meeting) told(t *testing.T) []finding {
	t.Helper()
	text, err := os.ReadFile(m.alerts)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte(password)) {
		t.Fatal("a secret stands in the output")
	}
	return told(t, text[:bytes.LastIndexByte(text, '\n')+1])
}

// part ends the sensor: nothing but what was said is told, and every octet was
// seen.
func (m *meeting) part(t *testing.T) {
	t.Helper()
	var metrics string
	_ = m.server.do(t, func() error { metrics = scrape(t); return nil })
	for _, line := range []string{
		"clearbind_stream_gaps_total 0", "clearbind_panics_total 0",
		fmt.Sprintf("clearbind_search_entries_total %d", m.talks*(talkers+2)),
	} {
		if !strings.Contains(metrics, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, " ")
			_, have, _ := strings.Cut(metrics, "\n"+name+" ")
			have, _, _ = strings.Cut(have, "\n")
			t.Errorf("not %s, but %s", line, have)
		}
	}
	if status := m.sensor.end(t); status != exitDone || strings.Contains(m.sensor.stderr.String(), password) {
		t.Errorf("exit status %d: %s", status, m.sensor.stderr.String())
	}
	have := m.told(t)
	for _, want := range m.want {
		have, _ = take(want, have) // talk has told what is missing
	}
	for _, f := range have {
		t.Errorf("too many: %s of %s at %s", f.Rule, f.Source, f.Destination)
	}
}
