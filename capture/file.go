package capture

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// stdin is the path that means standard input.
const stdin = "-"

// OpenFile opens a capture file: pcap (microseconds, nanoseconds, modified,
// either byte order) or pcapng, as it is or compressed with gzip or zstd. The
// content decides, not the name; "-" is standard input.
//
// The source gives every frame there is, in the order of the file, and then
// io.EOF, or a *DamagedError if the file could not be read to its end. A frame
// that has no time of its own (pcapng's simple packets) has that of the frame
// before it, or the zero Time. Frames longer than 256 KiB count as damage.
// Captures one behind the other, as cat writes them, are one.
// Close closes the file.
func OpenFile(path string) (Source, error) {
	f, err := openFile(path, new(atomic.Int64))
	if err != nil {
		return nil, err
	}
	return f, nil
}

// OpenReader does the same for the content of r, which stays the caller's to
// close; name stands for the path. It asks r for no more than the next frame
// needs, so that r may be a pipe that another program is writing to.
func OpenReader(name string, r io.Reader) (Source, error) {
	f, err := newFile(name, r)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// file is a capture file that is being read.
type file struct {
	path   string
	reader reader
	packed io.Closer // the decompressor
	disk   io.Closer // what lies below it; nil: not ours
	stats  Stats
	err    error // what Next gave last, once it is final
}

// openFile opens path and adds what is read of it, before decompression, to
// read.
func openFile(path string, read *atomic.Int64) (*file, error) {
	if path == stdin {
		return newFile(path, &counted{os.Stdin, read})
	}
	disk, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := disk.Stat(); err == nil && info.IsDir() {
		_ = disk.Close()
		return nil, fmt.Errorf("%s: %w: it is a folder", path, ErrNotCapture)
	}
	f, err := newFile(path, &counted{disk, read})
	if err != nil {
		_ = disk.Close() // only read
		return nil, err
	}
	f.disk = disk
	return f, nil
}

func newFile(path string, r io.Reader) (*file, error) {
	in, packed, err := unpack(r, bufferSize)
	if err != nil {
		return nil, named(path, err)
	}
	reader, err := newReader(in)
	if err != nil {
		_ = packed.Close()
		return nil, named(path, err)
	}
	return &file{path: path, reader: reader, packed: packed}, nil
}

// named puts path before err, unless err begins with it as those of os do.
func named(path string, err error) error {
	if pathErr, ok := err.(*fs.PathError); ok {
		return pathErr
	}
	return fmt.Errorf("%s: %w", path, err)
}

// Next implements Source.
func (s *file) Next(f *Frame) error {
	if s.err != nil {
		*f = Frame{}
		return s.err
	}
	if err := s.reader.next(f); err != nil {
		*f = Frame{}
		s.err = err
		if err != io.EOF {
			s.err = &DamagedError{Path: s.path, Packet: s.stats.Frames + 1, Offset: s.reader.position(), Err: err}
		}
		return s.err
	}
	s.stats.Frames++
	s.stats.Bytes += uint64(len(f.Data))
	f.Number, f.Origin = s.stats.Frames, s.path
	return nil
}

// Stats implements Source; a file loses nothing.
func (s *file) Stats() (Stats, error) { return s.stats, nil }

// Close implements Source.
func (s *file) Close() error {
	if s.err == os.ErrClosed {
		return nil
	}
	s.err = os.ErrClosed
	err := s.packed.Close()
	if s.disk != nil {
		if diskErr := s.disk.Close(); err == nil {
			err = diskErr
		}
	}
	return err
}

// counted adds up the octets read through it.
type counted struct {
	io.Reader
	read *atomic.Int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read.Add(int64(n))
	return n, err
}
