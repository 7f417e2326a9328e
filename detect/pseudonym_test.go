package detect

import (
	"fmt"
	"strings"
	"testing"
)

const testKey = "a key of at least sixteen octets"

func TestPseudonyms(t *testing.T) {
	p := NewPseudonyms([]byte(testKey))
	// As docs/pseudonyms.md has it computed by openssl.
	if got := p.Of("uid=mira,ou=people,dc=example,dc=org"); got != "p-wfq7zbcagslodbbf" {
		t.Errorf("%s: another pseudonym than yesterday", got)
	}
	for a, b := range map[string]string{"cn=App,DC=x": "CN=app,dc=X", "Jörg": "JÖRG"} {
		if p.Of(a) != p.Of(b) {
			t.Errorf("%s and %s have two pseudonyms", a, b)
		}
	}
	if p.Of("cn=a") == p.Of("cn=b") || p.Of("cn=a") == NewPseudonyms([]byte("another key of sixteen")).Of("cn=a") {
		t.Error("two names have one pseudonym")
	}
	for _, same := range []string{"", OtherIdentities} {
		if p.Of(same) != same {
			t.Errorf("%q is told as %q", same, p.Of(same))
		}
	}
	if none := NewPseudonyms(nil); none.Of("cn=a") != "cn=a" {
		t.Error("without a key a name changes")
	}
	for i := range maxInterned + 2 {
		p.Of(fmt.Sprint(i))
	}
	if len(p.known) > maxInterned {
		t.Errorf("%d names are remembered", len(p.known))
	}
}

// leaving gives everything that leaves the engine, as text.
func leaving(k *talk) string {
	alerts := k.end()
	records, _ := k.e.TakeRecords()
	var b strings.Builder
	for i := range alerts {
		a := &alerts[i]
		fmt.Fprintf(&b, "%+v %+v %+v %+v %+v\n", *a, a.Bind, a.Search, a.Entry, a.Result)
	}
	for i := range records {
		fmt.Fprintf(&b, "%+v\n", records[i])
	}
	b.WriteString(everything(k.e.Inventory()))
	return b.String()
}

// TestNoNameLeavesTheEngine says names in all places there are.
func TestNoNameLeavesTheEngine(t *testing.T) {
	say := func(k *talk) {
		k.open()
		k.asks(simple(1, "cn=Xavier,dc=quux", secret))
		k.answers(result(1, 0x61, 0, "welcome Xavier"))
		k.asks(ldapMessage(2, ber(0x63, str("ou=Yolanda,dc=quux"), enum(2), enum(0), integer(0), integer(0), []byte{1, 1, 0},
			ber(0xa0, ber(0xa3, str("uid"), str("Zacharias")), ber(0xa4, str("cn"), seq(ctx(0, "Zach"), ctx(2, "arias"))),
				ber(0xa9, ctx(1, "1.2.3"), ctx(2, "member"), ctx(3, "cn=Zacharias"))), seq(str("userPassword")))))
		k.answers(entry(2, "cn=Zacharias,dc=quux", "userPassword"), done(2, 0))
		k.asks(ldapMessage(3, ber(0x68, str("cn=Wanda,dc=quux"), seq(seq(str("userPassword"), ber(0x31, str(secret)))))))
		k.answers(result(3, 0x69, 68, "cn=Wanda,dc=quux exists"))
		k.asks(ldapMessage(4, ber(0x6e, str("cn=Wanda,dc=quux"), seq(str("userPassword"), str(secret)))))
		k.asks(ldapMessage(5, ber(0x77, ctx(0, "1.3.6.1.4.1.4203.1.11.1"), ber(0x81, seq(ctx(0, "cn=Viktor,dc=quux"), ctx(2, secret))))))
		k.asks(saslBind(6, "PLAIN", []byte("\x00Ulrike\x00"+secret)))
		k.answers(bound(6, 49))
		k.asks(unbind(7))
	}
	names := []string{"Xavier", "Yolanda", "Zach", "arias", "Wanda", "Viktor", "Ulrike", "quux"}
	k := newTalk(t, Config{Records: true})
	say(k)
	plain := leaving(k)
	k = newTalk(t, Config{Records: true, PseudonymKey: []byte(testKey)})
	say(k)
	hidden := leaving(k)
	for _, name := range names {
		if !strings.Contains(plain, name) {
			t.Errorf("%s is not told without pseudonyms: the test is none", name)
		}
		if strings.Contains(strings.ToLower(hidden), strings.ToLower(name)) {
			t.Errorf("%s leaves the engine:\n%s", name, hidden)
		}
	}
	p := NewPseudonyms([]byte(testKey))
	for _, name := range []string{"cn=Xavier,dc=quux", "ou=Yolanda,dc=quux", "Zacharias", "cn=Zacharias", "cn=Zacharias,dc=quux", "Ulrike", "cn=Viktor,dc=quux"} {
		if !strings.Contains(hidden, p.Of(name)) {
			t.Errorf("%s is not told as %s", name, p.Of(name))
		}
	}
	if strings.Count(plain, "\n") != strings.Count(hidden, "\n") {
		t.Errorf("something else is told:\n%s\nand without names\n%s", plain, hidden)
	}
}

// TestPseudonymsDoNotDisturbTheEngine wants the allow list to know the names, and
// what is told again to have the pseudonym it had.
func TestPseudonymsDoNotDisturbTheEngine(t *testing.T) {
	k := newTalk(t, Config{RepeatInterval: -1, PseudonymKey: []byte(testKey), Allow: []Allowance{{Identity: "cn=known*", Reason: "known"}}}).open()
	for i, name := range []string{"cn=Known,dc=x", "cn=New,dc=x", "cn=New,dc=x", "cn=New,dc=x"} {
		k.asks(simple(byte(i+1), name, secret))
		k.answers(bound(byte(i+1), 0))
	}
	alerts := k.end()
	if len(alerts) != 2 || !alerts[1].Held || alerts[1].Count != 2 {
		t.Fatalf("%+v", alerts)
	}
	want := NewPseudonyms([]byte(testKey)).Of("cn=new,dc=x")
	for _, a := range alerts {
		if a.User != want || a.Bind.Name != want {
			t.Errorf("%s and %s, want %s", a.User, a.Bind.Name, want)
		}
	}
}
