//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/clearbind/clearbind/internal/loadgen"
	"golang.org/x/sys/unix"
)

// load is a capture in memory that is sent again and again: each pass has the
// same hosts, from other ports.
type load struct {
	tally  loadgen.Tally // of a pass
	frames [][]byte
	ports  []int // where the client's port is in each frame
	shift  uint16
	at     int // of frames
	sent   atomic.Int64
	fd     int
	vector []message
	parts  []unix.Iovec
}

// message is struct mmsghdr of sendmmsg(2).
type message struct {
	header unix.Msghdr
	size   uint32
}

// batch frames are sent with one system call.
const batch = 32

func newLoad(cfg loadgen.Config) (*load, error) {
	l := &load{vector: make([]message, batch), parts: make([]unix.Iovec, batch)}
	var pcap bytes.Buffer
	var err error
	if l.tally, err = loadgen.Generate(&pcap, cfg); err != nil {
		return nil, err
	}
	const hosts = 4000 // of loadgen: beyond as many connections, it takes the next port
	l.shift = uint16(cfg.Connections/hosts + 1)
	for b := pcap.Bytes()[24:]; len(b) > 0; {
		size := binary.LittleEndian.Uint32(b[8:])
		frame := b[16 : 16+size]
		b = b[16+size:]
		port := 14 + 20
		if frame[12] == 0x86 { // IPv6
			port = 14 + 40
		}
		if binary.BigEndian.Uint16(frame[port:]) == 389 { // the server sends
			port += 2
		}
		l.frames, l.ports = append(l.frames, frame), append(l.ports, port)
	}
	for i := range l.vector {
		l.vector[i].header.Iov = &l.parts[i]
		l.vector[i].header.SetIovlen(1)
	}
	return l, nil
}

// open opens a socket that sends into the cable.
func (l *load) open() error {
	end, err := net.InterfaceByName(sends)
	if err != nil {
		return err
	}
	if l.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open a packet socket: %w", err)
	}
	if err := unix.SetsockoptInt(l.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		return fmt.Errorf("past the queue: %w", err)
	}
	if err := unix.Bind(l.fd, &unix.SockaddrLinklayer{Ifindex: end.Index}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

// send sends n frames at a rate, and gives the one that it reached.
func (l *load) send(n, rate int) (reached float64, err error) {
	began := time.Now()
	for from, left := began, n; left > 0; {
		due := int(time.Since(from).Seconds()*float64(rate)) - (n - left)
		if due < batch && due < left {
			time.Sleep(200 * time.Microsecond)
			continue
		}
		if late := due - rate/100; late > 0 { // held up: what was missed is not to come in one flood
			from = from.Add(time.Duration(float64(late) / float64(rate) * float64(time.Second)))
		}
		k, err := l.push(min(left, batch))
		if err != nil {
			return 0, err
		}
		left -= k
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// push sends the next frames, at most as many as a batch.
func (l *load) push(most int) (int, error) {
	k := 0
	for ; k < most && l.at+k < len(l.frames); k++ {
		frame := l.frames[l.at+k]
		l.parts[k].Base = &frame[0]
		l.parts[k].SetLen(len(frame))
	}
	first := unsafe.Pointer(&l.vector[0]) //nolint:gosec // what the system call takes
	n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(l.fd), uintptr(first), uintptr(k), 0, 0, 0)
	if errno != 0 {
		if errors.Is(errno, unix.ENOBUFS) || errors.Is(errno, unix.EINTR) {
			return 0, nil
		}
		return 0, fmt.Errorf("send: %w", errno)
	}
	for i := l.at; i < l.at+int(n); i++ {
		l.renumber(i)
	}
	l.at += int(n)
	if l.at == len(l.frames) {
		l.at = 0
	}
	l.sent.Add(int64(n))
	return int(n), nil
}

// renumber gives a frame, which was sent, the client's port of the next pass.
// Nobody looks at checksums.
func (l *load) renumber(i int) {
	at := l.frames[i][l.ports[i]:]
	const first, all = 1024, 60000 // as loadgen has them
	binary.BigEndian.PutUint16(at, first+uint16((uint32(binary.BigEndian.Uint16(at))-first+uint32(l.shift))%all))
}
