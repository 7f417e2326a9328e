package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/decode"
	"golang.org/x/net/bpf"
)

// Ports as the program watches them, when it is told nothing.
func watchedPorts() []uint16 { return []uint16{389, 636, 3268, 3269} }

// seen is a frame as a packet socket sees it.
type seen struct {
	link  uint16
	proto uint16 // cooked: the EtherType beside the frame
	data  []byte
	frame Frame // the same for the decoder
}

// asSeen gives what a socket would see of a frame of a capture file; false:
// there is no such link here.
func asSeen(f Frame) (seen, bool) {
	switch f.Link {
	case linkEthernet:
		return seen{linkEthernet, 0, f.Data, f}, true
	case 0: // BSD loopback: an IP header behind four octets
		if len(f.Data) > 4 {
			return seen{linkRaw, 0, f.Data[4:], f}, true
		}
	case linkRaw:
		return seen{linkRaw, 0, f.Data, f}, true
	case 113: // SLL
		if len(f.Data) > 16 {
			return seen{linkSLL2, binary.BigEndian.Uint16(f.Data[14:]), f.Data[16:], f}, true
		}
	case linkSLL2:
		if len(f.Data) > 20 {
			return seen{linkSLL2, binary.BigEndian.Uint16(f.Data), f.Data[20:], f}, true
		}
	}
	return seen{}, false
}

// judge gives what runs a filter over frames. The machine of x/net knows nothing
// beside the frame, so it is told.
func judge(f *Filter, w share) func(testing.TB, *seen) int {
	type kind struct{ link, proto uint16 }
	machines := map[kind]*bpf.VM{}
	return func(t testing.TB, s *seen) int {
		vm := machines[kind{s.link, s.proto}]
		if vm == nil {
			code, err := f.program(s.link, 1<<18, w)
			must(t, err)
			for i, in := range code {
				switch in {
				case bpf.LoadExtension{Num: bpf.ExtProto}:
					code[i] = bpf.LoadConstant{Val: uint32(s.proto)}
				case bpf.LoadExtension{Num: bpf.ExtType}:
					code[i] = bpf.LoadConstant{Val: 0} // to this host
				}
			}
			vm, err = bpf.NewVM(code)
			must(t, err)
			machines[kind{s.link, s.proto}] = vm
		}
		n, err := vm.Run(s.data)
		must(t, err)
		return n
	}
}

// shipped gives the frames of each capture in pcaps, as a socket sees them.
func shipped(t testing.TB) map[string][]seen {
	names, err := filepath.Glob("../pcaps/*.pcap*")
	must(t, err)
	all := map[string][]seen{}
	for _, name := range names {
		src, err := OpenFile(name)
		must(t, err)
		got, err := frames(src)
		if err != io.EOF && !strings.Contains(name, "truncated-file") {
			t.Fatal(name, err)
		}
		for _, f := range got[:min(len(got), 4000)] {
			s, ok := asSeen(f)
			if !ok {
				t.Fatalf("%s: frame %d of link type %d", name, f.Number, f.Link)
			}
			all[filepath.Base(name)] = append(all[filepath.Base(name)], s)
		}
		must(t, src.Close())
	}
	if len(all) < 100 {
		t.Fatalf("only %d captures", len(all))
	}
	return all
}

// segments decodes frames and gives the segments that pass want, in words.
func segments(all []seen, want func(*decode.Segment) bool) (list []string, pairs [][2]netip.Addr) {
	var packets decode.Packets
	for i := range all {
		f := &all[i].frame
		var seg decode.Segment
		in := decode.Frame{Link: f.Link, Data: f.Data, WireLen: f.WireLen, Time: f.Time, VLAN: f.VLAN}
		if packets.Decode(&in, &seg) != decode.OK || !want(&seg) {
			continue
		}
		list = append(list, fmt.Sprintf("%d %v > %v %d, %d octets", f.Number, seg.Src.AddrPort(), seg.Dst.AddrPort(), seg.Seq, len(seg.Payload)))
		key, _ := seg.Key()
		pairs = append(pairs, [2]netip.Addr{key.Lo.AddrPort().Addr(), key.Hi.AddrPort().Addr()})
	}
	return list, pairs
}

