package detect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
)

const (
	who    = "cn=app,dc=example,dc=org"
	secret = "Walnut-Comet-5519!" // stands in no output, whatever happens
)

func TestSimpleBindIsToldWhole(t *testing.T) {
	k := newTalk(t, Config{}).open()
	k.asks(simple(1, who, secret))
	if len(k.alerts) != 0 {
		t.Fatal("told before the answer came")
	}
	k.answers(bound(1, 0))
	at := start.Add(3 * time.Millisecond)
	want := []Alert{{
		shard: uint8(k.shard()), Rule: CleartextBind, Severity: Critical, Outcome: Success, Right: true, Origin: "talk.pcap", Packet: 3, Order: 3,
		Time: at, Start: at, End: at.Add(time.Millisecond),
		Client: netip.MustParseAddrPort("10.0.0.7:51022"), Server: netip.MustParseAddrPort("10.0.0.5:389"),
		Proto: decode.TCP, User: who, Operation: ldap.BindRequest, MessageID: 1, Version: 3,
		Bind: &Bind{Method: Simple, Name: who}, Result: &Result{Name: "success"}, Count: 1,
	}}
	if !reflect.DeepEqual(k.alerts, want) {
		t.Errorf("told\n%+v\nwant\n%+v", k.alerts, want)
	}
}

