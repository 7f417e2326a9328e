package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// build writes capture files by hand: pcapgo's writers know one byte order,
// and nothing of what a hostile file holds.
type build struct {
	binary.AppendByteOrder
	b    []byte
	ends []int // where the file may end without being cut: after the header and each record
}

var (
	little = binary.LittleEndian // names for tables
	big    = binary.BigEndian
)

func (w *build) u16(v ...uint16) *build {
	for _, v := range v {
		w.b = w.AppendUint16(w.b, v)
	}
	return w
}

func (w *build) u32(v ...uint32) *build {
	for _, v := range v {
		w.b = w.AppendUint32(w.b, v)
	}
	return w
}

func (w *build) end() *build {
	w.ends = append(w.ends, len(w.b))
	return w
}

// pcap begins a file with Ethernet frames and a snap length nobody keeps.
func pcap(order binary.AppendByteOrder, magic uint32) *build {
	w := &build{AppendByteOrder: order}
	return w.u32(magic).u16(2, 4).u32(0, 0, 16, 1).end()
}

// record appends a frame to a pcap file. more is what a modified file has
// between header and data.
func (w *build) record(sec, frac, wirelen uint32, data, more string) *build {
	w.u32(sec, frac, uint32(len(data)), wirelen)
	w.b = append(w.b, more+data...)
	return w.end()
}

// block appends a pcapng block; the body is padded.
func (w *build) block(kind uint32, body []byte) *build {
	size := (len(body)+3)&^3 + 12
	w.u32(kind, uint32(size))
	w.b = append(w.b, body...)
	w.b = append(w.b, make([]byte, size-12-len(body))...)
	return w.u32(uint32(size)).end()
}

// pcapng begins a file, or appends a section.
func pcapng(order binary.AppendByteOrder) *build {
	return (&build{AppendByteOrder: order}).section()
}

func (w *build) section() *build {
	return w.block(ngSection, w.body().u32(ngByteOrder).u16(1, 0).u32(0xffffffff, 0xffffffff).b)
}

func (w *build) body() *build { return &build{AppendByteOrder: w.AppendByteOrder} }

// iface describes an interface; options are octets of the section's order.
func (w *build) iface(link uint16, snaplen uint32, options ...byte) *build {
	body := w.body().u16(link, 0).u32(snaplen)
	return w.block(ngInterface, append(body.b, options...))
}

func (w *build) enhanced(iface uint32, stamp uint64, wirelen uint32, data string) *build {
	body := w.body().u32(iface, uint32(stamp>>32), uint32(stamp), uint32(len(data)), wirelen)
	return w.block(ngEnhanced, append(body.b, data...))
}

func (w *build) simple(wirelen uint32, data string) *build {
	return w.block(ngSimple, append(w.body().u32(wirelen).b, data...))
}

// packings are the ways a file may be stored.
func packings() map[string]func(testing.TB, []byte) []byte {
	return map[string]func(testing.TB, []byte) []byte{
		"plain": func(_ testing.TB, b []byte) []byte { return b },
		"gzip":  gzipped,
		"gzip of two members": func(t testing.TB, b []byte) []byte {
			return append(gzipped(t, b[:len(b)/2]), gzipped(t, b[len(b)/2:])...)
		},
		"zstd": zstded,
		"zstd after a skippable frame": func(t testing.TB, b []byte) []byte {
			return append([]byte{0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'h', 'i'}, zstded(t, b)...)
		},
	}
}

func gzipped(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	must(t, err)
	_, err = w.Write(b)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inFile gives the path of a file of that content.
func inFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, content, 0o600))
	return path
}

// frames reads src to its end and gives copies of its frames, and the error
// that ended it.
func frames(src Source) (all []Frame, err error) {
	for {
		var f Frame
		if err := src.Next(&f); err != nil {
			return all, err
		}
		f.Data = append([]byte{}, f.Data...)
		all = append(all, f)
	}
}

// readBytes reads a file of that content, named "x".
func readBytes(content []byte) ([]Frame, error) {
	src, err := OpenReader("x", bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	all, err := frames(src)
	if closeErr := src.Close(); err == io.EOF && closeErr != nil {
		err = closeErr
	}
	return all, err
}

// at is a time in packet time.
func at(sec, nsec int64) time.Time { return time.Unix(sec, nsec).UTC() }
