package inventory

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// Stretch is what is noted apart: a day of what interfaces bring, or of a
// capture.
type Stretch struct {
	Capture int // in the order they are read, from 1; 0: interfaces
	Day     Day
}

// Note is what one worker noted and counted in a stretch.
type Note struct {
	Stretch
	Inventory   *detect.Inventory // since the stretch began
	Counters    Counters          // of the worker, since the run began
	First, Last time.Time         // packets of the stretch; zero: none

	// Of captures, and of the first worker.
	Source string // the file
	Mark   Mark   // zero: not known yet
	Frames uint64 // of the capture so far
}

// Mark tells captures apart, by what their first frames are: the same capture
// read again has the same, compressed or not, and so has one that grew.
type Mark [sha256.Size]byte

// id gives the run of a capture.
func (m *Mark) id() int64 { return int64(binary.BigEndian.Uint64(m[:]) & math.MaxInt64) }

// markedFrames and markedOctets bound what a mark looks at. The octets reach
// beyond the TCP header of a tunneled frame: its sequence number and checksum
// are in no second capture.
const (
	markedFrames = 64
	markedOctets = 128
)

// Marker makes the mark of a capture. The zero Marker is ready.
type Marker struct {
	sum    hash.Hash
	frames int
	mark   Mark
}

// Add takes the next frame, and says whether it wants more.
func (m *Marker) Add(at time.Time, wireLen int, data []byte) bool {
	if m.frames >= markedFrames {
		return false
	}
	if m.sum == nil {
		m.sum = sha256.New()
	}
	var head [24]byte
	binary.BigEndian.PutUint64(head[:], uint64(at.Unix()))
	binary.BigEndian.PutUint64(head[8:], uint64(at.Nanosecond()))
	binary.BigEndian.PutUint64(head[16:], uint64(wireLen))
	m.sum.Write(head[:])
	m.sum.Write(data[:min(len(data), markedOctets)])
	m.frames++
	return m.frames < markedFrames
}

// Mark gives the mark; zero: more frames are wanted. end: there are no more.
func (m *Marker) Mark(end bool) Mark {
	if m.mark == (Mark{}) && m.frames > 0 && (end || m.frames >= markedFrames) {
		m.sum.Sum(m.mark[:0])
	}
	return m.mark
}
