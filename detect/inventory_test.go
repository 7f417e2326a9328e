package detect

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode"
)

// only gives the one use of an inventory.
func only(t *testing.T, n *Inventory) *Use {
	t.Helper()
	if len(n.Uses) != 1 {
		t.Fatalf("%d uses: %v", len(n.Uses), slices.Collect(maps.Keys(n.Uses)))
	}
	for _, u := range n.Uses {
		return u
	}
	return nil
}

func TestInventoryOfAConnectionIsWhole(t *testing.T) {
	k := newTalk(t, Config{RepeatInterval: -1}).open()
	k.asks(simple(1, who, secret))
	k.answers(bound(1, 0))
	k.asks(searchRequest(2, "dc=x", 2, "cn"))
	k.answers(entry(2, "cn=a,dc=x", "cn"), done(2, 0))
	k.asks(searchRequest(3, "", 0)) // the rootDSE is nobody's business
	k.answers(done(3, 0))
	k.asks(ldapMessage(4, ber(0x4a, []byte("cn=a,dc=x"))))
	k.answers(result(4, 0x6b, 0, ""))
	k.end()
	client, server := netip.MustParseAddr("10.0.0.7"), netip.MustParseAddrPort("10.0.0.5:389")
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	want := Inventory{
		Uses: map[UseKey]*Use{{client, server, who}: {
			First: at(3), Last: at(11),
			Connections: [NumProtections]uint64{None: 1},
			Binds:       [NumMethods][NumProtections]uint64{Simple: {None: 1}},
			Operations:  [NumProtections]uint64{None: 2}, Writes: 1, Passwords: 1,
			Findings:    [NumRules]uint64{CleartextBind: 1, CleartextSearch: 1, CleartextWrite: 1},
			LastFinding: at(10),
		}},
		Accounts: map[string]*Account{who: {
			Clients: map[netip.Addr]struct{}{client: {}}, Servers: map[netip.Addr]struct{}{server.Addr(): {}},
			Count: 1, Accepted: true, First: at(3), Last: at(3),
		}},
		Queries: map[QueryKey]*Query{{"subtree", "(objectClass=*)"}: {
			Count: 1, Clients: map[netip.Addr]struct{}{client: {}}, Base: "dc=x", First: at(5), Last: at(5),
		}},
		Hours: map[int64]*Hour{start.Unix() / 3600: {
			Passwords: 1, Operations: [NumProtections]uint64{None: 2}, Connections: [NumProtections]uint64{None: 1},
		}},
	}
	if have := k.e.Inventory(); !reflect.DeepEqual(*have, want) {
		t.Errorf("noted\n%s\nwant\n%s", everything(have), everything(&want))
	}
}

