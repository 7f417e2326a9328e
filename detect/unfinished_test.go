package detect

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// signedBuffer wraps text as RFC 4121 does without confidentiality.
func signedBuffer(text []byte) []byte {
	token := append([]byte{5, 4, 1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, text...)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(token))), token...)
}

// TestUnfinishedIsLookedAtOnce feeds a unit octet by octet: it must not be
// looked at, nor moved, with each of them.
func TestUnfinishedIsLookedAtOnce(t *testing.T) {
	var pool bufferPool
	var u unfinished
	whole := bytes.Repeat([]byte("unit"), 20_000)
	looks, moves, room := 0, 0, 0
	for i := range whole {
		b := u.take(&pool, whole[i:i+1])
		if cap(u.held) != room {
			moves, room = moves+1, cap(u.held)
		}
		if room > max(smallestBuffer, 2*ahead*(i+1)) {
			t.Fatalf("room for %d octets after %d", room, i+1)
		}
		switch {
		case b == nil:
		case len(b) < len(whole):
			looks++
			u.want = len(whole)
			u.keep(&pool, b, 0)
		default:
			looks++
			if !bytes.Equal(b, whole) {
				t.Fatal("other octets")
			}
			u.keep(&pool, b, len(b)+3)
		}
	}
	if looks != 2 || moves > 20 {
		t.Errorf("looked at %d times and moved %d times", looks, moves)
	}
	if b := u.take(&pool, []byte("xyzabc")); string(b) != "abc" {
		t.Errorf("%q is left of what is skipped", b)
	}
}

// TestPromisedLengthsCostNothing opens connections that announce large messages
// and send nothing of them.
func TestPromisedLengthsCostNothing(t *testing.T) {
	const connections = 2000
	k := newTalk(t, Config{})
	for i := range connections {
		k.client.Port = uint16(1024 + i)
		k.open()
		k.asks(searchRequest(1, "dc=x", 2))
		k.asks([]byte{0x30, 0x84, 0, 0x0f, 0xff, 0xf0, 2, 1, 1, 0x63, 0x84, 0, 0x0f, 0xff, 0xe0})
	}
	if c := k.e.Counts(); c.HeldBytes > connections*smallestBuffer || c.Limits[LimitMemory] > 0 {
		t.Errorf("%d octets are held for %d connections", c.HeldBytes, connections)
	}
}

// TestSignedMessages cuts what a server answers into signed buffers of every
// size: nothing in or behind a message may be missed, however large it is.
func TestSignedMessages(t *testing.T) {
	small := slices.Concat(entry(2, "cn=a,dc=x", "cn"), entry(2, "cn=b,dc=x", "userPassword"), done(2, 0))
	huge := slices.Concat(entry(2, "cn=photo,dc=x", string(make([]byte, 3*maxPDU))), entry(2, "cn=b,dc=x", "userPassword"), done(2, 0))
	for _, c := range []struct {
		answer []byte
		sizes  []int
		huge   uint64
	}{
		{small, []int{1, 2, 7, 50, len(small)}, 0},
		{huge, []int{1000, 60_000, maxPDU - 100}, 1},
	} {
		for _, size := range c.sizes {
			k := newTalk(t, Config{}).open()
			k.asks(saslBind(1, "GSSAPI", []byte("x")))
			k.answers(bound(1, 0))
			k.asks(signedBuffer(searchRequest(2, "dc=x", 2)))
			for part := range slices.Chunk(c.answer, size) {
				k.answers(signedBuffer(part))
			}
			alerts := k.end()
			if got := told(alerts); !slices.Equal(got, []string{"signed-not-sealed", "cleartext-search", "secret-returned"}) {
				t.Fatalf("%d octets in buffers of %d: told %q", len(c.answer), size, got)
			}
			if counts := k.e.Counts(); alerts[1].Outcome != Success || alerts[1].Search.Entries != 2 ||
				counts.Rejected != [NumRejects]uint64{} || counts.Limits[LimitPDU] != c.huge || counts.HeldBytes != 0 {
				t.Errorf("%d octets in buffers of %d: %+v, rejected %v, huge %d, held %d", len(c.answer), size,
					alerts[1].Search, counts.Rejected, counts.Limits[LimitPDU], counts.HeldBytes)
			}
		}
	}
}
