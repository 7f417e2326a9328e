package detect

import (
	"slices"
	"testing"
)

// What OpenLDAP takes for a bind, though RFC 4511 forbids it, is told as one,
// whether a connection starts with it or not.
func TestBindsThatHide(t *testing.T) {
	three, name, secret := integer(3), str("cn=app"), ctx(0, "Quince-Anvil-88!")
	bind := ber(0x60, three, name, secret)
	for what, m := range map[string][]byte{
		"a negative ID":                    seq([]byte{2, 4, 0xff, 0xff, 0xff, 0xff}, bind),
		"the least ID":                     seq([]byte{2, 4, 0x80, 0, 0, 0}, bind),
		"an empty ID":                      seq([]byte{2, 0}, bind),
		"an enumerated version":            seq(integer(1), ber(0x60, enum(3), name, secret)),
		"a name in UTF-8":                  seq(integer(1), ber(0x60, three, ber(0x0c, []byte("cn=app")), secret)),
		"a password behind the bind's end": seq(integer(1), ber(0x60, three, name), secret),
		"all behind the bind's end":        seq(integer(1), ber(0x60), three, name, secret),
		"something behind the bind":        seq(integer(1), bind, str("x")),
	} {
		for _, first := range []bool{true, false} {
			k := newTalk(t, Config{}).open()
			if !first {
				k.asks(searchRequest(9, "", 0, "namingContexts"))
				k.answers(entry(9, "", "namingContexts"), done(9, 0))
			}
			k.asks(m)
			alerts := k.end()
			if !slices.Equal(told(alerts), []string{"cleartext-bind"}) {
				t.Errorf("%s, first %v: told %v", what, first, told(alerts))
				continue
			}
			if alerts[0].User != "cn=app" {
				t.Errorf("%s, first %v: of %q", what, first, alerts[0].User)
			}
		}
	}
}

func TestANegativeIDIsAnswered(t *testing.T) {
	k := newTalk(t, Config{}).open()
	k.asks(seq([]byte{2, 4, 0xff, 0xff, 0xff, 0xff}, ber(0x60, integer(3), str("cn=app"), ctx(0, "Quince-Anvil-88!"))))
	k.answers(bound(0xff, 0)) // -1 in one octet, as OpenLDAP writes it
	if a := k.end(); len(a) != 1 || a[0].Outcome != Success {
		t.Errorf("told %+v", a)
	}
}