func TestReadiness(t *testing.T) {
	search := func(k *talk) { k.asks(searchRequest(9, "dc=x", 2)); k.answers(done(9, 0)) }
	sealed := []byte{0, 0, 0, 20, 5, 4, 2, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 7, 7, 7}
	hello := append([]byte{0x16, 3, 3, 0, 48, 2, 0, 0, 44, 3, 3}, make([]byte, 42)...)
	for name, c := range map[string]struct {
		talk func(k *talk)
		want [NumPolicies]string
	}{
		"a password in the clear": {func(k *talk) { k.asks(simple(1, who, secret)); k.answers(bound(1, 0)); search(k) },
			[NumPolicies]string{"refused simple-bind-in-the-clear", "refused simple-bind-in-the-clear", "ready "}},
		"a password that the server will not take in the clear": {func(k *talk) { k.asks(simple(1, who, secret)); k.answers(bound(1, 13)) },
			[NumPolicies]string{"refused-already server-refuses", "refused-already server-refuses", "ready "}},
		"refused once, and taken since": {func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 13))
			k.asks(simple(2, who, secret))
			k.answers(bound(2, 0))
		}, [NumPolicies]string{"refused simple-bind-in-the-clear", "refused simple-bind-in-the-clear", "ready "}},
		"SASL PLAIN": {func(k *talk) {
			k.asks(saslBind(1, "PLAIN", []byte("\x00mira\x00"+secret)))
			k.answers(bound(1, 0))
			search(k)
		},
			[NumPolicies]string{"refused sasl-password-in-the-clear", "refused sasl-password-in-the-clear", "ready "}},
		"Kerberos without a layer": {func(k *talk) { k.asks(saslBind(1, "GSSAPI", []byte{1})); k.answers(bound(1, 0)); search(k) },
			[NumPolicies]string{"refused sasl-without-signing", "ready ", "ready "}},
		"Kerberos without a layer, and the bind's answer too late in the mirror": {func(k *talk) {
			k.asks(saslBind(1, "GSSAPI", []byte{1}), searchRequest(9, "dc=x", 2))
			k.answers(bound(1, 0), done(9, 0))
		}, [NumPolicies]string{"refused sasl-without-signing", "ready ", "ready "}},
		"Kerberos, sealed": {func(k *talk) {
			k.asks(saslBind(1, "GSSAPI", []byte{1}))
			k.answers(bound(1, 0))
			k.asks(sealed)
			k.answers(sealed)
		}, [NumPolicies]string{"ready ", "ready ", "ready "}},
		"Kerberos, and nothing after it": {func(k *talk) { k.asks(saslBind(1, "GSSAPI", []byte{1})); k.answers(bound(1, 0)) },
			[NumPolicies]string{"unknown nothing-after-bind", "ready ", "ready "}},
		"Kerberos, refused": {func(k *talk) { k.asks(saslBind(1, "GSSAPI", []byte{1})); k.answers(bound(1, 49)) },
			[NumPolicies]string{"ready ", "ready ", "ready "}},
		"the steps of an exchange are one bind": {func(k *talk) {
			k.asks(saslBind(1, "GSSAPI", []byte{1}))
			k.answers(bound(1, 14))
			k.asks(saslBind(2, "GSSAPI", []byte{2}))
			k.answers(bound(2, 8))
		}, [NumPolicies]string{"refused-already server-refuses", "refused-already server-refuses", "ready "}},
		"an anonymous bind": {func(k *talk) { k.asks(simple(1, "", "")); k.answers(bound(1, 0)); search(k) },
			[NumPolicies]string{"ready ", "ready ", "ready "}},
		"ANONYMOUS": {func(k *talk) { k.asks(saslBind(1, "ANONYMOUS", []byte("x"))); k.answers(bound(1, 0)); search(k) },
			[NumPolicies]string{"ready ", "ready ", "ready "}},
		"a search without a bind": {search,
			[NumPolicies]string{"unknown bind-not-seen", "unknown bind-not-seen", "ready "}},
		"TLS": {func(k *talk) { k.asks([]byte{0x16, 3, 1, 0, 2, 1, 1}); k.answers(hello) },
			[NumPolicies]string{"ready ", "ready ", "unknown inside-tls"}},
		"a token that is missing": {func(k *talk) {
			k.asks(saslBind(1, "GSS-SPNEGO", []byte{1}))
			k.answers(result(1, 0x61, 49, "80090346: LdapErr: DSID-0C090702, comment: AcceptSecurityContext error, data 80090346, v4563"))
		}, [NumPolicies]string{"ready ", "ready ", "refused-already channel-binding-missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{}).open()
			c.talk(k)
			k.end()
			u := only(t, k.e.Inventory())
			var have [NumPolicies]string
			for p := range NumPolicies {
				v, r := u.Readiness(p)
				have[p] = fmt.Sprintf("%s %s", v, r.Words().ID)
			}
			if have != c.want {
				t.Errorf("%q\nwant %q\nof %+v", have, c.want, *u)
			}
		})
	}
}

