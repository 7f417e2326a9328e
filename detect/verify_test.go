package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/decode/ldap"
)

// operation is an extended request with a value, and answer what it is answered with.
func operation(id byte, oid string, value []byte) []byte {
	return ldapMessage(id, ber(0x77, ctx(0, oid), ctx(1, string(value))))
}

func answer(id, code byte, value []byte) []byte {
	return ldapMessage(id, ber(0x78, enum(code), str(""), str(""), ctx(11, string(value))))
}

func TestPasswordsInExtendedOperations(t *testing.T) {
	verify := func(auth []byte) []byte {
		return operation(2, ldap.OIDVerifyCredentials, seq(integer(3), str(who), auth))
	}
	nmas := func(oid string, passwords ...[]byte) []byte {
		return operation(2, oid, seq(slices.Concat(integer(1), str("cn=eve,o=x\x00"), slices.Concat(passwords...))))
	}
	for name, c := range map[string]struct {
		talk func(k *talk)
		want []string
	}{
		"verified": {func(k *talk) {
			k.asks(verify(ctx(0, secret)))
			k.answers(answer(2, 0, seq(enum(0), str(""))))
		}, []string{"cleartext-bind critical success true " + who + " extended_request"}},
		"not verified": {func(k *talk) {
			k.asks(verify(ctx(0, secret)))
			k.answers(answer(2, 0, seq(enum(49), str(""))))
		}, []string{"cleartext-bind high failure false " + who + " extended_request"}},
		"an operation nobody knows": {func(k *talk) {
			k.asks(verify(ctx(0, secret)))
			k.answers(result(2, 0x78, 2, "unsupported extended operation"))
		}, []string{"cleartext-bind critical failure false " + who + " extended_request"}},
		"not answered": {func(k *talk) {
			k.asks(verify(ctx(0, secret)))
		}, []string{"cleartext-bind critical unknown false " + who + " extended_request"}},
		"answered before it was asked": {func(k *talk) {
			k.ahead(verify(ctx(0, secret)), answer(2, 0, seq(enum(49), str("80090308: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 533, v4563"))))
		}, []string{"cleartext-bind critical failure true " + who + " extended_request"}},
		"by PLAIN": {func(k *talk) {
			k.asks(verify(ber(0xa3, str("PLAIN"), str("\x00app\x00"+secret))))
			k.answers(answer(2, 0, seq(enum(0), str(""))))
		}, []string{"cleartext-sasl critical success true app extended_request"}},
		"by an answer of LOGIN, which may be a name or the password": {func(k *talk) {
			for range sprayCount {
				k.asks(verify(ber(0xa3, str("LOGIN"), str(secret))))
				k.answers(answer(2, 0, seq(enum(49), str(""))))
			}
		}, append(slices.Repeat([]string{"cleartext-sasl high failure false " + who + " extended_request"}, sprayCount),
			"password-guessing high failure false "+who+" extended_response")},
		"an empty password that is accepted after guesses": {func(k *talk) {
			for range guessCount {
				k.asks(verify(ctx(0, secret)))
				k.answers(answer(2, 0, seq(enum(49), str(""))))
			}
			k.asks(verify(ctx(0, "")))
			k.answers(answer(2, 0, seq(enum(0), str(""))))
		}, append(slices.Repeat([]string{"cleartext-bind high failure false " + who + " extended_request"}, guessCount),
			"password-guessing high failure false "+who+" extended_response")},
		"before StartTLS": {func(k *talk) {
			k.asks(verify(ctx(0, secret)))
			k.answers(answer(2, 0, seq(enum(0), str(""))))
			k.asks(extended(3, ldap.OIDStartTLS))
			k.answers(result(3, 0x78, 0, ""))
		}, []string{"cleartext-bind critical success true " + who + " extended_request", "late-starttls high success false " + who + " extended_request"}},
		"the connection stays whose it was": {func(k *talk) {
			k.asks(verify(ctx(0, secret)))
			k.answers(answer(2, 0, seq(enum(0), str(""))))
			k.asks(searchRequest(3, "dc=x", 2))
		}, []string{"cleartext-bind critical success true " + who + " extended_request", "cleartext-search medium unknown false  search_request"}},
		"an empty password, and a challenge": {func(k *talk) {
			k.asks(verify(ctx(0, "")), verify(ber(0xa3, str("CRAM-MD5"))))
		}, []string{}},
		"a universal password that is set": {func(k *talk) {
			k.asks(nmas(ldap.OIDSetPassword, str(secret), str(secret)))
			k.answers(answer(2, 0, seq(integer(1), integer(0))))
		}, []string{"cleartext-password-change critical success true cn=eve,o=x extended_request"}},
		"changed": {func(k *talk) {
			k.asks(nmas(ldap.OIDChangePassword, str(secret), str(secret)))
		}, []string{"cleartext-password-change critical unknown false cn=eve,o=x extended_request"}},
		"and got": {func(k *talk) {
			k.asks(nmas(ldap.OIDGetPassword))
			k.answers(answer(2, 0, seq(integer(1), integer(0), str(secret))))
		}, []string{"secret-returned critical success false cn=eve,o=x extended_response"}},
		"or not": {func(k *talk) {
			k.asks(nmas(ldap.OIDGetPassword))
			k.answers(answer(2, 0, seq(integer(1), []byte{2, 2, 0xf9, 0x85}, str(""))))
		}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{}).open()
			c.talk(k)
			got := []string{}
			for _, a := range k.end() {
				about := a.User
				if a.Entry != nil {
					about = a.Entry.DN
				}
				if strings.Contains(fmt.Sprintf("%+v %+v", a, a.Bind), secret) {
					t.Errorf("a secret in %+v", a)
				}
				got = append(got, fmt.Sprintf("%s %s %s %v %s %s", a.Rule, a.Severity, a.Outcome, a.Right, about, a.Operation))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("told\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

// What a server says of a password decides how bad its exposure is.
func TestWhatAnAnswerSaysOfThePassword(t *testing.T) {
	policy := func(id, code, fault byte) []byte {
		value := seq([]byte{0x81, 1, fault})
		return seq(integer(id), ber(0x61, enum(code), str(""), str("")), ber(0xa0, seq(str("1.3.6.1.4.1.42.2.27.8.5.1"), str(string(value)))))
	}
	for name, c := range map[string]struct {
		answer   []byte
		severity Severity
		right    bool
		want     Result
	}{
		"wrong":   {bound(1, 49), High, false, Result{Code: 49, Name: "invalidCredentials"}},
		"expired": {policy(1, 49, 0), Critical, true, Result{Code: 49, Name: "invalidCredentials", Policy: "password expired"}},
		"locked":  {policy(1, 49, 1), High, false, Result{Code: 49, Name: "invalidCredentials", Policy: "account locked out"}},
		"reset":   {policy(1, 0, 2), Critical, true, Result{Name: "success", Policy: "password must be changed"}},
		"busy":    {bound(1, 51), Critical, false, Result{Code: 51, Name: "busy", Untried: true}},
		"demands": {bound(1, 13), High, false, Result{Code: 13, Name: "confidentialityRequired"}},
	} {
		for _, early := range []bool{false, true} {
			t.Run(fmt.Sprint(name, early), func(t *testing.T) {
				k := newTalk(t, Config{}).open()
				if early {
					k.ahead(simple(1, who, secret), c.answer)
				} else {
					k.asks(simple(1, who, secret))
					k.answers(c.answer)
				}
				alerts := k.end()
				if a := alerts[0]; a.Rule != CleartextBind || a.Severity != c.severity || a.Right != c.right || a.Result == nil || *a.Result != c.want {
					t.Errorf("%s %s right=%v %+v, want %s right=%v %+v", a.Rule, a.Severity, a.Right, a.Result, c.severity, c.right, c.want)
				}
			})
		}
	}
}