// wanted is what the program looks at, as detect puts it.
func (f *Filter) wanted(seg *decode.Segment) bool {
	port := slices.Contains(f.Ports, seg.Src.Port) || slices.Contains(f.Ports, seg.Dst.Port)
	if !port && (!f.AnyPort || seg.Proto != decode.TCP) {
		return false
	}
	in := func(nets []netip.Prefix) bool {
		return slices.ContainsFunc(nets, func(n netip.Prefix) bool {
			return n.Contains(seg.Src.AddrPort().Addr()) || n.Contains(seg.Dst.AddrPort().Addr())
		})
	}
	return !in(f.IgnoreNets) && (len(f.Nets) == 0 || in(f.Nets))
}

func nets(list ...string) (p []netip.Prefix) {
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

func filters() map[string]*Filter {
	many := make([]uint16, 0, 1500)
	for p := uint16(1); p < 3000; p += 2 {
		many = append(many, p)
	}
	var blocks []netip.Prefix
	for i := range 2000 {
		blocks = append(blocks, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24))
	}
	return map[string]*Filter{
		"usual":                       {Ports: watchedPorts(), Tunnels: true},
		"any port":                    {Ports: watchedPorts(), AnyPort: true, Tunnels: true},
		"clients alone":               {Ports: watchedPorts(), Tunnels: true, Nets: nets("10.39.0.7/32", "fd39::7/128")},
		"a network of either version": {Ports: watchedPorts(), Tunnels: true, Nets: nets("10.39.0.0/16", "fd39::/33")},
		"everything":                  {Ports: watchedPorts(), Tunnels: true, Nets: nets("0.0.0.0/0", "::/0")},
		"not the server":              {Ports: watchedPorts(), Tunnels: true, IgnoreNets: nets("10.39.0.5/32", "fd39::5/128")},
		"too many ports":              {Ports: many, Tunnels: true},
		"too many networks":           {Ports: watchedPorts(), Tunnels: true, Nets: append(blocks, nets("10.39.0.7/32")...)},
	}
}

// Whatever the filter drops, the program finds the same segments.
func TestFilterDropsNothingWatched(t *testing.T) {
	captures := shipped(t)
	for name, f := range filters() {
		t.Run(name, func(t *testing.T) {
			found := 0
			for capture, all := range captures {
				want, _ := segments(all, f.wanted)
				got, _ := segments(passed(t, f, all, share{0, 1}), f.wanted)
				if !slices.Equal(got, want) {
					t.Errorf("%s: %d segments, want %d: %v", capture, len(got), len(want), missing(want, got))
				}
				found += len(want)
			}
			if found < 500 && name != "not the server" {
				t.Errorf("only %d segments", found)
			}
		})
	}
}

// The same with the outer tag where the kernel puts it.
func TestFilterOfTagsBesideTheFrame(t *testing.T) {
	captures := shipped(t)
	f := filters()["usual"]
	for _, name := range []string{"vlan.pcap", "qinq.pcap"} {
		var all []seen
		for _, s := range captures[name] {
			data := slices.Concat(s.data[:12], s.data[16:])
			s.data = data
			s.frame.VLAN, s.frame.Data = binary.BigEndian.Uint16(s.frame.Data[14:]), data
			all = append(all, s)
		}
		want, _ := segments(all, f.wanted)
		got, _ := segments(passed(t, f, all, share{0, 1}), f.wanted)
		if !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s: %d segments, want %d", name, len(got), len(want))
		}
	}
}

func passed(t testing.TB, f *Filter, all []seen, w share) (some []seen) {
	verdict := judge(f, w)
	for _, s := range all {
		if verdict(t, &s) != 0 {
			some = append(some, s)
		}
	}
	return some
}

