package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// vswitch is an Open vSwitch in a namespace, without help of the kernel: a
// bridge wan, which owns wire0 and the outer addresses, and a bridge lan, which
// the host is at.
type vswitch struct {
	*space
	dir string
}

func newVswitch(t *testing.T, s *space, end int) *vswitch {
	t.Helper()
	v := &vswitch{space: s, dir: t.TempDir()}
	tool, server, daemon := need(t, "ovsdb-tool", "openvswitch-switch"), need(t, "ovsdb-server", "openvswitch-switch"), need(t, "ovs-vswitchd", "openvswitch-switch")
	db := filepath.Join(v.dir, "conf.db")
	if out, err := s.run(t, v.env(), tool, "create", db, "/usr/share/openvswitch/vswitch.ovsschema"); err != nil {
		t.Skipf("Open vSwitch makes no database: %v: %s", err, out)
	}
	// Each listens at a port as well, by which to see that it is there.
	if up, said := s.serve(t, v.env(), "127.0.0.1:6640", server, db, "--remote=punix:"+v.socket(), "--remote=ptcp:6640:127.0.0.1", "--unixctl="+v.dir+"/db.ctl"); !up {
		t.Skip("ovsdb-server does not start: ", said)
	}
	v.vsctl(t, "--no-wait init")
	v.vsctl(t, "--no-wait set Open_vSwitch . other_config:vlan-limit=2")
	v.vsctl(t, fmt.Sprintf("--no-wait add-br wan -- set bridge wan datapath_type=netdev other_config:hwaddr=\"02:00:00:00:00:0%d\"", end))
	v.vsctl(t, "--no-wait set-controller wan ptcp:6653:127.0.0.1")
	if up, said := s.serve(t, v.env(), "127.0.0.1:6653", daemon, "unix:"+v.socket(), "--unixctl="+v.dir+"/vs.ctl"); !up {
		t.Skip("ovs-vswitchd does not start: ", said)
	}
	v.vsctl(t, "add-port wan wire0 -- add-br lan -- set bridge lan datapath_type=netdev")
	for _, line := range []string{"link set wan up", "addr add 192.168.9.%d/24 dev wan", "addr add fd09::%d/64 dev wan nodad"} {
		s.ip(t, strings.ReplaceAll(line, "%d", fmt.Sprint(end)))
	}
	return v
}

func (v *vswitch) socket() string { return v.dir + "/db.sock" }
func (v *vswitch) env() []string  { return []string{"OVS_RUNDIR=" + v.dir, "OVS_LOGDIR=" + v.dir} }

func (v *vswitch) vsctl(t *testing.T, args string) {
	t.Helper()
	v.tell(t, "ovs-vsctl --timeout=20 --db=unix:"+v.socket()+" "+args)
}

func (v *vswitch) tell(t *testing.T, command string) {
	t.Helper()
	if out, err := v.run(t, v.env(), strings.Fields(command)...); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
}

// switchTunnels are ports of the bridge lan, or flows on a cable of its own.
var switchTunnels = []struct {
	tunnel
	flows []string // instead of a port
}{
	{tunnel: tunnel{"gre, Ethernet inside", false, []string{"gre options:remote_ip=192.168.9.PEER options:key=7"}}},
	{tunnel: tunnel{"gre, sequence numbers", true, []string{"gre options:remote_ip=192.168.9.PEER options:seq=true"}}},
	{tunnel: tunnel{"gre over IPv6", false, []string{"ip6gre options:remote_ip=fd09::PEER options:key=7"}}},
	{tunnel: tunnel{"vxlan", true, []string{"vxlan options:remote_ip=192.168.9.PEER options:key=42"}}},
	{tunnel: tunnel{"vxlan over IPv6", false, []string{"vxlan options:remote_ip=fd09::PEER options:key=42"}}},
	{tunnel: tunnel{"geneve", false, []string{"geneve options:remote_ip=192.168.9.PEER options:key=42"}}},
	{tunnel: tunnel{"geneve over IPv6", true, []string{"geneve options:remote_ip=fd09::PEER options:key=42 options:csum=true"}}},
	{tunnel: tunnel{"erspan II", false, []string{"erspan options:remote_ip=192.168.9.PEER options:key=7 options:erspan_ver=1 options:erspan_idx=9"}}},
	{tunnel: tunnel{"erspan III", true, []string{"erspan options:remote_ip=192.168.9.PEER options:key=7 options:erspan_ver=2 options:erspan_dir=1 options:erspan_hwid=4"}}},
	{tunnel: tunnel{"erspan over IPv6", false, []string{"ip6erspan options:remote_ip=fd09::PEER options:key=7 options:erspan_ver=1 options:erspan_idx=9"}}},
	{tunnel: tunnel{name: "a VLAN"}, flows: []string{
		"in_port=LOCAL,actions=push_vlan:0x8100,mod_vlan_vid:42,output:wire1", "in_port=wire1,dl_vlan=42,actions=pop_vlan,output:LOCAL",
	}},
	{tunnel: tunnel{name: "QinQ", v6: true}, flows: []string{
		"in_port=LOCAL,actions=push_vlan:0x8100,mod_vlan_vid:42,push_vlan:0x88a8,mod_vlan_vid:7,output:wire1",
		"in_port=wire1,dl_vlan=7,actions=pop_vlan,resubmit(,1)", "table=1,dl_vlan=42,actions=pop_vlan,output:LOCAL",
	}},
	{tunnel: tunnel{name: "MPLS, two labels"}, flows: []string{
		"priority=1,in_port=LOCAL,actions=output:wire1", "priority=1,in_port=wire1,actions=output:LOCAL", // ARP
		"priority=2,in_port=LOCAL,ip,actions=push_mpls:0x8847,set_field:100->mpls_label,push_mpls:0x8847,set_field:200->mpls_label,output:wire1",
		"priority=2,in_port=wire1,mpls,actions=pop_mpls:0x8847,resubmit(,1)", "table=1,mpls,actions=pop_mpls:0x0800,output:LOCAL",
	}},
}

// TestLiveThroughVirtualSwitches does what TestLiveThroughTunnels does with
// another hand's tunnels, which need no support by the kernel.
func TestLiveThroughVirtualSwitches(t *testing.T) {
	need(t, "ovs-vsctl", "openvswitch-switch")
	m := newMeeting(t, "wire0", "wire1")
	switches := map[int]*vswitch{}
	for end, s := range m.ends() {
		s.set(t, "ipv4/conf/all/arp_ignore", "1") // or the host answers at the cable itself
		switches[end] = newVswitch(t, s, end)
	}
	for i, n := range switchTunnels {
		t.Run(n.name, func(t *testing.T) {
			defer func() { // other cases follow
				for _, v := range switches {
					v.vsctl(t, "--if-exists del-port lan tun0")
				}
			}()
			for end, v := range switches {
				if n.flows == nil {
					v.vsctl(t, "add-port lan tun0 -- set interface tun0 type="+n.at(n.commands[0], i, end))
				} else {
					v.vsctl(t, "--may-exist add-port lan wire1")
				}
				v.tell(t, "ovs-ofctl -O OpenFlow13 del-flows lan")
				for _, flow := range append(n.flows, "priority=0,actions=normal") {
					v.tell(t, "ovs-ofctl -O OpenFlow13 add-flow lan "+flow)
				}
				m.address(t, &n.tunnel, i, end, "lan")
			}
			m.talk(t, &n.tunnel, i)
		})
	}
	m.part(t)
}
