package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// tries binds as name and is answered with a code.
func (k *talk) tries(name string, code byte) {
	k.asks(simple(1, name, secret))
	k.answers(bound(1, code))
}

// threats gives the guessing and spraying told, in words.
func threats(alerts []Alert) (words []string) {
	for _, a := range alerts {
		if a.Rule == PasswordGuessing || a.Rule == PasswordSpraying {
			words = append(words, fmt.Sprintf("%s %s %s %q %d/%d", a.Rule, a.Severity, a.Outcome, a.User, a.Refused, a.Names))
		}
	}
	return words
}

func TestGuessingAndSpraying(t *testing.T) {
	for name, c := range map[string]struct {
		talk func(k *talk)
		want []string
	}{
		"nine wrong passwords are a bad memory": {func(k *talk) {
			for range 9 {
				k.tries(who, 49)
			}
		}, nil},
		"ten are guessing, told once": {func(k *talk) {
			for range 25 {
				k.tries(who, 49)
			}
		}, []string{`password-guessing high failure "` + who + `" 10/1`}},
		"ten over an hour are not": {func(k *talk) {
			for range 10 {
				k.tries(who, 49)
				k.wait(6 * time.Minute)
			}
		}, nil},
		"ten within four minutes are, wherever a window would begin": {func(k *talk) {
			k.wait(4 * time.Minute)
			for range 10 {
				k.tries(who, 49)
				k.wait(24 * time.Second)
			}
		}, []string{`password-guessing high failure "` + who + `" 10/1`}},
		"told again in another window": {func(k *talk) {
			for range 2 {
				for range 10 {
					k.tries(who, 49)
				}
				k.wait(10 * time.Minute)
			}
		}, []string{`password-guessing high failure "` + who + `" 10/1`, `password-guessing high failure "` + who + `" 10/1`}},
		"and then the right one": {func(k *talk) {
			for range 12 {
				k.tries(who, 49)
			}
			k.tries(who, 0)
			k.tries(who, 0)
		}, []string{`password-guessing high failure "` + who + `" 10/1`, `password-guessing critical success "` + who + `" 12/1`}},
		"and then a name without a password, which proves none": {func(k *talk) {
			for range 12 {
				k.tries(who, 49)
			}
			k.asks(simple(1, who, ""))
			k.answers(bound(1, 0))
		}, []string{`password-guessing high failure "` + who + `" 10/1`}},
		"names without passwords are no guesses": {func(k *talk) {
			for range 12 {
				k.asks(simple(1, who, ""))
				k.answers(bound(1, 49))
			}
		}, nil},
		"and then the right one of another, which is none of it": {func(k *talk) {
			for range 12 {
				k.tries(who, 49)
			}
			k.tries("cn=other", 0)
		}, []string{`password-guessing high failure "` + who + `" 10/1`}},
		"ten names are spraying, told once": {func(k *talk) {
			for i := range 20 {
				k.tries(fmt.Sprintf("cn=%d", i), 49)
			}
		}, []string{`password-spraying high failure "" 10/10`}},
		"and then one that fits": {func(k *talk) {
			for i := range 11 {
				k.tries(fmt.Sprintf("cn=%d", i), 49)
			}
			k.tries("cn=weak", 0)
		}, []string{`password-spraying high failure "" 10/10`, `password-spraying critical success "cn=weak" 11/11`}},
		"an expired password was found as well": {func(k *talk) {
			for range 10 {
				k.tries(who, 49)
			}
			k.asks(simple(1, who, secret))
			k.answers(result(1, 0x61, 49, "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 532, v3839\x00"))
		}, []string{`password-guessing high failure "` + who + `" 10/1`, `password-guessing critical success "` + who + `" 10/1`}},
		"other refusals are no guesses": {func(k *talk) {
			for i := range 20 {
				k.tries(fmt.Sprintf("cn=%d", i), 13)
			}
		}, nil},
		"the steps of an exchange are no refusals": {func(k *talk) {
			for range 20 {
				k.asks(saslBind(1, "SCRAM-SHA-256", []byte("n,,n=mira,r=1")))
				k.answers(bound(1, 14))
				k.asks(saslBind(2, "SCRAM-SHA-256", []byte("c=biws,r=12,p=x")))
				k.answers(bound(2, 0))
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{}).open()
			c.talk(k)
			if have := threats(k.end()); !slices.Equal(have, c.want) {
				t.Errorf("told %q\nwant %q", have, c.want)
			}
		})
	}
}

func TestRefusalsAreBounded(t *testing.T) {
	e, r := New(Config{}), refusals{}
	pairs := func(i int) hostPair {
		return hostPair{netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), netip.AddrFrom4([4]byte{10, 9, 0, 5})}
	}
	for i := range 5 * maxRefused {
		if _, tally := r.find(e, pairs(i/3), fmt.Sprint(i), 7); tally != nil {
			tally.add(7)
		}
	}
	if r.names != maxRefused || e.counts.Limits[LimitInventory] != 4*maxRefused {
		t.Errorf("%d names are remembered, the limit was reached %d times", r.names, e.counts.Limits[LimitInventory])
	}
	if _, tally := r.find(e, pairs(1<<15), "late", 7+guessSlots); tally == nil || r.names != 1 || len(r.pairs) != 1 {
		t.Errorf("after the window %d names of %d pairs are remembered", r.names, len(r.pairs))
	}
}
