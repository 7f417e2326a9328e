// Package recorded gives tests what travelled in the captures of pcaps, as the
// octets of each direction of each connection. It is for tests only.
package recorded

import (
	"errors"
	"io"
	"path/filepath"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
)

// Stream is one direction of a TCP connection, up to its first gap.
type Stream struct {
	File string
	Data []byte // owned
}

// Streams reads every capture whose path matches the pattern. It gives the
// streams that carried something, in the order they began.
func Streams(pattern string) (all []*Stream, err error) {
	names, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := read(name, &all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// half is a direction of a connection while it is read.
type half struct {
	order decode.Stream[struct{}]
	out   *Stream
	lost  bool // behind a gap
}

type direction struct{ src, dst decode.Endpoint }

func read(name string, all *[]*Stream) error {
	src, err := capture.OpenFile(name)
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // nothing was written
	var (
		packets decode.Packets
		frame   capture.Frame
		halves  = map[direction]*half{}
	)
	for {
		err := src.Next(&frame)
		var damage *capture.DamagedError
		if err == io.EOF || errors.As(err, &damage) {
			return nil
		}
		if err != nil {
			return err
		}
		var seg decode.Segment
		in := decode.Frame{Link: frame.Link, Data: frame.Data, WireLen: frame.WireLen, Time: frame.Time, VLAN: frame.VLAN}
		if packets.Decode(&in, &seg) != decode.OK || seg.Proto != decode.TCP {
			continue
		}
		way := direction{seg.Src, seg.Dst}
		h := halves[way]
		if h == nil || seg.Flags&decode.SYN != 0 && h.order.Ended() {
			h = &half{}
			halves[way] = h
		}
		h.take(name, &seg, all)
	}
}

func (h *half) take(name string, seg *decode.Segment, all *[]*Stream) {
	h.order.Push(seg, &struct{}{})
	for c, ok := h.order.Next(); ok; c, ok = h.order.Next() {
		h.lost = h.lost || c.Gap > 0
		if h.lost {
			continue
		}
		if h.out == nil {
			h.out = &Stream{File: name}
			*all = append(*all, h.out)
		}
		h.out.Data = append(h.out.Data, c.Data...)
	}
}