// TestInventoryDoesNotDependOnTheWorkers deals connections to one engine and
// to three, and wants the same sum.
func TestAnAnswerThatTakesLongStillSaysWhetherThePasswordWasRight(t *testing.T) {
	for code, accepted := range map[byte]bool{0: true, 49: false} {
		k := newTalk(t, Config{RepeatInterval: -1}).open()
		k.asks(simple(1, who, secret))
		k.wait(7 * time.Second)
		k.answers(bound(1, code))
		alerts := k.end()
		if acc := k.e.Inventory().Accounts[who]; acc == nil || acc.Accepted != accepted || acc.Count != 1 {
			t.Errorf("answer %d: %+v", code, acc)
		}
		if len(alerts) != 1 || alerts[0].Outcome != Unknown {
			t.Errorf("answer %d: told %+v", code, alerts)
		}
	}
}

func TestInventoryDoesNotDependOnTheWorkers(t *testing.T) {
	talkTo := func(workers int) *Inventory {
		engines := make([]*talk, workers)
		for i := range engines {
			engines[i] = newTalk(t, Config{RepeatInterval: -1})
		}
		for i := range 500 {
			client := endpoint(fmt.Sprintf("10.0.%d.%d:5000", i/200, i%200+1))
			shard := (&decode.Segment{Src: client, Dst: engines[0].serv}).Shard()
			k := engines[shard%workers]
			k.client, k.seq, k.p.Time = client, [2]uint32{1000, 9000}, start.Add(time.Duration(i)*time.Minute)
			k.open()
			k.asks(simple(1, fmt.Sprintf("cn=%d", i%7), secret))
			k.answers(bound(1, 0))
			k.asks(searchRequest(2, fmt.Sprintf("dc=%d", i), byte(i%3)))
			k.answers(done(2, 0))
		}
		var sum Inventory
		for _, k := range engines {
			k.end()
			sum.Merge(k.e.Inventory())
		}
		return &sum
	}
	one, three := talkTo(1), talkTo(3)
	if !reflect.DeepEqual(one, three) {
		t.Errorf("one worker notes %d uses, %d accounts, %d queries; three %d, %d, %d",
			len(one.Uses), len(one.Accounts), len(one.Queries), len(three.Uses), len(three.Accounts), len(three.Queries))
	}
	if len(one.Uses) != 500 || len(one.Accounts) != 7 || len(one.Hours) != 9 {
		t.Errorf("%d uses, %d accounts, %d hours", len(one.Uses), len(one.Accounts), len(one.Hours))
	}
}

func TestInventoryIsBounded(t *testing.T) {
	k := newTalk(t, Config{RepeatInterval: -1}).open()
	for i := range 2 * maxAccounts {
		k.asks(simple(1, fmt.Sprintf("cn=%d", i), secret))
		k.answers(bound(1, 49))
	}
	k.end()
	n := k.e.Inventory()
	if len(n.Uses) != maxIdentities+1 {
		t.Errorf("%d uses of one client at one server", len(n.Uses))
	}
	others := n.Uses[UseKey{netip.MustParseAddr("10.0.0.7"), netip.MustParseAddrPort("10.0.0.5:389"), OtherIdentities}]
	if others == nil || others.Refused != uint64(2*maxAccounts-(maxIdentities-1)) { // the spraying itself is nobody's
		t.Errorf("the others: %+v", others)
	}
	if len(n.Accounts) != maxAccounts || k.e.Counts().Limits[LimitInventory] == 0 {
		t.Errorf("%d accounts, limit reached %d times", len(n.Accounts), k.e.Counts().Limits[LimitInventory])
	}
}

func TestHoursAreBounded(t *testing.T) {
	hours := map[int64]*Hour{}
	for at := range int64(2 * maxHours) {
		hours[at] = new(Hour)
		newest(hours)
	}
	if len(hours) != maxHours || hours[0] != nil || hours[2*maxHours-1] == nil {
		t.Errorf("%d hours are left", len(hours))
	}
}

