package loadgen

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
)

func made(t *testing.T, cfg Config) (Made, []byte) {
	t.Helper()
	var out bytes.Buffer
	m, err := Write(&out, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m, out.Bytes()
}

func TestTheSameSeedGivesTheSameOctets(t *testing.T) {
	cfg := Config{Seed: 7, Packets: 5000, Foreign: 50, Messy: true}
	one, a := made(t, cfg)
	two, b := made(t, cfg)
	cfg.Seed = 8
	_, c := made(t, cfg)
	if one != two || sha256.Sum256(a) != sha256.Sum256(b) || bytes.Equal(a, c) {
		t.Errorf("%+v, then %+v", one, two)
	}
}

// TestWhatWasMadeIsFound reads the captures as the program does.
func TestWhatWasMadeIsFound(t *testing.T) {
	for name, cfg := range map[string]Config{
		"pure": {Seed: 1, Packets: 50_000}, "1%": {Seed: 1, Packets: 50_000, Foreign: 99},
	} {
		t.Run(name, func(t *testing.T) {
			want, octets := made(t, cfg)
			src, err := capture.OpenReader(name, bytes.NewReader(octets))
			if err != nil {
				t.Fatal(err)
			}
			var packets decode.Packets
			var f capture.Frame
			var seg decode.Segment
			engine, at := detect.New(detect.Config{RepeatInterval: -1}), detect.Packet{}
			for err = src.Next(&f); err == nil; err = src.Next(&f) {
				at = detect.Packet{Time: f.Time, Order: at.Order + 1}
				if packets.Decode(&decode.Frame{Link: f.Link, Data: f.Data, WireLen: f.WireLen, Time: f.Time}, &seg) != decode.OK {
					t.Fatalf("packet %d is none", at.Order)
				}
				engine.Observe(&at, &seg)
			}
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			engine.Finish()
			c := engine.Counts()
			have := Made{
				Packets: int(at.Order), LDAP: want.LDAP, Bytes: want.Bytes, Connections: int(c.Connections[detect.None]),
				Accepted: int(c.Binds[detect.Simple][detect.None][detect.Success]), Searches: int(c.Searches[detect.None][detect.Success]),
			}
			have.Binds = have.Accepted + int(c.Binds[detect.Simple][detect.None][detect.Failure])
			if have != want {
				t.Errorf("found %+v\nmade  %+v", have, want)
			}
		})
	}
}