func TestRules(t *testing.T) {
	startTLS := extended(2, ldap.OIDStartTLS)
	record := []byte{0x16, 3, 1, 0, 2, 1, 1}
	data := []byte{0x17, 3, 3, 0, 4, 0x30, 0x82, 1, 1}
	for name, c := range map[string]struct {
		talk func(k *talk)
		want []string
	}{
		"a refused password": {func(k *talk) { k.asks(simple(1, who, secret)); k.answers(bound(1, 49)) },
			[]string{"cleartext-bind high failure " + who}},
		"a refused password that was right": {func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(result(1, 0x61, 49, "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 533, v3839\x00"))
		}, []string{"cleartext-bind critical failure " + who}},
		"a password nobody answered": {func(k *talk) { k.asks(simple(1, who, secret)); k.wait(6 * time.Second) },
			[]string{"cleartext-bind critical unknown " + who}},
		"a password without a name": {func(k *talk) { k.asks(simple(1, "", secret)); k.answers(bound(1, 0)) },
			[]string{"cleartext-bind critical success "}},
		"confidentiality required": {func(k *talk) { k.asks(simple(1, who, secret)); k.answers(bound(1, 13)) },
			[]string{"cleartext-bind high failure " + who, "cleartext-refused high failure " + who}},
		"an empty password": {func(k *talk) {
			k.asks(simple(1, who, ""))
			k.answers(bound(1, 0))
			k.asks(searchRequest(2, "dc=x", 2))
			k.answers(done(2, 0))
		},
			[]string{"unauthenticated-bind medium success " + who, "cleartext-search medium success "}},
		"LDAPv2": {func(k *talk) { k.asks(bindRequest(1, 2, who, ctx(0, secret))); k.answers(bound(1, 0)) },
			[]string{"cleartext-bind critical success " + who, "legacy-ldapv2 low success " + who}},
		"an anonymous bind and the rootDSE": {func(k *talk) {
			k.asks(simple(1, "", ""))
			k.answers(bound(1, 0))
			k.asks(searchRequest(2, "", 0))
			k.answers(done(2, 0))
		},
			nil},
		"an anonymous bind and a search": {func(k *talk) {
			k.asks(simple(1, "", ""))
			k.answers(bound(1, 0))
			k.asks(searchRequest(2, "", 2))
			k.answers(done(2, 0))
		},
			[]string{"anonymous-bind low unknown ", "cleartext-search medium success "}},
		"a search by somebody": {func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 0))
			k.asks(searchRequest(2, "dc=x", 1, "cn"))
			k.answers(entry(2, "cn=a,dc=x", "cn"), done(2, 0))
		}, []string{"cleartext-bind critical success " + who, "cleartext-search medium success " + who}},
		"a search after a refusal": {func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 49))
			k.asks(searchRequest(2, "dc=x", 1))
			k.answers(done(2, 1))
		},
			[]string{"cleartext-bind high failure " + who, "cleartext-search medium failure "}},
		"a secret read back with a write": {func(k *talk) {
			k.asks(ldapMessage(2, ber(0x66, str("cn=a,dc=x"), seq(seq(enum(2), seq(str("mail"), ber(0x31, str("a@x"))))))))
			before := ber(0x64, str("cn=a,dc=x"), seq(seq(str("userPassword"), ber(0x31, str("Value-7341")))))
			k.answers(seq(integer(2), ber(0x67, enum(0), str(""), str("")), ber(0xa0, seq(str("1.3.6.1.1.13.1"), ber(0x04, before)))))
		},
			[]string{"cleartext-write medium success ", "secret-returned critical success "}},
		"a secret asked for and returned": {func(k *talk) {
			k.asks(searchRequest(2, "dc=x", 2, "UserPassword;x-hash"))
			k.answers(entry(2, "cn=a,dc=x", "userPassword"), entry(2, "cn=b,dc=x", "userPassword"), done(2, 0))
		}, []string{"cleartext-search medium success ", "secret-requested medium success ", "secret-returned critical success "}},
		"StartTLS, and all is well": {func(k *talk) {
			k.asks(startTLS)
			k.answers(result(2, 0x78, 0, ""))
			k.asks(record)
			k.answers(record)
			k.asks(data, data)
		}, nil},
		"StartTLS refused, and on in the clear": {func(k *talk) {
			k.asks(startTLS)
			k.answers(result(2, 0x78, 2, ""))
			k.asks(simple(3, who, secret))
			k.answers(bound(3, 0))
			k.asks(searchRequest(4, "dc=x", 1))
			k.answers(done(4, 0))
		}, []string{"cleartext-bind critical success " + who, "starttls-fallback high success " + who, "cleartext-search medium success " + who}},
		"StartTLS refused, and the client gives up": {func(k *talk) { k.asks(startTLS); k.answers(result(2, 0x78, 52, "")); k.asks(unbind(3)) }, nil},
		"a handshake that fails, and on in the clear": {func(k *talk) {
			k.asks(startTLS)
			k.answers(result(2, 0x78, 0, ""))
			k.asks(record, []byte{0x15, 3, 3, 0, 2, 2, 48})
			k.asks(simple(3, who, secret))
			k.answers(bound(3, 0))
		}, []string{"cleartext-bind critical success " + who, "starttls-fallback high success " + who}},
		"a password before StartTLS": {func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 0))
			k.asks(startTLS)
			k.answers(result(2, 0x78, 0, ""))
			k.asks(record)
		}, []string{"cleartext-bind critical success " + who, "late-starttls high success " + who}},
		"LDAP again after TLS": {func(k *talk) {
			k.asks(startTLS)
			k.answers(result(2, 0x78, 0, ""))
			k.asks(record, data, data, []byte{0x15, 3, 3, 0, 2, 1, 0})
			k.asks(simple(3, who, secret))
			k.answers(bound(3, 0))
		}, []string{"cleartext-bind critical success " + who}},
		"SASL PLAIN": {func(k *talk) { k.asks(saslBind(1, "PLAIN", []byte("\x00app\x00"+secret))); k.answers(bound(1, 0)) },
			[]string{"cleartext-sasl critical success app"}},
		"LOGIN, in three steps": {func(k *talk) {
			k.asks(saslBind(1, "LOGIN", nil))
			k.answers(bound(1, 14))
			k.asks(saslBind(2, "LOGIN", []byte("app")))
			k.answers(bound(2, 14))
			k.asks(saslBind(3, "LOGIN", []byte(secret)))
			k.answers(bound(3, 49))
		}, []string{"cleartext-sasl high failure app"}},
		"CRAM-MD5, then in the clear": {func(k *talk) {
			k.asks(saslBind(1, "CRAM-MD5", nil))
			k.answers(bound(1, 14))
			k.asks(saslBind(2, "CRAM-MD5", []byte("app "+strings.Repeat("a", 32))))
			k.answers(bound(2, 0))
			k.asks(searchRequest(3, "dc=x", 1))
			k.answers(done(3, 0))
		}, []string{"crackable-exchange medium success app", "unsigned-sasl medium unknown app", "cleartext-search medium success app"}},
		"a bind whose answer the mirror shows too late": {func(k *talk) {
			k.asks(saslBind(1, "GSSAPI", []byte{0x60, 2, 6, 0}), searchRequest(2, "dc=x", 2))
			k.answers(bound(1, 0), entry(2, "cn=a,dc=x", "cn"), done(2, 0))
		}, []string{"cleartext-search medium success ", "unsigned-sasl medium unknown "}},
		"an answer that comes after the client said good-bye": {func(k *talk) {
			k.asks(saslBind(1, "CRAM-MD5", []byte("app "+strings.Repeat("a", 32))))
			k.answers(bound(1, 0))
			k.asks(searchRequest(2, "dc=x", 2), unbind(3))
			k.answers(entry(2, "cn=a,dc=x", "cn"), done(2, 0))
		}, []string{"crackable-exchange medium success app", "unsigned-sasl medium unknown app", "cleartext-search medium success app"}},
		"sealed, and the server gives the connection up": {func(k *talk) {
			k.asks(saslBind(1, "GSSAPI", []byte{0x60, 2, 6, 0}))
			k.answers(bound(1, 0), result(0, 0x78, 52, ""))
		}, nil},
		"PROXY protocol": {func(k *talk) {
			k.asks([]byte("PROXY TCP4 192.0.2.9 10.0.0.5 4000 389\r\n"))
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 0))
		}, []string{"cleartext-bind critical success " + who}},
		"HTTP on port 389": {func(k *talk) {
			k.asks([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
			k.answers([]byte("HTTP/1.1 200 OK\r\n\r\n0"))
		}, nil},
		"sealed by RFC 4121": {func(k *talk) {
			k.asks(saslBind(1, "GSSAPI", []byte{0x60, 2, 6, 0}))
			k.answers(bound(1, 0))
			k.asks(append([]byte{0, 0, 0, 40, 5, 4, 2, 0xff, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 1}, bytes.Repeat([]byte{0x30}, 24)...))
		}, nil},
		"signed by RFC 4121": {func(k *talk) {
			k.asks(saslBind(1, "GSSAPI", []byte{0x60, 2, 6, 0}))
			k.answers(bound(1, 0))
			text := searchRequest(2, "dc=x", 2)
			token := append([]byte{5, 4, 0, 0xff, 0, 12, 0, 12, 0, 0, 0, 0, 0, 0, 0, 1}, bytes.Repeat([]byte{9}, 12)...)
			token = append(token, text...)
			k.asks(append([]byte{0, 0, 0, byte(len(token))}, token...))
		}, []string{"signed-not-sealed low unknown ", "cleartext-search low unknown "}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{}).open()
			c.talk(k)
			got := []string(nil)
			for _, a := range k.end() {
				got = append(got, fmt.Sprintf("%s %s %s %s", a.Rule, a.Severity, a.Outcome, a.User))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("told %q\nwant %q", got, c.want)
			}
			if all := fmt.Sprintf("%+v ", k.alerts) + everything(k.e.Inventory()); strings.Contains(all, secret) || strings.Contains(all, "Value-7341") {
				t.Error("a secret left the engine")
			}
			if c := k.e.Counts(); c.HeldBytes != 0 || c.OpenConnections != 0 {
				t.Errorf("after the end %d octets and %d connections are held", c.HeldBytes, c.OpenConnections)
			}
		})
	}
}

