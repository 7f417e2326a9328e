package capture

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// namespace moves the test into a network namespace of its own, which ends with
// it: its thread is never given back, so whatever it makes is gone with it.
func namespace(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to make network interfaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs ip, of iproute2")
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("no network namespace to be had:", err)
	}
	// Or the kernel talks about its own addresses on every new interface.
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
}

// ip runs iproute2 in the test's namespace.
func ip(t testing.TB, args string) string {
	t.Helper()
	out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
	return string(out)
}

// veth makes a cable: what is sent into from arrives at to.
func veth(t testing.TB, from, to string) {
	t.Helper()
	ip(t, fmt.Sprintf("link add %s mtu 65535 type veth peer name %s mtu 65535", from, to))
	ip(t, "link set "+from+" up")
	ip(t, "link set "+to+" up")
}

// sender is a raw socket at an interface.
type sender struct {
	fd int
	to unix.SockaddrLinklayer
}

func openSender(t testing.TB, name string) *sender {
	t.Helper()
	d, err := lookup(name)
	must(t, err)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1))
	s := &sender{fd: fd, to: unix.SockaddrLinklayer{Ifindex: d.index, Halen: 6}}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return s
}

func (s *sender) send(t testing.TB, frame []byte) {
	t.Helper()
	for {
		err := unix.Sendto(s.fd, frame, 0, &s.to)
		if err == nil {
			return
		}
		if !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EINTR) {
			t.Fatal("send:", err)
		}
	}
}

// open watches in the test's namespace.
func open(t testing.TB, cfg LiveConfig) []*Live {
	t.Helper()
	all, err := OpenLive(cfg)
	must(t, err)
	t.Cleanup(func() {
		for _, l := range all {
			must(t, l.Close())
		}
	})
	return all
}

// arrived gives copies of the frames that come until a whole tick goes by.
func arrived(t testing.TB, l *Live) (all []Frame) {
	t.Helper()
	var f Frame
	for {
		switch err := l.Next(&f); {
		case err == ErrIdle:
			return all
		case err != nil:
			t.Fatal(err)
		}
		f.Data = slices.Clone(f.Data)
		all = append(all, f)
	}
}
