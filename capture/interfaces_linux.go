package capture

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Interfaces gives what can be watched, in the order of the kernel's numbers,
// and at the end "any". It needs no privilege.
func Interfaces() ([]Interface, error) {
	found, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	list := make([]Interface, 0, len(found)+1)
	for _, i := range found {
		d, err := lookup(i.Name)
		if err != nil {
			continue // gone since
		}
		one := Interface{Name: i.Name, Index: i.Index, Up: d.up, Running: d.running, Link: linkOf(d.hatype), Description: describe(i.Name, d.hatype)}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, fmt.Errorf("addresses of %s: %w", i.Name, err)
		}
		for _, a := range addrs {
			one.Addresses = append(one.Addresses, a.String())
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Interface) int { return cmp.Compare(a.Index, b.Index) })
	return append(list, Interface{Name: anyInterface, Up: true, Running: true, Link: linkSLL2, Description: "all interfaces, cooked"}), nil
}

// describe says in words what an interface is.
func describe(name string, hatype uint16) string {
	kind := ""
	switch hatype {
	case unix.ARPHRD_ETHER:
		kind = "Ethernet"
	case unix.ARPHRD_LOOPBACK:
		kind = "loopback"
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP:
		kind = "raw IP"
	case unix.ARPHRD_PPP:
		kind = "PPP, cooked"
	default:
		kind = fmt.Sprintf("link of type %d, cooked", hatype)
	}
	// There is no other way to an alias but netlink. Where /sys is not there, or
	// is of another network namespace, so is no alias.
	alias, err := os.ReadFile("/sys/class/net/" + name + "/ifalias")
	if text := strings.TrimSpace(string(alias)); err == nil && text != "" {
		kind += ", " + text
	}
	return kind
}

// lookup finds an interface by its name.
func lookup(name string) (device, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		fd, err = unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	}
	if err != nil {
		return device{}, fmt.Errorf("look for it: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	d, err := look(fd, name)
	if errors.Is(err, unix.ENODEV) {
		return d, noSuchInterface(name)
	}
	return d, err
}

// noSuchInterface says what else there is, the most alike first.
func noSuchInterface(name string) error {
	found, err := net.Interfaces()
	if err != nil || len(found) == 0 {
		return fmt.Errorf("no such interface: %w", unix.ENODEV)
	}
	names := make([]string, len(found))
	for i := range found {
		names[i] = found[i].Name
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(distance(a, name), distance(b, name)) })
	more := ""
	if len(names) > 5 {
		names, more = names[:5], ", …"
	}
	return fmt.Errorf("no such interface (%w); there are %s%s and any", unix.ENODEV, strings.Join(names, ", "), more)
}

// distance is how many letters have to be changed, added or left out to make b
// of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
