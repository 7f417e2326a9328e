package capture

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

const (
	benchFrames = 100_000
	benchOctets = 780 // a search answered with one entry
)

// benchFile gives a capture of benchFrames frames, as pcapgo writes it.
func benchFile(b *testing.B, ng bool) []byte {
	var out bytes.Buffer
	frame := bytes.Repeat([]byte("0123456789abc"), benchOctets/13)
	info := gopacket.CaptureInfo{CaptureLength: benchOctets, Length: benchOctets}
	if ng {
		w, err := pcapgo.NewNgWriter(&out, layers.LinkTypeEthernet)
		for i := range benchFrames {
			info.Timestamp = at(1700000000, int64(i)*1000)
			err = errors.Join(err, w.WritePacket(info, frame))
		}
		must(b, errors.Join(err, w.Flush()))
		return out.Bytes()
	}
	w := pcapgo.NewWriter(&out)
	err := w.WriteFileHeader(maxFrame, layers.LinkTypeEthernet)
	for i := range benchFrames {
		info.Timestamp = at(1700000000, int64(i)*1000)
		err = errors.Join(err, w.WritePacket(info, frame))
	}
	must(b, err)
	return out.Bytes()
}

// BenchmarkFile reads a file of 80 MB that the system has in memory.
func BenchmarkFile(b *testing.B) {
	for name, bm := range map[string]struct {
		ng   bool
		pack func(testing.TB, []byte) []byte
	}{
		"pcap":       {false, packings()["plain"]},
		"pcapng":     {true, packings()["plain"]},
		"pcap, gzip": {false, gzipped},
		"pcap, zstd": {false, zstded},
	} {
		b.Run(name, func(b *testing.B) {
			content := benchFile(b, bm.ng)
			path := inFile(b, "x", bm.pack(b, content))
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			b.ResetTimer()
			start := time.Now()
			for range b.N {
				src, err := OpenFile(path)
				must(b, err)
				var f Frame
				n := 0
				for err = src.Next(&f); err == nil; err = src.Next(&f) {
					n += int(f.Data[0] & 1)
				}
				if stats, _ := src.Stats(); err != io.EOF || stats.Frames != benchFrames {
					b.Fatalf("%d frames, %v", stats.Frames, err)
				}
				must(b, src.Close())
			}
			b.ReportMetric(float64(b.N)*benchFrames/time.Since(start).Seconds(), "frames/s")
		})
	}
}