func missing(want, got []string) (list []string) {
	for _, s := range want {
		if !slices.Contains(got, s) {
			list = append(list, s)
		}
	}
	return list[:min(len(list), 3)]
}

func TestFilterDropsTheRest(t *testing.T) {
	f := &Filter{Ports: []uint16{1}}
	elsewhere := &Filter{Ports: watchedPorts(), Nets: nets("192.0.2.0/24", "2001:db8::/32")}
	all, kept, near := 0, 0, 0
	for name, frames := range shipped(t) {
		all += len(frames)
		near += len(passed(t, elsewhere, frames, share{0, 1}))
		if n := len(passed(t, f, frames, share{0, 1})); n > 0 && !strings.Contains(name, "fragments") && !strings.HasPrefix(name, "cldap-") { // whose answers are fragments, too
			t.Errorf("%s: %d of %d frames are of port 1", name, n, len(frames))
		} else {
			kept += n
		}
	}
	if kept == 0 {
		t.Error("a fragment without ports was dropped")
	}
	if near*20 > all {
		t.Errorf("%d of %d frames are of other networks", near, all)
	}
}

func TestNoFilterTakesAll(t *testing.T) {
	for name, frames := range shipped(t) {
		if n := len(passed(t, nil, frames, share{0, 1})); n != len(frames) {
			t.Errorf("%s: %d of %d frames", name, n, len(frames))
		}
	}
}

// Each frame is one worker's, and each pair of hosts as well, tunnels aside,
// which are all the first one's.
func TestFilterShares(t *testing.T) {
	captures := shipped(t)
	const workers = 4
	for name, f := range map[string]*Filter{"usual": filters()["usual"], "none": nil} {
		t.Run(name, func(t *testing.T) {
			whose := map[[2]netip.Addr]int{}
			for capture, all := range captures {
				if strings.Contains(capture, "fragments") || slices.Contains([]string{"erspan2.pcap", "erspan3.pcap", "geneve.pcap", "gre.pcap",
					"ip-in-ip.pcap", "mpls.pcap", "pppoe.pcap", "vxlan.pcap"}, capture) {
					continue
				}
				total := 0
				for worker := range workers {
					some := passed(t, f, all, share{worker, workers})
					total += len(some)
					_, pairs := segments(some, func(*decode.Segment) bool { return true })
					for _, p := range pairs {
						if was, ok := whose[p]; ok && was != worker {
							t.Errorf("%s: %v is of worker %d and of %d", capture, p, was, worker)
						}
						whose[p] = worker
					}
				}
				if want := len(passed(t, f, all, share{0, 1})); total != want {
					t.Errorf("%s: all workers get %d frames, want %d", capture, total, want)
				}
			}
			if len(whose) < 3 {
				t.Errorf("only %d pairs", len(whose))
			}
		})
	}
}

func TestFilterSharesTunnelsAndFragments(t *testing.T) {
	captures := shipped(t)
	f := filters()["usual"]
	for _, name := range []string{"erspan2.pcap", "erspan3.pcap", "geneve.pcap", "gre.pcap", "ip-in-ip.pcap", "mpls.pcap", "pppoe.pcap", "vxlan.pcap"} {
		all := captures[name]
		if n := len(passed(t, f, all, share{0, 4})); n < len(all)/2 || n != len(passed(t, f, all, share{0, 1})) {
			t.Errorf("%s: the first worker has %d of %d frames", name, n, len(all))
		}
	}
	for _, name := range []string{"ipv4-fragments.pcap", "ipv4-fragments-backwards.pcap"} {
		var shares []int
		for worker := range 4 {
			if n := len(passed(t, f, captures[name], share{worker, 4})); n > 0 {
				shares = append(shares, n)
			}
		}
		if len(shares) != 1 {
			t.Errorf("%s: the workers have %v", name, shares)
		}
	}
}

