package detect

import (
	"slices"
	"testing"

	"github.com/clearbind/clearbind/decode"
)

// Windows keeps an idle connection alive with an octet of 0 that lies in front
// of what comes next. Where that is the first of a connection that is seen, it
// must not be taken for the length of a sealed buffer of three megabytes.
func TestAKeepAliveIsSeenFirst(t *testing.T) {
	for _, port := range []string{"10.0.0.5:389", "10.0.0.5:10389"} {
		k := newTalk(t, Config{AnyPort: true})
		k.serv = endpoint(port)
		k.segment(0, decode.ACK, []byte{0})
		k.answers(nil)
		k.asks(simple(1, "cn=app", "Quince-Anvil-88!"))
		k.answers(bound(1, 0))
		if got := told(k.end()); !slices.Equal(got, []string{"cleartext-bind"}) {
			t.Errorf("%s: told %v", port, got)
		}
	}
}

func TestAProxyHeaderIsSeenWithoutItsSYN(t *testing.T) {
	k := newTalk(t, Config{})
	k.segment(0, decode.ACK|decode.PSH, []byte("PROXY TCP4 10.0.0.99 10.0.0.5 4711 389\r\n"))
	k.asks(simple(1, "cn=app", "Quince-Anvil-88!"))
	if a := k.end(); len(a) != 1 || a[0].Client.String() != "10.0.0.99:4711" {
		t.Errorf("told %+v", a)
	}
}

// What a connection that is joined in the middle begins with is the middle of
// something, whatever its first octet looks like.
func TestJoinedInTheMiddleOfAMessage(t *testing.T) {
	for first, rest := range map[string][]byte{
		"a buffer's length": {0, 0x0f, 0xff, 0xff}, "a message": {0x30, 0x84, 0, 0x0f, 0xff, 0xff, 2, 1, 1, 0x64, 0x84, 0, 0x0f, 0xff, 0xf0},
	} {
		k := newTalk(t, Config{})
		k.segment(0, decode.ACK, append(rest, make([]byte, 200)...))
		k.asks(simple(1, "cn=app", "Quince-Anvil-88!"))
		k.answers(bound(1, 0))
		if got := told(k.end()); !slices.Equal(got, []string{"cleartext-bind"}) {
			t.Errorf("the middle looks like %s: told %v", first, got)
		}
		if c := k.e.Counts(); c.Connections[SASLSealed] != 0 || c.Connections[TLS] != 0 {
			t.Errorf("the middle looks like %s: counted as protected", first)
		}
	}
}
