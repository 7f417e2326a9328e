package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/decode/ldap"
)

// records gives what was recorded, in words, and ends the run.
func (k *talk) records() (words []string) {
	k.end()
	all, _ := k.e.TakeRecords()
	for i := range all {
		r := &all[i]
		text := fmt.Sprintf("%d %s", r.MessageID, r.Op)
		for _, s := range []string{r.Object, r.Mechanism, r.Filter, r.Diagnostic} {
			if s != "" {
				text += " " + s
			}
		}
		if r.Search() {
			text += fmt.Sprintf(" %q %d", r.Base, r.Entries)
		}
		if r.Answered {
			text += fmt.Sprintf(" = %d", r.Code)
		}
		words = append(words, text)
	}
	return words
}

func TestRecords(t *testing.T) {
	filtered := func(id byte, attr, value string) []byte {
		return ldapMessage(id, ber(0x63, str("dc=x"), enum(2), enum(3), integer(0), integer(0), []byte{1, 1, 0}, ber(0xa3, str(attr), str(value)), seq()))
	}
	for name, c := range map[string]struct {
		say  func(*talk)
		want []string
	}{
		"a bind, a search and the good-bye": {func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(bound(1, 0))
			k.asks(searchRequest(2, "dc=x", 2, "cn"))
			k.answers(entry(2, "cn=a,dc=x", "cn"), entry(2, "cn=b,dc=x", "cn"), done(2, 0))
			k.asks(unbind(3))
		}, []string{"1 bind_response " + who + " = 0", `2 search_result_done (objectClass=*) "dc=x" 2 = 0`, "3 unbind_request"}},
		"a refusal with its reason": {func(k *talk) {
			k.asks(simple(1, who, secret))
			k.answers(result(1, 0x61, 49, "wrong"))
		}, []string{"1 bind_response " + who + " wrong = 49"}},
		"in the order of what completes them": {func(k *talk) {
			k.asks(searchRequest(1, "dc=x", 2), searchRequest(2, "dc=y", 2))
			k.answers(done(2, 0), done(1, 32))
		}, []string{`2 search_result_done (objectClass=*) "dc=y" 0 = 0`, `1 search_result_done (objectClass=*) "dc=x" 0 = 32`}},
		"abandoned and unanswered requests, when the connection ends": {func(k *talk) {
			k.asks(searchRequest(1, "dc=x", 2), ldapMessage(2, ber(0x50, []byte{1})), simple(3, who, secret))
		}, []string{"2 abandon_request 1", `1 search_request (objectClass=*) "dc=x" 0`, "3 bind_request " + who}},
		"answers alone": {func(k *talk) {
			k.answers(bound(1, 0), entry(2, "cn=a,dc=x"), done(2, 0))
		}, []string{"1 bind_response = 0", `2 search_result_done "" 1 = 0`}},
		"extended operations, and the server's own": {func(k *talk) {
			k.asks(extended(1, ldap.OIDStartTLS))
			k.answers(result(1, 0x78, 2, "no"), result(0, 0x78, 52, "bye"))
		}, []string{"1 extended_response 1.3.6.1.4.1.1466.20037 no = 2", "0 extended_response bye = 52"}},
		"intermediate responses of a search are no search": {func(k *talk) {
			k.asks(searchRequest(1, "dc=x", 2))
			k.answers(ldapMessage(1, ber(0x79, ctx(0, "1.2"))), done(1, 0))
		}, []string{`1 search_result_done (objectClass=*) "dc=x" 0 = 0`, "1 intermediate_response"}},
		"each step of an exchange": {func(k *talk) {
			k.asks(saslBind(1, "LOGIN\x00more", nil))
			k.answers(bound(1, 14))
			k.asks(saslBind(2, "LOGIN", []byte("mira")))
			k.answers(bound(2, 14))
			k.asks(saslBind(3, "LOGIN", []byte(secret)))
			k.answers(bound(3, 0))
		}, []string{"1 bind_response LOGIN = 14", "2 bind_response LOGIN = 14", "3 bind_response LOGIN = 0"}},
		"writes by their entry": {func(k *talk) {
			k.asks(ldapMessage(1, ber(0x4a, []byte("cn=a"))), ldapMessage(2, ber(0x68, str("cn=b"), seq(seq(str("userPassword"), ber(0x31, str(secret)))))),
				ldapMessage(3, ber(0x66, str("cn=c"), seq())), ldapMessage(4, ber(0x6c, str("cn=d"), str("cn=e"), []byte{1, 1, 0})),
				ldapMessage(5, ber(0x6e, str("cn=f"), seq(str("userPassword"), str(secret)))))
			k.answers(result(1, 0x6b, 0, ""), result(2, 0x69, 0, ""), result(3, 0x67, 0, ""), result(4, 0x6d, 0, ""), result(5, 0x6f, 6, ""))
		}, []string{"1 del_response cn=a = 0", "2 add_response cn=b = 0", "3 modify_response cn=c = 0", "4 modify_dn_response cn=d = 0", "5 compare_response cn=f = 6"}},
		"a secret in a filter is left out": {func(k *talk) {
			k.asks(filtered(1, "userPassword", secret))
			k.answers(done(1, 0))
		}, []string{`1 search_result_done (userPassword=***) "dc=x" 0 = 0`}},
		"a search of the rootDSE as any other": {func(k *talk) {
			k.asks(searchRequest(1, "", 0))
			k.answers(done(1, 0))
		}, []string{`1 search_result_done (objectClass=*) "" 0 = 0`}},
		"octets that are no operation": {func(k *talk) {
			k.asks(simple(1, who, secret), ldapMessage(2, ber(0x60, str("x"))), unbind(3))
		}, []string{"3 unbind_request", "1 bind_request " + who}},
	} {
		k := newTalk(t, Config{Records: true}).open()
		c.say(k)
		got := k.records()
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		if strings.Contains(strings.Join(got, "\n"), secret) {
			t.Errorf("%s: a secret is recorded", name)
		}
		if k.e.recorder.waiting != 0 {
			t.Errorf("%s: %d wait for ever", name, k.e.recorder.waiting)
		}
	}
}

