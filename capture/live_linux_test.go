package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode"
	"golang.org/x/sys/unix"
)

// onEthernet gives the shipped Ethernet frames, in the order of their files'
// names, as they arrive: a tag is beside the frame then.
func onEthernet(t testing.TB) (sent [][]byte, want []seen) {
	captures := shipped(t)
	names := make([]string, 0, len(captures))
	for name := range captures {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, s := range captures[name] {
			if s.link != linkEthernet || s.frame.WireLen != len(s.data) {
				continue
			}
			sent = append(sent, s.data)
			s.frame = Frame{Data: s.data, WireLen: len(s.data), Number: uint64(len(sent)), Link: linkEthernet}
			if slices.Contains(etherTags()[:2], uint32(binary.BigEndian.Uint16(s.data[12:]))) {
				s.frame.VLAN = binary.BigEndian.Uint16(s.data[14:]) & 0xfff
				s.data = slices.Concat(s.data[:12], s.data[16:])
				s.frame.Data, s.frame.WireLen = s.data, len(s.data)
			}
			want = append(want, s)
		}
	}
	return sent, want
}

func TestLiveGivesEveryFrame(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	sent, want := onEthernet(t)
	l := open(t, LiveConfig{Interfaces: []string{"lv-b"}, Promiscuous: true})[0]
	s := openSender(t, "lv-a")
	before := time.Now()
	for _, b := range sent {
		s.send(t, b)
	}
	got := arrived(t, l)
	after := time.Now()
	if len(got) != len(want) {
		t.Fatalf("%d frames arrived, %d were sent", len(got), len(want))
	}
	tags, nanos, octets, last := 0, 0, uint64(0), before
	for i := range got {
		w := want[i].frame
		w.Time, w.Origin = got[i].Time, "lv-b"
		if !reflect.DeepEqual(got[i], w) {
			t.Fatalf("got  %+v\nwant %+v", got[i], w)
		}
		if got[i].Time.Before(last) || got[i].Time.After(after) {
			t.Errorf("frame %d of %v, after one of %v and before %v", i+1, got[i].Time, last, after)
		}
		last = got[i].Time
		if w.VLAN != 0 {
			tags++
		}
		if w.Time.Nanosecond()%1000 != 0 {
			nanos++
		}
		octets += uint64(len(w.Data))
	}
	if tags == 0 || nanos < len(got)/2 {
		t.Errorf("%d frames have a tag, %d nanoseconds", tags, nanos)
	}
	stats, err := l.Stats()
	if want := (Stats{Frames: uint64(len(sent)), Bytes: octets}); stats != want || err != nil {
		t.Errorf("stats %+v, %v, want %+v", stats, err, want)
	}
	if links := l.Links(); !reflect.DeepEqual(links, []Link{{Name: "lv-b", Up: true, Carrier: true, Stats: stats}}) {
		t.Errorf("links %+v", links)
	}
}

// The kernel passes what the filter's own tests say.
func TestLiveFilters(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	sent, all := onEthernet(t)
	for _, name := range []string{"usual", "clients alone", "too many networks"} {
		f := filters()[name]
		l := open(t, LiveConfig{Interfaces: []string{"lv-b"}, Filter: f})[0]
		s := openSender(t, "lv-a")
		for _, b := range sent {
			s.send(t, b)
		}
		got, want := arrived(t, l), passed(t, f, all, share{0, 1})
		if len(got) != len(want) || len(want) == 0 {
			t.Fatalf("%s: %d frames, want %d", name, len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i].Data, want[i].data) {
				t.Fatalf("%s: got %x, want %x", name, got[i].Data, want[i].data)
			}
		}
	}
}

