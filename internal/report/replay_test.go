package report

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/metrics"
)

const pcaps = "../../pcaps"

// shipped gives the report's Input of captures of pcaps/.
func shipped(t testing.TB, names ...string) *Input {
	t.Helper()
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(pcaps, name)
	}
	in := replay(t, paths)
	in.Sources = names
	return in
}

// everything gives the Input of all captures of pcaps/ together, in name order.
func everything(t testing.TB) *Input {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.pcap", "*.pcapng", "*.pcap.*", "*.pcapng.*"} {
		found, err := filepath.Glob(filepath.Join(pcaps, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			names = append(names, filepath.Base(path))
		}
	}
	if len(names) == 0 {
		t.Fatal("no captures")
	}
	slices.Sort(names)
	return shipped(t, names...)
}

// replay really runs decoder and engine over files, as the program does.
func replay(t testing.TB, paths []string) *Input {
	t.Helper()
	src := capture.OpenFiles(paths)
	defer func() { _ = src.Close() }()
	engine := detect.New(detect.Config{RepeatInterval: -1})
	in := &Input{Version: "1.2.3", Sources: paths}
	var (
		packets decode.Packets
		frame   capture.Frame
		seg     decode.Segment
		order   uint64
	)
	for {
		err := src.Next(&frame)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		order++
		in.From, in.To = detect.Earlier(in.From, frame.Time), detect.Later(in.To, frame.Time)
		at := detect.Packet{Time: frame.Time, Order: order, Number: frame.Number, Origin: frame.Origin}
		link := decode.Frame{Link: frame.Link, Data: frame.Data, WireLen: frame.WireLen, Time: frame.Time, VLAN: frame.VLAN}
		why := packets.Decode(&link, &seg)
		in.Snapshot.Undecoded[why]++
		if why != decode.OK {
			engine.Tick(&at)
			continue
		}
		engine.Observe(&at, &seg)
	}
	engine.Finish()
	engine.Take(nil)
	stats, err := src.Stats()
	if err != nil {
		t.Fatal(err)
	}
	in.Snapshot.Sources = []metrics.Source{{Name: "file", Stats: stats}}
	in.Snapshot.Detect = engine.Counts()
	in.Snapshot.LastPacket = in.To
	in.Inventory = engine.Inventory()
	return in
}

// noon is a time for made-up inventories.
func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
