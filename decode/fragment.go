package decode

import (
	"time"

	"github.com/google/gopacket/layers"
)

// Limits of reassembly. What goes beyond them costs the oldest datagram.
const (
	maxDatagrams    = 256
	maxDatagram     = 1 << 16
	fragmentTimeout = int64(30 * time.Second) // of packet time
)

// fragmentKey names a datagram (RFC 791 3.2, RFC 8200 4.5).
type fragmentKey struct {
	src, dst [16]byte
	id       uint32
	proto    layers.IPProtocol
	v6       bool
}

// datagram is one being put together.
type datagram struct {
	data  []byte // as far as the furthest fragment reaches
	have  []bool // per 8 octets
	total int    // octets, once the last fragment was seen; else -1
	since int64
}

// fragments puts IP datagrams together. Octets that came first stay, on
// overlap of IPv4; an IPv6 datagram with an overlap is dropped (RFC 5722).
type fragments struct {
	open  map[fragmentKey]*datagram
	order []fragmentKey // by age; keys of finished ones are skipped
	whole []byte        // the last finished one, lent to its segment
}

// add takes a part and gives the whole datagram if that completes it, nil
// otherwise. The answer is lent until the next call.
func (f *fragments) add(key fragmentKey, off int, more bool, part []byte, missing int, now int64) []byte {
	if missing > 0 || len(part) == 0 || off+len(part) > maxDatagram || more && len(part)%8 != 0 {
		return nil // not captured whole, or nothing a sender makes
	}
	f.expire(now)
	d := f.open[key]
	if d == nil {
		if f.open == nil {
			f.open = make(map[fragmentKey]*datagram)
		}
		d = &datagram{total: -1, since: now}
		f.open[key] = d
		f.order = append(f.order, key)
	}
	if !d.put(off, part, key.v6) {
		delete(f.open, key)
		return nil
	}
	if !more {
		d.total = off + len(part)
	}
	if !d.complete() {
		return nil
	}
	delete(f.open, key)
	f.whole = d.data[:d.total]
	return f.whole
}

// expire drops what is too old or too many.
func (f *fragments) expire(now int64) {
	for len(f.order) > 0 {
		d := f.open[f.order[0]]
		if d != nil && now-d.since < fragmentTimeout && len(f.open) < maxDatagrams {
			return
		}
		delete(f.open, f.order[0])
		f.order = f.order[1:]
	}
}

// put copies a part; false: it contradicts what is there.
func (d *datagram) put(off int, part []byte, v6 bool) bool {
	if end := off + len(part); end > len(d.data) {
		d.data = append(d.data, make([]byte, end-len(d.data))...)
		d.have = append(d.have, make([]bool, (end+7)/8-len(d.have))...)
	}
	fresh, known := false, false
	for i := 0; i < len(part); i += 8 {
		if d.have[(off+i)/8] {
			known = true
		} else {
			fresh = true
		}
	}
	if v6 && fresh && known {
		return false // an overlap that is no plain repetition
	}
	for i := 0; i < len(part); i += 8 {
		block, end := (off+i)/8, min(i+8, len(part))
		if !d.have[block] {
			copy(d.data[off+i:], part[i:end])
			d.have[block] = true
		}
	}
	return true
}

func (d *datagram) complete() bool {
	if d.total < 0 || d.total > len(d.data) {
		return false
	}
	for _, have := range d.have[:(d.total+7)/8] {
		if !have {
			return false
		}
	}
	return true
}
