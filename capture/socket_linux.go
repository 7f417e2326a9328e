package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// openSocket opens a packet socket that gets nothing yet: its protocol is 0
// until bind, so no frame comes by before the filter stands.
func openSocket(link uint16) (int, error) {
	kind := unix.SOCK_RAW
	if link == linkSLL2 {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		return fd, nil
	}
	if errors.Is(err, unix.EPERM) {
		program, exeErr := os.Executable()
		if exeErr != nil {
			program = os.Args[0]
		}
		return -1, fmt.Errorf("open a packet socket: %w: it needs CAP_NET_RAW; run as root, or once: setcap cap_net_raw=ep %s", err, program)
	}
	return -1, fmt.Errorf("open a packet socket: %w", err)
}

// attach puts a filter before a socket.
func attach(fd int, code []bpf.Instruction) error {
	raw, err := bpf.Assemble(code)
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog); err != nil {
		return fmt.Errorf("attach a filter of %d instructions: %w", len(filter), err)
	}
	return nil
}

// bind makes a socket get the frames of an interface; 0: of all.
func bind(fd, index int) error {
	all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL}) // in the network's order
	return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: index})
}

// bound gives the interface that a socket gets the frames of; 0: all; -1: one
// that has gone, of whatever number.
func bound(fd int) int {
	address, err := unix.Getsockname(fd)
	if ll, ok := address.(*unix.SockaddrLinklayer); ok && err == nil {
		return ll.Ifindex
	}
	return -1
}

// promiscuous asks an interface for frames of other hosts as well, until the
// socket is closed or the interface is gone.
func promiscuous(fd, index int) error {
	req := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	return unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &req)
}

// device is what the kernel says of an interface now.
type device struct {
	index   int
	hatype  uint16 // ARPHRD_ value
	up      bool
	running bool
}

// look finds an interface by its name, in the network namespace of the socket.
func look(fd int, name string) (d device, err error) {
	if name == anyInterface {
		return device{hatype: unix.ARPHRD_VOID, up: true, running: true}, nil
	}
	req, err := unix.NewIfreq(name)
	if err != nil {
		return d, unix.ENODEV // too long for a name
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		return d, err
	}
	d.index = int(req.Uint32())
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, req); err != nil {
		return d, err
	}
	d.hatype = req.Uint16()
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, req); err != nil {
		return d, err
	}
	d.up, d.running = req.Uint16()&unix.IFF_UP != 0, req.Uint16()&unix.IFF_RUNNING != 0
	return d, nil
}

// linkOf gives the LINKTYPE_ value for the frames of an interface. Where the
// kernel and its drivers do not agree on what a link's header is (PPP, tunnels,
// radio), frames are cooked: the kernel tells where the packet in them begins.
func linkOf(hatype uint16) uint16 {
	switch hatype {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return linkEthernet
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP:
		return linkRaw
	}
	return linkSLL2
}