// A network of clients is spread evenly.
func TestFilterSpreads(t *testing.T) {
	f := filters()["usual"]
	frame := bytes.Clone(passed(t, f, shipped(t)["simple-bind-success.pcap"], share{0, 1})[0].data)
	for _, workers := range []int{2, 3, 8} {
		count := make([]int, workers)
		for w := range count {
			verdict := judge(f, share{w, workers})
			for host := range 800 {
				binary.BigEndian.PutUint16(frame[28:], uint16(host))
				if verdict(t, &seen{link: linkEthernet, data: frame}) != 0 {
					count[w]++
				}
			}
		}
		for _, n := range count {
			if mean := 800 / workers; n < mean/2 || n > mean*2 {
				t.Errorf("%d workers: %v", workers, count)
			}
		}
	}
}

// A filter is run for every frame there is: the usual one is short.
func TestFilterIsShort(t *testing.T) {
	for _, link := range []uint16{linkEthernet, linkRaw, linkSLL2} {
		code, err := filters()["usual"].program(link, 96, share{1, 2})
		must(t, err)
		if _, err := bpf.Assemble(code); err != nil || len(code) > 300 {
			t.Errorf("link %d: %d instructions, %v", link, len(code), err)
		}
		t.Logf("link %d: %d instructions", link, len(code))
	}
	for name, f := range filters() {
		if code, err := f.program(linkSLL2, 96, share{1, 2}); err != nil || len(code) > maxProgram {
			t.Errorf("%s: %d instructions, %v", name, len(code), err)
		}
	}
}

func TestPortRanges(t *testing.T) {
	got := portRanges([]uint16{65535, 3268, 389, 3269, 389, 65534, 1})
	want := []portRange{{1, 1}, {389, 389}, {3268, 3269}, {65534, 65535}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var many []uint16
	for p := uint16(1); p < 4000; p += 3 {
		many = append(many, p)
	}
	if got := portRanges(many); !slices.Equal(got, []portRange{{1, 3998/3*3 + 1}}) {
		t.Errorf("got %v", got)
	}
}

// A frame that is decoded to a watched port passes, is one worker's, and less is
// never more.
func FuzzFilter(f *testing.F) {
	for _, all := range shipped(f) {
		for _, s := range all[:min(len(all), 6)] {
			f.Add(s.frame.Link, s.frame.Data)
		}
	}
	usual, plain := filters()["usual"], &Filter{Ports: watchedPorts()}
	some := &Filter{Ports: watchedPorts(), Tunnels: true, Nets: nets("10.0.0.0/8", "fd00::/7"), IgnoreNets: nets("10.39.0.9/32")}
	// Not shared between calls: the fuzzer may run them at the same time.
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		s, ok := asSeen(Frame{Link: link, Data: data, WireLen: len(data)})
		if !ok {
			return
		}
		passes := func(f *Filter, worker, workers int) int { return judge(f, share{worker, workers})(t, &s) }
		whole := passes(usual, 0, 1)
		if want, _ := segments([]seen{s}, usual.wanted); len(want) > 0 && whole == 0 {
			t.Errorf("dropped %v", want)
		}
		if want, _ := segments([]seen{s}, some.wanted); len(want) > 0 && passes(some, 0, 1) == 0 {
			t.Errorf("dropped %v, of the networks", want)
		}
		// One cut before its addresses end is nobody's, where addresses count.
		shares, every := passes(usual, 0, 3)+passes(usual, 1, 3)+passes(usual, 2, 3), func(*decode.Segment) bool { return true }
		if decoded, _ := segments([]seen{s}, every); shares > whole || shares < whole && len(decoded) > 0 {
			t.Error("not one worker's")
		}
		if passes(plain, 0, 1) > whole {
			t.Error("passes only without tunnels")
		}
		if passes(nil, 0, 1) < whole {
			t.Error("passes only with a filter")
		}
	})
}
