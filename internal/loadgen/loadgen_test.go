package loadgen

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/detect"
)

func TestTheSameSeedGivesTheSameOctets(t *testing.T) {
	for m := range numMixes {
		t.Run(m.String(), func(t *testing.T) {
			sums := map[[32]byte]int{}
			for _, seed := range []uint64{1, 1, 2} {
				sum := sha256.New()
				if _, err := Generate(sum, Config{Seed: seed, Mix: m, Connections: 5}); err != nil {
					t.Fatal(err)
				}
				sums[[32]byte(sum.Sum(nil))]++
			}
			if len(sums) != 2 {
				t.Errorf("%d different captures of two seeds", len(sums))
			}
		})
	}
}

// What Generate says it wrote is what the program finds in it.
func TestTallyIsWhatIsFound(t *testing.T) {
	for name, cfg := range map[string]Config{
		"pure":      {Connections: 400},
		"messy":     {Mix: Messy, Connections: 400},
		"sparse":    {Mix: Sparse, Octets: 30 << 20, Open: 4},
		"by size":   {Octets: 4 << 20},
		"idle":      {Connections: 500, Idle: true, SimpleOnly: true},
		"pipelined": {Connections: 30, Pipelined: 20, SimpleOnly: true, EntryMin: 200, EntryMax: 300},
		"huge":      {Connections: 6, EntryMin: 200_000, EntryMax: 300_000, SimpleOnly: true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Seed = 7
			var out bytes.Buffer
			want, err := Generate(&out, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if want.Octets != int64(out.Len()) {
				t.Errorf("says %d octets and wrote %d", want.Octets, out.Len())
			}
			frames, alerts, counts := found(t, &out)
			if frames != want.Packets {
				t.Errorf("says %d packets and wrote %d", want.Packets, frames)
			}
			if !maps.Equal(alerts, want.Alerts) {
				t.Errorf("found %v\nwrote %v", alerts, want.Alerts)
			}
			if n := counts.Messages[ldap.BindRequest]; n != uint64(want.BindRequests) {
				t.Errorf("found %d binds, wrote %d", n, want.BindRequests)
			}
			if n := counts.Messages[ldap.SearchRequest]; n != uint64(want.Searches) {
				t.Errorf("found %d searches, wrote %d", n, want.Searches)
			}
			if n := counts.SearchEntries; n > uint64(want.Entries) || want.Lost == 0 && n != uint64(want.Entries) {
				t.Errorf("found %d entries, wrote %d", n, want.Entries)
			}
			if cfg.Mix == Messy && (want.Lost == 0 || want.Repeated == 0 || want.Swapped == 0 || counts.StreamGaps == 0) {
				t.Errorf("nothing is messy: %d lost, %d repeated, %d swapped, %d gaps", want.Lost, want.Repeated, want.Swapped, counts.StreamGaps)
			}
			if want.Lost == 0 && counts.Rejected != [detect.NumRejects]uint64{} {
				t.Errorf("rejected %v", counts.Rejected)
			}
		})
	}
}

// found reads a capture as the program does, and tells every event.
func found(t *testing.T, r io.Reader) (frames int, alerts map[string]int, counts detect.Counts) {
	src, err := capture.OpenReader("made.pcap", r)
	if err != nil {
		t.Fatal(err)
	}
	e := detect.New(detect.Config{})
	var packets decode.Packets
	var f capture.Frame
	var seg decode.Segment
	var all []detect.Alert
	for err = src.Next(&f); err == nil; err = src.Next(&f) {
		frames++
		at := detect.Packet{Time: f.Time, Order: uint64(frames), Number: f.Number}
		if why := packets.Decode(&decode.Frame{Link: f.Link, Data: f.Data, WireLen: f.WireLen, Time: f.Time}, &seg); why != decode.OK {
			t.Fatalf("frame %d: %v", frames, why)
		}
		e.Observe(&at, &seg)
		all = e.Take(all)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	e.Finish()
	alerts = map[string]int{}
	for _, a := range e.Take(all) {
		if strings.Contains(a.User, password) || a.Entry != nil && strings.Contains(a.Entry.DN, password) {
			t.Fatal("a password left the engine")
		}
		alerts[a.Rule.String()]++
	}
	return frames, alerts, e.Counts()
}

func TestSparseIsOneInAHundred(t *testing.T) {
	tally, err := Generate(io.Discard, Config{Mix: Sparse, Octets: 20 << 20, Open: 4})
	if err != nil {
		t.Fatal(err)
	}
	if share := 100 * tally.LDAPPackets / tally.Packets; share != 0 && share != 1 || tally.LDAPPackets < 100 {
		t.Errorf("%d of %d packets are LDAP", tally.LDAPPackets, tally.Packets)
	}
}

func TestAFullDiskIsAnError(t *testing.T) {
	if _, err := Generate(fullDisk{}, Config{Octets: 8 << 20}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

var errFull = errors.New("full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestParseMix(t *testing.T) {
	for m := range numMixes {
		if got, err := ParseMix(m.String()); got != m || err != nil {
			t.Errorf("%s: %v, %v", m, got, err)
		}
	}
	if _, err := ParseMix("tidy"); err == nil {
		t.Error("no error for a mix that there is not")
	}
}

// BenchmarkGenerate says how fast captures are made.
func BenchmarkGenerate(b *testing.B) {
	for m := range numMixes {
		b.Run(m.String(), func(b *testing.B) {
			start, octets := time.Now(), int64(0)
			for range b.N {
				tally, err := Generate(io.Discard, Config{Mix: m, Octets: 64 << 20, Open: 32})
				if err != nil {
					b.Fatal(err)
				}
				octets += tally.Octets
			}
			b.ReportMetric(float64(octets)/1e6/time.Since(start).Seconds(), "MB/s")
		})
	}
}