func TestProxyNamesTheClient(t *testing.T) {
	k := newTalk(t, Config{}).open()
	k.asks([]byte("PROXY TCP4 192.0.2.9 10.0.0.5 4000 389\r\n"), simple(1, who, secret))
	a := k.end()[0]
	if a.Client.String() != "192.0.2.9:4000" || a.Balancer.String() != "10.0.0.7:51022" || a.Server.String() != "10.0.0.5:389" {
		t.Errorf("client %v, balancer %v, server %v", a.Client, a.Balancer, a.Server)
	}
}

// Whatever way the octets of a connection are cut into segments, delayed,
// repeated and swapped, what is told is the same.
func FuzzSegments(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(99))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 2))
		var side [2][]byte
		side[0] = slices.Concat(simple(1, who, secret), searchRequest(2, "dc=x", 2, "cn"), simple(3, "", ""), searchRequest(4, "ou=y", 1), unbind(5))
		side[1] = slices.Concat(bound(1, 0), entry(2, "cn=a", "cn"), done(2, 0), bound(3, 0), done(4, 0))
		k := newTalk(t, Config{}).open()
		base := k.seq
		for s := range side {
			for off := 0; off < len(side[s]); {
				n := min(1+r.IntN(40), len(side[s])-off)
				again := r.IntN(5) == 0
				k.seq[s] = base[s] + uint32(off)
				if next := off + n + r.IntN(30); r.IntN(4) == 0 && next < len(side[s]) { // the segment behind comes first
					k.seq[s] = base[s] + uint32(off+n)
					k.segment(s, 0, side[s][off+n:next])
					k.seq[s] = base[s] + uint32(off)
				}
				k.segment(s, 0, side[s][off:off+n])
				if again {
					k.seq[s] = base[s] + uint32(off)
					k.segment(s, 0, side[s][off:off+n])
				}
				off += n
			}
		}
		want := []string{"cleartext-bind", "cleartext-search", "anonymous-bind", "cleartext-search"}
		if got := told(k.end()); !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
		if rejected := k.e.Counts().Rejected; rejected != [NumRejects]uint64{} {
			t.Errorf("rejected %v", rejected)
		}
	})
}