// No frame comes in before the filter stands.
func TestLiveFiltersFromTheStart(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	s, frame := openSender(t, "lv-a"), make([]byte, 60)
	stop := make(chan struct{})
	var sending sync.WaitGroup
	sending.Go(func() { // until stop is closed; waited for below
		for {
			select {
			case <-stop:
				return
			default:
				_ = unix.Sendto(s.fd, frame, 0, &s.to)
			}
		}
	})
	for range 50 {
		l, err := OpenLive(LiveConfig{Interfaces: []string{"lv-b"}, Filter: &Filter{Ports: []uint16{1}}, RingSize: 1})
		must(t, err)
		stats, err := unix.GetsockoptTpacketStatsV3(l[0].taps[0].fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err != nil || stats.Packets != 0 {
			t.Errorf("%d frames passed, %v", stats.Packets, err)
		}
		must(t, l[0].Close())
	}
	close(stop)
	sending.Wait()
	arrivals := open(t, LiveConfig{Interfaces: []string{"lv-b"}})[0]
	s.send(t, frame)
	if got := arrived(t, arrivals); len(got) != 1 {
		t.Errorf("%d frames without a filter: was anything sent?", len(got))
	}
}

func TestLiveSharesOut(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	veth(t, "lv-c", "lv-d")
	sent, _ := onEthernet(t)
	const workers = 3
	all := open(t, LiveConfig{Interfaces: []string{"lv-b", "lv-d"}, Workers: workers})
	taps := []*sender{openSender(t, "lv-a"), openSender(t, "lv-c")}
	for i, b := range sent {
		taps[i%2].send(t, b)
	}
	whose, total := map[[2]netip.Addr]int{}, 0
	for worker, l := range all {
		got := arrived(t, l)
		total += len(got)
		for _, f := range got {
			one := []seen{{frame: f}}
			_, pairs := segments(one, func(*decode.Segment) bool { return true })
			s, _ := asSeen(f)
			if worker == 0 || len(pairs) == 0 || verdict(t, &Filter{Tunnels: true}, s) {
				continue // perhaps in a tunnel
			}
			if was, ok := whose[pairs[0]]; ok && was != worker {
				t.Errorf("%v is of worker %d and of %d", pairs[0], was, worker)
			}
			whose[pairs[0]] = worker
		}
	}
	if total != len(sent) || len(whose) < 2 {
		t.Errorf("%d frames of %d, %d pairs", total, len(sent), len(whose))
	}
}

// verdict says whether f passes s.
func verdict(t testing.TB, f *Filter, s seen) bool { return judge(f, share{0, 1})(t, &s) != 0 }

// Two taps are two directions of a line: their frames come in order.
func TestLiveMergesByTime(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	veth(t, "lv-c", "lv-d")
	veth(t, "lv-e", "lv-f") // silent
	l := open(t, LiveConfig{Interfaces: []string{"lv-b", "lv-d", "lv-f"}})[0]
	taps := []*sender{openSender(t, "lv-a"), openSender(t, "lv-c")}
	frame := make([]byte, 60)
	for i := range 2000 {
		binary.BigEndian.PutUint32(frame[14:], uint32(i))
		taps[i/3%2].send(t, frame)
		if i%500 == 0 {
			time.Sleep(blockWait * time.Millisecond) // so that blocks end in between
		}
	}
	got := arrived(t, l)
	for i, f := range got {
		if n := binary.BigEndian.Uint32(f.Data[14:]); int(n) != i || f.Number != uint64(i+1) || f.Origin != []string{"lv-b", "lv-d"}[i/3%2] {
			t.Fatalf("frame %d of %s is the %dth", n, f.Origin, i)
		}
	}
	if len(got) != 2000 {
		t.Errorf("%d frames", len(got))
	}
}

func TestLiveCutsAndHoldsGiants(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	s := openSender(t, "lv-a")
	frame := bytes.Repeat([]byte{0x88, 0xb5}, (65535+14)/2)
	for _, snaplen := range []int{0, 96, 1 << 30} {
		l := open(t, LiveConfig{Interfaces: []string{"lv-b"}, Snaplen: snaplen, RingSize: 1})[0]
		s.send(t, frame)
		got := arrived(t, l)
		want := frame
		if snaplen == 96 {
			want = frame[:96]
		}
		if len(got) != 1 || !bytes.Equal(got[0].Data, want) || got[0].WireLen != len(frame) {
			t.Errorf("snaplen %d: %d frames: %d octets of %d", snaplen, len(got), len(got[0].Data), got[0].WireLen)
		}
	}
}

func TestLiveCountsDrops(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	l := open(t, LiveConfig{Interfaces: []string{"lv-b"}, RingSize: 1})[0]
	s := openSender(t, "lv-a")
	const sent = 20_000
	frame := make([]byte, 700)
	for range sent {
		s.send(t, frame)
	}
	first, err := l.Stats()
	if err != nil || first.Dropped == 0 || first.Frozen == 0 {
		t.Errorf("stats %+v, %v: a ring of 1 MiB held %d frames of 700 octets", first, err, sent)
	}
	got := uint64(len(arrived(t, l)))
	s.send(t, frame)
	got += uint64(len(arrived(t, l)))
	stats, err := l.Stats()
	want := Stats{Frames: got, Bytes: got * 700, Dropped: first.Dropped, Frozen: first.Frozen}
	if stats != want || err != nil || got+stats.Dropped != sent+1 {
		t.Errorf("stats %+v, %v, want %+v, %d together", stats, err, want, sent+1)
	}
}

func TestLiveComesBack(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	l := open(t, LiveConfig{Interfaces: []string{"lv-b"}, Promiscuous: true})[0]
	frame := make([]byte, 60)
	see := func(when string, up bool, downs uint64, frames int) {
		t.Helper()
		if up {
			openSender(t, "lv-a").send(t, frame)
		}
		if got := arrived(t, l); len(got) != frames {
			t.Errorf("%s: %d frames, want %d", when, len(got), frames)
		}
		if link := l.Links()[0]; link.Up != up || link.Carrier != up || link.Downs != downs {
			t.Errorf("%s: %+v", when, link)
		}
	}
	see("at first", true, 0, 1)
	ip(t, "link set lv-b down")
	see("down", false, 1, 0)
	ip(t, "link set lv-b up")
	arrived(t, l) // a tick, in which it is found
	see("up again", true, 1, 1)
	ip(t, "link set lv-b down")
	ip(t, "link set lv-b up")
	see("down for a moment", true, 2, 1)
	ip(t, "link del lv-b")
	see("deleted", false, 3, 0)
	see("still deleted", false, 3, 0)
	veth(t, "lv-a", "lv-b")
	arrived(t, l)
	see("made anew", true, 3, 1)
	if out := ip(t, "-d link show lv-b"); !strings.Contains(out, "promiscuity 1") {
		t.Errorf("not promiscuous any more: %s", out)
	}
	ip(t, "link del lv-b")
	veth(t, "lv-a", "lv-b")
	arrived(t, l)
	see("replaced between two looks", true, 4, 1)
	ip(t, "link del lv-b")
	ip(t, "tuntap add dev lv-b mode tun")
	ip(t, "link set lv-b up")
	arrived(t, l)
	see("of another kind now", false, 5, 0)
	if stats, err := l.Stats(); err != nil || stats.Frames != 5 {
		t.Errorf("stats %+v, %v", stats, err)
	}
}

func TestLiveOfAnInterfaceThatIsDown(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	ip(t, "link set lv-b down")
	l := open(t, LiveConfig{Interfaces: []string{"lv-b"}, Workers: 2})[1]
	if got := arrived(t, l); len(got) != 0 || l.Links()[0] != (Link{Name: "lv-b"}) {
		t.Errorf("%d frames, links %+v", len(got), l.Links())
	}
	ip(t, "link set lv-b up")
	if arrived(t, l); l.Links()[0] != (Link{Name: "lv-b", Up: true, Carrier: true}) {
		t.Errorf("links %+v", l.Links())
	}
}

// An interface that is away is found while another leaves no idle moment.
func TestLiveSeeksWhileBusy(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	veth(t, "lv-c", "lv-d")
	l := open(t, LiveConfig{Interfaces: []string{"lv-b", "lv-d"}})[0]
	ip(t, "link del lv-d")
	arrived(t, l)
	veth(t, "lv-c", "lv-d")
	if l.Links()[1].Up {
		t.Fatal("found without looking")
	}
	s, frame := openSender(t, "lv-a"), make([]byte, 60)
	for range checkEvery {
		s.send(t, frame)
	}
	var f Frame
	for range checkEvery {
		must(t, l.Next(&f))
	}
	if !l.Links()[1].Up {
		t.Errorf("links %+v", l.Links())
	}
}

func TestLiveLoopbackOnce(t *testing.T) {
	namespace(t)
	ip(t, "link set lo up")
	for _, name := range []string{"lo", "any"} {
		l := open(t, LiveConfig{Interfaces: []string{name}, Filter: &Filter{Ports: []uint16{389}}, Promiscuous: true})[0]
		conn, err := net.Dial("udp", "127.0.0.1:389")
		must(t, err)
		sent := 0
		for range 5 {
			if _, err := conn.Write([]byte("thrice hail")); err == nil { // else it was told that nobody listens
				sent++
			}
		}
		must(t, conn.Close())
		udp := 0
		for _, f := range arrived(t, l) {
			one := []seen{{frame: f}}
			list, _ := segments(one, func(s *decode.Segment) bool { return s.Proto == decode.UDP && string(s.Payload) == "thrice hail" })
			udp += len(list)
			if want := map[string]uint16{"lo": linkEthernet, "any": linkSLL2}[name]; f.Link != want || f.Origin != name {
				t.Errorf("%s: link %d of %s", name, f.Link, f.Origin)
			}
		}
		if udp != sent || sent < 2 {
			t.Errorf("%s: %d datagrams, %d were sent", name, udp, sent)
		}
	}
}

// Cooked frames carry what a recording of "any" does.
func TestLiveCooksAny(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	d, err := lookup("lv-b")
	must(t, err)
	frame := shipped(t)["simple-bind-success.pcap"]
	f := filters()["usual"]
	bare := passed(t, f, frame, share{0, 1})[0].data
	l := open(t, LiveConfig{Interfaces: []string{"any"}, Filter: f})[0]
	s := openSender(t, "lv-a")
	must(t, unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 0)) // which hides what leaves
	s.send(t, bare)
	got := arrived(t, l)
	if len(got) != 2 {
		t.Fatalf("%d frames, want one that leaves and one that arrives", len(got))
	}
	want := binary.BigEndian.AppendUint32([]byte{8, 0, 0, 0}, uint32(d.index))
	want = append(want, 0, 1, unix.PACKET_OTHERHOST, 6)
	want = slices.Concat(want, bare[6:12], []byte{0, 0}, bare[14:])
	if f := got[1]; !bytes.Equal(f.Data, want) || f.WireLen != len(want) || f.Link != linkSLL2 || f.VLAN != 0 {
		t.Errorf("got  %+v\nwant %x", f, want)
	}
	if got[0].Data[10] != unix.PACKET_OUTGOING {
		t.Errorf("the first is %x", got[0].Data)
	}
	// A tag comes beside a frame that arrives, and in one that leaves; of two,
	// the second is in the frame.
	for _, tags := range [][]byte{{0x81, 0, 0x60, 42}, {0x88, 0xa8, 0x40, 42, 0x81, 0, 0x40, 7}, {0x81, 0, 0, 42, 0x81, 0, 0x60, 7}} {
		s.send(t, slices.Concat(bare[:12], tags, bare[12:]))
		got = arrived(t, l)
		if len(got) != 2 {
			t.Fatalf("%d frames tagged %x, want 2", len(got), tags)
		}
		for _, f := range got {
			list, _ := segments([]seen{{frame: f}}, func(s *decode.Segment) bool { return s.VLAN == 42 })
			if len(list) != 1 {
				t.Errorf("no segment of VLAN 42 in %+v", f)
			}
		}
	}
}

