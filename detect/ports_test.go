package detect

import (
	"slices"
	"testing"
)

// TestPortsOfChance gives clients ports that servers listen at elsewhere.
func TestPortsOfChance(t *testing.T) {
	for name, c := range map[string]struct {
		client, server uint16
		want           []string
	}{
		"a client on 3269 of a server on 389":  {3269, 389, []string{"cleartext-bind"}},
		"a client on 3268 of a server on 389":  {3268, 389, []string{"cleartext-bind"}},
		"a client on 389 of a server on 636":   {389, 636, []string{"plaintext-on-tls-port", "cleartext-bind"}},
		"a client on 50000 of a server on 636": {50000, 636, []string{"plaintext-on-tls-port", "cleartext-bind"}},
	} {
		for _, handshake := range []bool{true, false} {
			k := newTalk(t, Config{})
			k.client.Port, k.serv.Port = c.client, c.server
			if handshake {
				k.open()
			}
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 0))
			alerts := k.end()
			if have := told(alerts); !slices.Equal(have, c.want) || alerts[0].Server.Port() != c.server {
				t.Errorf("%s, handshake seen %v: told %q of port %d, want %q", name, handshake, have, alerts[0].Server.Port(), c.want)
			}
		}
	}
}