func TestGaps(t *testing.T) {
	big := entry(2, "cn=photo,dc=x", "jpegPhoto;"+strings.Repeat("x", 4000))
	t.Run("one that is acknowledged is given up, and the next request is found", func(t *testing.T) {
		k := newTalk(t, Config{}).open()
		k.asks(simple(1, who, secret))
		k.answers(bound(1, 0))
		k.drops(0, 333)
		k.asks(searchRequest(3, "dc=x", 2))
		k.answers(done(3, 0))
		k.wait(time.Second)
		k.wait(6 * time.Second) // its answer came while it was missing
		if got := told(k.alerts); !slices.Equal(got, []string{"cleartext-bind", "cleartext-search"}) {
			t.Errorf("told %v", got)
		}
		if c := k.e.Counts(); c.StreamGaps != 1 || c.StreamGapBytes != 333 {
			t.Errorf("%d gaps of %d octets", c.StreamGaps, c.StreamGapBytes)
		}
	})
	t.Run("one inside an entry costs nothing but the entry", func(t *testing.T) {
		k := newTalk(t, Config{}).open()
		k.asks(searchRequest(2, "dc=x", 2))
		k.answers(big[:1000])
		k.drops(1, 2000)
		k.answers(big[3000:], done(2, 0))
		k.asks(unbind(3))
		k.wait(time.Second)
		got := k.end()
		if len(got) != 1 || got[0].Outcome != Success || got[0].Search.Entries != 1 {
			t.Errorf("told %+v", got)
		}
	})
	t.Run("a connection joined in the middle of an entry", func(t *testing.T) {
		k := newTalk(t, Config{})
		k.answers(big[2000:], done(2, 0))
		k.asks(simple(3, who, secret))
		k.answers(bound(3, 0))
		if got := told(k.end()); !slices.Equal(got, []string{"cleartext-bind"}) {
			t.Errorf("told %v", got)
		}
	})
	t.Run("after a message that is none, the next one is read, however short", func(t *testing.T) {
		k := newTalk(t, Config{}).open()
		k.asks(extended(1, ldap.OIDStartTLS))
		// What vjeantet/ldapserver answers to what it does not know: an LDAPResult without its operation's tag.
		k.answers([]byte{0x30, 0x0c, 2, 1, 1, 0x30, 7, 0x0a, 1, 53, 4, 0, 4, 0})
		k.asks(simple(2, who, secret))
		k.answers([]byte{0x30, 0x0c, 2, 1, 2, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0})
		got := k.end()
		if !slices.Equal(told(got), []string{"cleartext-bind", "starttls-fallback"}) || got[0].Outcome != Success {
			t.Errorf("told %+v", got)
		}
	})
	t.Run("what waited behind one has its own frame, whatever came then", func(t *testing.T) {
		k := newTalk(t, Config{}).open()
		k.drops(0, 40)
		k.asks(simple(2, who, secret), simple(3, "cn=other", secret))
		first := k.p
		k.wait(time.Second)
		k.answers(bound(3, 0)) // acknowledges what was lost, so that it is given up
		k.end()
		if len(k.alerts) != 2 {
			t.Fatalf("told %v", told(k.alerts))
		}
		for i, a := range k.alerts {
			want := first.Number - 1 + uint64(i)
			if at := first.Time.Add(time.Duration(i-1) * k.step); a.Packet != want || !a.Time.Equal(at) || a.Order != k.p.Order {
				t.Errorf("packet %d at %v, order %d; want packet %d at %v, order %d", a.Packet, a.Time, a.Order, want, at, k.p.Order)
			}
		}
	})
	t.Run("a connection joined at the octet that keeps it alive", func(t *testing.T) {
		k := newTalk(t, Config{})
		k.asks([]byte{0})
		k.asks(simple(3, who, secret))
		k.answers(bound(3, 0))
		if got := told(k.end()); !slices.Equal(got, []string{"cleartext-bind"}) {
			t.Errorf("told %v", got)
		}
	})
	t.Run("a connection joined at a sealed buffer", func(t *testing.T) {
		k := newTalk(t, Config{})
		k.asks(append([]byte{0, 0, 0, 60, 1, 0, 0, 0}, bytes.Repeat([]byte{0xe7}, 56)...))
		if got := told(k.end()); len(got) != 0 || k.e.Counts().Connections[SASLSealed] != 1 {
			t.Errorf("told %v, %d sealed", got, k.e.Counts().Connections[SASLSealed])
		}
	})
	t.Run("only the client is seen", func(t *testing.T) {
		k := newTalk(t, Config{})
		k.asks(simple(1, who, secret), searchRequest(2, "dc=x", 2))
		got := k.end()
		if !slices.Equal(told(got), []string{"cleartext-bind", "cleartext-search"}) || got[0].Outcome != Unknown || got[1].User != who {
			t.Errorf("told %+v", got)
		}
	})
	t.Run("octets nobody acknowledges do not blind the sensor", func(t *testing.T) {
		k := newTalk(t, Config{}).open()
		honest := k.seq[0]
		k.drops(0, 5000)
		k.asks(bytes.Repeat([]byte{0x30}, 50)) // forged
		k.seq[0] = honest
		k.wait(3 * time.Second)
		k.asks(simple(1, who, secret))
		k.answers(bound(1, 0))
		if got := told(k.alerts); !slices.Equal(got, []string{"cleartext-bind"}) {
			t.Errorf("told %v", got)
		}
	})
}