func TestLiveTun(t *testing.T) {
	namespace(t)
	tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no tun device:", err)
	}
	defer func() { _ = tun.Close() }()
	req, err := unix.NewIfreq("lv-t")
	must(t, err)
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	must(t, unix.IoctlIfreq(int(tun.Fd()), unix.TUNSETIFF, req))
	ip(t, "link set lv-t up")
	l := open(t, LiveConfig{Interfaces: []string{"lv-t"}, Filter: filters()["usual"]})[0]
	want := passed(t, filters()["usual"], shipped(t)["link-raw.pcap"], share{0, 1})
	for _, s := range want {
		_, err := tun.Write(s.data)
		must(t, err)
	}
	got := arrived(t, l)
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
	for i, f := range got {
		if !bytes.Equal(f.Data, want[i].data) || f.Link != linkRaw {
			t.Errorf("got %+v, want %x", f, want[i].data)
		}
	}
}

func TestLiveDoesNotAllocate(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	veth(t, "lv-c", "lv-d")
	for _, names := range [][]string{{"lv-b"}, {"any"}, {"lv-b", "lv-d"}} {
		l := open(t, LiveConfig{Interfaces: names})[0]
		s, frame := openSender(t, "lv-a"), make([]byte, 300)
		for range 2000 {
			s.send(t, frame)
		}
		var f Frame
		got := testing.AllocsPerRun(1000, func() { must(t, l.Next(&f)) })
		if got != 0 {
			t.Errorf("%v: %v allocations a frame", names, got)
		}
		arrived(t, l)
		if got := testing.AllocsPerRun(1, func() { _ = l.poll(0) }); got != 0 {
			t.Errorf("%v: %v allocations a poll", names, got)
		}
	}
}

