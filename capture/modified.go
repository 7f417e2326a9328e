package capture

import (
	"encoding/binary"
	"io"
)

// modifiedExtra is what a record header of a modified pcap file has beyond
// the usual: interface index, protocol and packet type.
const modifiedExtra = 8

// modified reads a modified pcap file (magic a1b2cd34) as a plain one: it
// writes the other magic into the file header and leaves out the additional
// octets of each record header.
type modified struct {
	r    *window
	big  endian
	head [pcapRecord + modifiedExtra]byte // of the file, then of each record in turn
	todo []byte                           // what of head is still to be handed out
	left int64                            // octets of the frame's data to hand out after todo
}

// newModified starts at the file header, which must be in r's buffer.
func newModified(r *window, big endian) *modified {
	m := &modified{r: r, big: big}
	m.todo = m.head[:pcapHeader]
	_, _ = io.ReadFull(r, m.todo)
	if big {
		binary.BigEndian.PutUint32(m.head[:], pcapMicro)
	} else {
		binary.LittleEndian.PutUint32(m.head[:], pcapMicro)
	}
	return m
}

// Read implements io.Reader.
func (m *modified) Read(p []byte) (int, error) {
	if len(m.todo) == 0 && m.left == 0 {
		n, err := io.ReadFull(m.r, m.head[:])
		if n == 0 {
			return 0, err
		}
		if err != nil {
			// A header that is cut stays cut; the next call has the reason.
			m.todo = m.head[:min(n, pcapRecord-1)]
		} else {
			m.todo = m.head[:pcapRecord]
			m.left = int64(m.big.u32(m.head[8:]))
		}
	}
	if len(m.todo) > 0 {
		n := copy(p, m.todo)
		m.todo = m.todo[n:]
		return n, nil
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	return n, err
}
