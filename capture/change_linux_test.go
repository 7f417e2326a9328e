package capture

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A frame is kept whole whatever size the interface is set to meanwhile.
func TestLiveFollowsTheSizeOfFrames(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	l := open(t, LiveConfig{Interfaces: []string{"lv-b"}, Promiscuous: true})[0]
	s := openSender(t, "lv-a")
	for _, mtu := range []int{1500, 576, 9000, 65535, 1500} {
		ip(t, fmt.Sprintf("link set lv-a mtu %d", mtu))
		ip(t, fmt.Sprintf("link set lv-b mtu %d", mtu))
		s.send(t, make([]byte, mtu+14))
		got := arrived(t, l)
		if len(got) != 1 || len(got[0].Data) != mtu+14 || got[0].WireLen != mtu+14 {
			t.Errorf("MTU %d: got %d frames", mtu, len(got))
		}
	}
	if link := l.Links()[0]; !link.Up || link.Downs != 0 {
		t.Errorf("%+v", link)
	}
}

// An interface that comes back with the number it had, as from another network
// namespace, is watched again.
func TestLiveWatchesWhatComesBackUnderItsNumber(t *testing.T) {
	namespace(t)
	veth(t, "lv-a", "lv-b")
	l := open(t, LiveConfig{Interfaces: []string{"lv-b"}, Promiscuous: true, Workers: 2})
	before, err := lookup("lv-b")
	must(t, err)
	home := here(t)
	must(t, unix.Unshare(unix.CLONE_NEWNET))
	away := here(t)
	must(t, unix.Setns(int(home.Fd()), unix.CLONE_NEWNET))
	for _, look := range []bool{true, false} { // whether the sensor notices that it is away
		ip(t, "link set lv-b netns "+name(away))
		if look {
			arrived(t, l[0])
			if link := l[0].Links()[0]; link.Up {
				t.Errorf("away: %+v", link)
			}
		}
		must(t, unix.Setns(int(away.Fd()), unix.CLONE_NEWNET))
		ip(t, "link set lv-b netns "+name(home))
		must(t, unix.Setns(int(home.Fd()), unix.CLONE_NEWNET))
		ip(t, "link set lv-b up")
		after, err := lookup("lv-b")
		must(t, err)
		if after.index != before.index {
			t.Skip("this kernel gives it another number")
		}
		seen := 0
		for _, worker := range l {
			arrived(t, worker) // a tick, in which it is found
		}
		openSender(t, "lv-a").send(t, make([]byte, 60))
		for _, worker := range l {
			seen += len(arrived(t, worker))
			if link := worker.Links()[0]; !link.Up {
				t.Errorf("back: %+v", link)
			}
		}
		if out := ip(t, "-d link show lv-b"); seen != 1 || !strings.Contains(out, "promiscuity 2") {
			t.Errorf("noticed %v: %d frames of 1: %s", look, seen, out)
		}
	}
}

// here gives the thread's network namespace, name what programs call it.
func here(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open("/proc/thread-self/ns/net")
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func name(namespace *os.File) string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), namespace.Fd())
}
