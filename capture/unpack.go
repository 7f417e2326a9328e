package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// bufferSize is what is read at once, and more than any record a frame can
	// be in: records are looked at where they lie in the buffer.
	bufferSize = 512 << 10
	// maxFrame is the most octets of one frame: what libpcap and Wireshark take
	// as the largest snap length. A greater length is damage, not a frame.
	maxFrame = 256 << 10
	// maxWindow is the most memory a zstd file gets. Every level up to 20 and
	// --long up to 25 fit; the format itself would let eight octets ask for
	// terabytes.
	maxWindow = 32 << 20
)

var errWindow = fmt.Errorf("zstd window of more than %d MiB: unpack it with zstd -dc --long=31 and give it on standard input", maxWindow>>20)

// unpack looks at the first octets of r and gives its content, decompressed
// if need be, through a buffer of size octets. Closing what it returns does
// not close r.
func unpack(r io.Reader, size int) (*window, io.Closer, error) {
	in := newWindow(r, size)
	head, err := in.Peek(4) // short or unreadable: whoever reads on is told
	var packed io.ReadCloser
	switch {
	case isGzip(head):
		packed, err = gzip.NewReader(in)
		if err != nil {
			return nil, nil, cut(err, cutPacked)
		}
	case isZstd(head):
		// One at a time means in Read itself: no goroutine.
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, fmt.Errorf("zstd: %w", err)
		}
		packed = zstdReader{z.IOReadCloser()}
	case len(head) < 4 && err != nil && !errors.Is(err, io.EOF):
		return nil, nil, err
	default:
		return in, io.NopCloser(nil), nil
	}
	return newWindow(packed, size), packed, nil
}

// RFC 1952 2.3.1.
func isGzip(head []byte) bool {
	return len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b
}

// RFC 8878 3.1: a frame, or one of those to be skipped, with which parallel
// compressors begin.
func isZstd(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	magic := binary.LittleEndian.Uint32(head)
	return magic == 0xfd2fb528 || magic&^0xf == 0x184d2a50
}

// zstdReader says whose errors they are, and of a window over the limit what
// can be done about it.
type zstdReader struct{ io.ReadCloser }

func (z zstdReader) Read(p []byte) (int, error) {
	n, err := z.ReadCloser.Read(p)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return n, errWindow
	}
	return n, fmt.Errorf("zstd: %w", err)
}