func TestRepeats(t *testing.T) {
	ask := func(k *talk, id byte) {
		k.asks(simple(id, who, secret))
		k.answers(bound(id, 0))
		k.asks(searchRequest(id+1, "dc=x", 2))
		k.answers(done(id+1, 0))
	}
	t.Run("are told once in a run, and counted", func(t *testing.T) {
		k := newTalk(t, Config{RepeatInterval: -1}).open()
		for id := byte(1); id < 9; id += 2 {
			ask(k, id)
		}
		got := k.end()
		if !slices.Equal(told(got), []string{"cleartext-bind", "cleartext-search", "cleartext-bind", "cleartext-search"}) {
			t.Fatalf("told %v", told(got))
		}
		for _, a := range got[2:] {
			if !a.Held || a.Count != 3 || !a.Until.After(a.Start) {
				t.Errorf("held back %+v", a)
			}
		}
		if n := k.e.Counts().Alerts[CleartextBind][Critical]; n != 4 {
			t.Errorf("counted %d binds", n)
		}
	})
	t.Run("are told again after the interval", func(t *testing.T) {
		k := newTalk(t, Config{RepeatInterval: time.Minute}).open()
		ask(k, 1)
		ask(k, 3)
		k.wait(time.Hour)
		ask(k, 5)
		if got := told(k.end()); !slices.Equal(got, []string{"cleartext-bind", "cleartext-search", "cleartext-bind", "cleartext-search", "cleartext-bind", "cleartext-search"}) {
			t.Errorf("told %v", got)
		}
	})
	t.Run("are told when the interval ends, whether or not they come again", func(t *testing.T) {
		k := newTalk(t, Config{RepeatInterval: time.Minute}).open()
		ask(k, 1)
		ask(k, 3)
		ask(k, 5)
		k.wait(59 * time.Second)
		before := len(k.alerts)
		k.wait(2 * time.Second)
		if before != 2 || len(k.alerts) != 4 {
			t.Fatalf("%d told before the end of the interval, %d after it", before, len(k.alerts))
		}
		for _, a := range k.alerts[2:] {
			if !a.Held || a.Count != 2 || a.Order != k.p.Order-1 { // before the packet that brought the time
				t.Errorf("held back %+v", a)
			}
		}
		if n := len(k.end()); n != 4 {
			t.Errorf("told %d in all", n)
		}
	})
	t.Run("a success after a failure is not held back", func(t *testing.T) {
		k := newTalk(t, Config{RepeatInterval: -1}).open()
		k.asks(simple(1, who, secret))
		k.answers(bound(1, 49))
		k.asks(simple(2, who, secret))
		k.answers(bound(2, 0))
		if got := k.end(); len(got) != 2 || got[1].Severity != Critical {
			t.Errorf("told %+v", got)
		}
	})
}