func TestPagesOfASearchAreOneQuery(t *testing.T) {
	paged := func(id byte, cookie string) []byte {
		value := seq(integer(20), str(cookie))
		control := seq(str("1.2.840.113556.1.4.319"), []byte{1, 1, 0xff}, ber(0x04, value))
		op := ber(0x63, str("dc=x"), enum(2), enum(0), integer(0), integer(0), []byte{1, 1, 0}, ctx(7, "objectClass"), seq())
		return seq(integer(id), op, ber(0xa0, control))
	}
	k := newTalk(t, Config{RepeatInterval: -1}).open()
	for i, cookie := range []string{"", "page 2", "page 3", ""} {
		k.asks(paged(byte(i+1), cookie))
		k.answers(done(byte(i+1), 0))
	}
	k.end()
	n := k.e.Inventory()
	q := n.Queries[QueryKey{"subtree", "(objectClass=*)"}]
	if q == nil || q.Count != 2 || only(t, n).Operations[None] != 4 {
		t.Errorf("noted %s", everything(n))
	}
}

// TestTurnsAddUp begins the notes anew after every message, and wants the sum to
// be what one Inventory would have been.
func TestTurnsAddUp(t *testing.T) {
	talks := func(turn func(k *talk)) *talk {
		k := newTalk(t, Config{RepeatInterval: -1, FingerprintKey: []byte("sixteen octets..")}).open()
		for i := range 3 {
			for _, step := range []func(){
				func() { k.asks(simple(1, fmt.Sprintf("cn=%d", i), secret)) }, func() { k.answers(bound(1, 0)) },
				func() { k.asks(searchRequest(2, "dc=x", 2)) }, func() { k.answers(done(2, 0)) },
				func() { k.asks(saslBind(3, "GSSAPI", []byte{1})) }, func() { k.answers(bound(3, 49)) },
			} {
				step()
				turn(k)
			}
		}
		k.end()
		return k
	}
	want := talks(func(*talk) {}).e.Inventory()
	var sum Inventory
	k := talks(func(k *talk) { sum.Merge(k.e.Turn()) })
	if rest := k.e.Turn(); len(rest.Uses) != 1 {
		t.Errorf("the end of the connection is noted %d times", len(rest.Uses))
	} else {
		sum.Merge(rest)
	}
	if have := &sum; !reflect.DeepEqual(have, want) {
		t.Errorf("noted\n%s\nwant\n%s", everything(have), everything(want))
	}
	if rest := k.e.Turn(); rest.Len() != 0 {
		t.Errorf("left: %s", everything(rest))
	}
}

// TestAnAnswerAfterATurnStillSaysWhetherThePasswordWasRight tells a bind before
// midnight, and answers it after that.
func TestAnAnswerAfterATurnStillSaysWhetherThePasswordWasRight(t *testing.T) {
	k := newTalk(t, Config{RepeatInterval: -1}).open()
	k.asks(simple(1, who, secret))
	k.wait(7 * time.Second)
	sum := k.e.Turn()
	k.answers(bound(1, 0))
	k.end()
	sum.Merge(k.e.Turn())
	if acc := sum.Accounts[who]; acc == nil || !acc.Accepted || acc.Count != 1 || len(acc.Clients) != 1 || len(acc.Servers) != 1 {
		t.Errorf("noted %+v", acc)
	}
}

func TestTrimForgetsTheOldest(t *testing.T) {
	n := Inventory{Accounts: map[string]*Account{}}
	for i := range maxInventory + 3 {
		n.Accounts[fmt.Sprint(i)] = &Account{Last: start.Add(time.Duration(i) * time.Second)}
	}
	if forgotten := n.Trim(); forgotten != 3 || n.Len() != maxInventory || n.Accounts["2"] != nil || n.Accounts["3"] == nil {
		t.Errorf("%d forgotten, %d left", forgotten, n.Len())
	}
}