func TestLiveAfterClose(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	l := open(t, LiveConfig{Interfaces: []string{"lv-b"}})[0]
	var f Frame
	if err := l.Next(&f); err != ErrIdle || !reflect.DeepEqual(f, Frame{}) {
		t.Errorf("in silence: %v, %+v", err, f)
	}
	must(t, l.Close())
	must(t, l.Close())
	if err := l.Next(&f); err != os.ErrClosed {
		t.Errorf("after Close: %v", err)
	}
	if stats, err := l.Stats(); stats != (Stats{}) || err != nil {
		t.Errorf("after Close: %+v, %v", stats, err)
	}
	if links := l.Links(); len(links) != 1 {
		t.Errorf("after Close: %+v", links)
	}
}

func TestOpenLiveErrors(t *testing.T) {
	namespace(t)
	ip(t, "link set lo up")
	veth(t, "eth0", "tap0")
	for name, tt := range map[string]struct {
		cfg  LiveConfig
		want string
	}{
		"none":      {LiveConfig{}, "no interface to watch"},
		"a typo":    {LiveConfig{Interfaces: []string{"eht0"}}, "eht0: no such interface (no such device); there are eth0, tap0, lo and any"},
		"too long":  {LiveConfig{Interfaces: []string{strings.Repeat("x", 20)}}, strings.Repeat("x", 20) + ": no such interface (no such device); there are lo, tap0, eth0 and any"},
		"twice":     {LiveConfig{Interfaces: []string{"lo", "lo"}}, "lo: each frame would be seen twice"},
		"and again": {LiveConfig{Interfaces: []string{"lo", "any"}}, "any: each frame would be seen twice"},
		"no memory": {LiveConfig{Interfaces: []string{"lo"}, RingSize: math.MaxInt}, fmt.Sprintf("lo: a ring of %d MiB: 16384 MiB is the most", math.MaxInt>>20)},
	} {
		if _, err := OpenLive(tt.cfg); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

func TestOpenLiveWithoutPrivilege(t *testing.T) {
	namespace(t)
	ip(t, "link set lo up")
	// Of this thread alone, which ends with the test.
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	must(t, unix.Capset(&head, &none[0]))
	_, err := OpenLive(LiveConfig{Interfaces: []string{"lo"}})
	program, _ := os.Executable()
	want := fmt.Sprintf("lo: open a packet socket: operation not permitted: it needs CAP_NET_RAW; run as root, or once: setcap cap_net_raw=ep %s", program)
	if err == nil || err.Error() != want || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What comes back is picked up by a program that has dropped its privileges.
func TestLiveComesBackWithoutPrivilege(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	veth(t, "lv-x", "lv-y")
	l := open(t, LiveConfig{Interfaces: []string{"lv-b"}, Workers: 2, Promiscuous: true})[0]
	ip(t, "link del lv-b")
	arrived(t, l)
	veth(t, "lv-a", "lv-b")
	s := openSender(t, "lv-a")
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	must(t, unix.Capset(&head, &none[0]))
	arrived(t, l)
	s.send(t, make([]byte, 60))
	if got := arrived(t, l); len(got) != 1 || !l.Links()[0].Up {
		t.Errorf("%d frames, %+v", len(got), l.Links())
	}
}

func TestInterfaces(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	ip(t, "link set lo up")
	ip(t, "link set lv-b down")
	ip(t, "addr add 192.0.2.1/24 dev lv-a")
	ip(t, "tuntap add dev lv-t mode tun")
	got, err := Interfaces()
	must(t, err)
	for i := range got {
		got[i].Index = 0
	}
	want := []Interface{
		{Name: "lo", Up: true, Running: true, Link: linkEthernet, Addresses: []string{"127.0.0.1/8"}, Description: "loopback"},
		{Name: "lv-b", Link: linkEthernet, Description: "Ethernet"},
		{Name: "lv-a", Up: true, Link: linkEthernet, Addresses: []string{"192.0.2.1/24"}, Description: "Ethernet"},
		{Name: "lv-t", Link: linkRaw, Description: "raw IP"},
		{Name: "any", Up: true, Running: true, Link: linkSLL2, Description: "all interfaces, cooked"},
	}
	got = slices.DeleteFunc(got, func(i Interface) bool { // what a kernel makes by itself
		return !slices.ContainsFunc(want, func(w Interface) bool { return w.Name == i.Name })
	})
	if len(got) > 0 {
		got[0].Addresses = slices.DeleteFunc(got[0].Addresses, func(a string) bool { return a == "::1/128" })
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