func TestAlertsLeaveInTheOrderOfTheirPackets(t *testing.T) {
	k := newTalk(t, Config{}).open()
	k.asks(searchRequest(1, "dc=slow", 2))
	k.asks(searchRequest(2, "dc=quick", 2))
	k.answers(done(2, 0))
	if len(k.alerts) != 0 || k.e.Watermark() != 3 {
		t.Fatalf("told %d, watermark %d", len(k.alerts), k.e.Watermark())
	}
	k.answers(done(1, 0))
	if len(k.alerts) != 2 || k.alerts[0].Search.Base != "dc=slow" || k.alerts[0].Packet != 3 {
		t.Errorf("told %+v", k.alerts)
	}
}

func TestNothingIsAllocatedForWhatIsNotTold(t *testing.T) {
	for name, c := range map[string]struct {
		port     uint16
		messages [2][][]byte
	}{
		"another port":              {8080, [2][][]byte{{[]byte("GET / HTTP/1.1\r\n")}, {[]byte("HTTP/1.1 200 OK\r\n")}}},
		"rootDSE reads":             {389, [2][][]byte{{searchRequest(7, "", 0)}, {entry(7, "", "vendorName"), done(7, 0)}}},
		"a search told before":      {389, [2][][]byte{{searchRequest(7, "dc=x", 2)}, {entry(7, "cn=a,dc=x", "cn"), done(7, 0)}}},
		"TLS":                       {636, [2][][]byte{{{0x17, 3, 3, 0, 3, 1, 2, 3}}, {{0x17, 3, 3, 0, 3, 1, 2, 3}}}},
		"a message in two segments": {389, [2][][]byte{{searchRequest(7, "dc=x", 2)[:20], searchRequest(7, "dc=x", 2)[20:]}, {done(7, 0)}}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{RepeatInterval: -1})
			k.serv.Port = c.port
			k.open()
			var seg decode.Segment
			round := func() {
				for side := range c.messages {
					for _, m := range c.messages[side] {
						seg = decode.Segment{Src: k.client, Dst: k.serv, Proto: decode.TCP, Seq: k.seq[side], Payload: m}
						if side == 1 {
							seg.Src, seg.Dst = k.serv, k.client
						}
						k.p.Order++
						k.e.Observe(&k.p, &seg)
						k.seq[side] += uint32(len(m))
					}
				}
			}
			round()
			if n := testing.AllocsPerRun(200, round); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func (k *talk) shard() int { return (&decode.Segment{Src: k.client, Dst: k.serv}).Shard() }

func TestLimits(t *testing.T) {
	t.Run("connections", func(t *testing.T) {
		k := newTalk(t, Config{MaxFlows: 10})
		for i := range 100 {
			k.client.Port = uint16(1000 + i)
			k.open()
			k.asks(simple(1, who, secret))
		}
		if c := k.e.Counts(); c.OpenConnections != 10 || c.Limits[LimitFlows] != 90 {
			t.Errorf("%d open, limit reached %d times", c.OpenConnections, c.Limits[LimitFlows])
		}
		if n := len(k.end()); n != 100 {
			t.Errorf("told %d binds", n)
		}
	})
	t.Run("memory", func(t *testing.T) {
		k := newTalk(t, Config{MaxMemory: 20000})
		for i := range 50 {
			k.client.Port = uint16(1000 + i)
			k.open()
			k.asks(entryLike(1<<19, 3000))
			if c := k.e.Counts(); c.HeldBytes > 24000 {
				t.Fatalf("holds %d octets", c.HeldBytes)
			}
		}
		if k.e.Counts().Limits[LimitMemory] == 0 {
			t.Error("the limit was not counted")
		}
	})
	t.Run("requests without answers", func(t *testing.T) {
		k := newTalk(t, Config{RepeatInterval: -1}).open()
		for range 3 * maxPending {
			k.asks(searchRequest(1, "dc=x", 2))
		}
		for s := k.e.flows.oldest(); s != nil; s = s.newer {
			if len(s.pending) > maxPending {
				t.Errorf("%d requests wait", len(s.pending))
			}
		}
	})
	t.Run("findings without answers", func(t *testing.T) {
		k := newTalk(t, Config{}).open()
		for range maxEvents + 100 {
			k.asks(searchRequest(1, "dc=x", 2))
		}
		if n := len(k.e.events.queue); n > maxEvents {
			t.Errorf("%d findings wait", n)
		}
	})
	t.Run("findings remembered", func(t *testing.T) {
		k := newTalk(t, Config{RepeatInterval: -1}).open()
		for i := range maxRemembered + 100 {
			k.asks(simple(1, fmt.Sprintf("cn=%d", i), secret))
			k.answers(bound(1, 0))
		}
		if n := len(k.e.quiet[k.shard()].known); n > maxRemembered {
			t.Errorf("%d findings are remembered", n)
		}
	})
}

// everything puts an inventory into words, in no order.
func everything(n *Inventory) string {
	var b strings.Builder
	for key, u := range n.Uses {
		fmt.Fprintf(&b, "%+v %+v\n", key, *u)
	}
	for name, a := range n.Accounts {
		fmt.Fprintf(&b, "%q %+v\n", name, *a)
	}
	for key, q := range n.Queries {
		fmt.Fprintf(&b, "%+v %+v\n", key, *q)
	}
	for at, h := range n.Hours {
		fmt.Fprintf(&b, "%d %+v\n", at, *h)
	}
	return b.String()
}

// entryLike is the start of an AddRequest of a given length.
func entryLike(length, n int) []byte {
	m := []byte{0x30, 0x84, byte(length >> 24), byte(length >> 16), byte(length >> 8), byte(length), 2, 1, 9, 0x68, 0x84, 0, byte((length - 20) >> 16), byte((length - 20) >> 8), byte(length - 20), 4, 4, 'c', 'n', '=', 'x', 0x30, 0x84, 0, byte((length - 50) >> 16), byte((length - 50) >> 8), byte(length - 50)}
	return append(m, make([]byte, n)...)
}

// FuzzOctets wants nothing of hostile octets but that they do no harm.
func FuzzOctets(f *testing.F) {
	f.Add(simple(1, who, secret), bound(1, 0))
	f.Add(saslBind(1, "GSS-SPNEGO", []byte("NTLMSSP\x00\x03")), entry(2, "cn=x", "userPassword"))
	f.Add([]byte{0, 0, 0, 40, 5, 4, 0, 0xff, 0, 12, 0, 12}, []byte{0x16, 3, 1, 0, 2})
	f.Add([]byte("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), []byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, client, server []byte) {
		k := newTalk(t, Config{AnyPort: true, RepeatInterval: -1, Records: true, PseudonymKey: []byte(testKey)}).open()
		half := len(client) / 2
		k.asks(client[:half])
		k.answers(server)
		k.drops(1, 7)
		k.asks(client[half:])
		k.answers(server)
		k.wait(time.Second)
		k.end()
		if c := k.e.Counts(); c.HeldBytes != 0 {
			t.Errorf("%d octets are held after the end", c.HeldBytes)
		}
		if n := k.e.recorder.waiting; n != 0 {
			t.Errorf("%d records wait after the end", n)
		}
	})
}