// TestARecordIsOfItsConnection looks at what is the same in all records of one.
func TestARecordIsOfItsConnection(t *testing.T) {
	k := newTalk(t, Config{Records: true}).open()
	opened := start.Add(time.Millisecond)
	k.asks(simple(1, who, secret))
	k.answers(bound(1, 0))
	k.asks(unbind(2))
	records, upTo := k.e.TakeRecords()
	if len(records) != 2 || upTo != k.p.Order {
		t.Fatalf("%d records up to %d", len(records), upTo)
	}
	for i := range records {
		r := &records[i]
		if !r.Opened.Equal(opened) || r.Client != k.client.AddrPort() || r.Server != k.serv.AddrPort() {
			t.Errorf("%+v", r)
		}
	}
	if r := &records[0]; !r.Time.Equal(start.Add(3*time.Millisecond)) || r.Order != 4 || r.Version != 3 || !r.Secret || r.Choice != ldap.Simple {
		t.Errorf("%+v", r)
	}
	if k.e.Recorded() != 0 {
		t.Error("records are told twice")
	}
}

func TestRecordsAreBounded(t *testing.T) {
	k := newTalk(t, Config{Records: true}).open()
	const more = 10
	for i := range maxPending + more {
		k.asks(seq([]byte{0x02, 2, byte(i >> 8 & 0x7f), byte(i)}, ber(0x63, str("dc=x"), enum(2), enum(0), integer(0), integer(0), []byte{1, 1, 0}, ctx(7, "cn"), seq())))
	}
	if k.e.Recorded() != more || k.e.recorder.waiting != maxPending || k.e.counts.Limits[LimitRecords] != more {
		t.Errorf("%d told, %d wait, the limit was reached %d times", k.e.Recorded(), k.e.recorder.waiting, k.e.counts.Limits[LimitRecords])
	}
	k.e.recorder.waiting = maxRecords // of other connections
	k.client.Port++
	k.open()
	before := k.e.Recorded()
	k.asks(simple(1, who, secret))
	if k.e.Recorded() != before+1 {
		t.Error("one too many is not told at once")
	}
}

func TestRecordsAreMadeOnRequest(t *testing.T) {
	k := newTalk(t, Config{}).open()
	k.asks(simple(1, who, secret), searchRequest(2, "dc=x", 2))
	k.answers(bound(1, 0))
	if words := k.records(); words != nil {
		t.Errorf("%q", words)
	}
}
