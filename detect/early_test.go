package detect

import (
	"slices"
	"testing"

	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/decode/ldap"
)

// ahead sends an answer that the capture shows before the request it answers.
func (k *talk) ahead(request, answer []byte) {
	sent := k.seq[0]
	k.seq[0] += uint32(len(request))
	k.answers(answer)
	k.seq[0] = sent
	k.segment(0, decode.ACK|decode.PSH, request)
}

func TestAnswersShownBeforeTheirRequests(t *testing.T) {
	for name, c := range map[string]struct {
		play func(k *talk)
		want []string
	}{
		"a bind and a search": {func(k *talk) {
			k.ahead(simple(1, who, secret), bound(1, 0))
			k.ahead(searchRequest(2, "dc=x", 2), slices.Concat(entry(2, "cn=a,dc=x", "cn"), entry(2, "cn=b,dc=x", "cn"), done(2, 0)))
		}, []string{"cleartext-bind success " + who, "cleartext-search success " + who}},
		"a search whose entries go on behind it": {func(k *talk) {
			k.ahead(searchRequest(2, "dc=x", 2), entry(2, "cn=a,dc=x", "cn"))
			k.answers(entry(2, "cn=b,dc=x", "cn"), done(2, 0))
		}, []string{"cleartext-search success "}},
		"a refusal": {func(k *talk) {
			k.ahead(simple(1, who, secret), result(1, 0x61, 49, "80090308: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 533, v4563"))
		}, []string{"cleartext-bind failure " + who}},
		"StartTLS": {func(k *talk) {
			k.ahead(extended(1, ldap.OIDStartTLS), result(1, 0x78, 2, ""))
			k.ahead(simple(2, who, secret), bound(2, 0))
		}, []string{"cleartext-bind success " + who, "starttls-fallback success " + who}},
		"an exchange of two steps": {func(k *talk) {
			k.ahead(saslBind(1, "CRAM-MD5", nil), bound(1, 14))
			k.ahead(saslBind(2, "CRAM-MD5", []byte("app 0123456789abcdef0123456789abcdef")), bound(2, 0))
			k.ahead(searchRequest(3, "dc=x", 2), done(3, 0))
		}, []string{"crackable-exchange success app", "unsigned-sasl unknown app", "cleartext-search success app"}},
		"a password that the server made": {func(k *talk) {
			k.ahead(extended(1, ldap.OIDPasswordModify), ldapMessage(1, ber(0x78, enum(0), str(""), str(""), ctx(11, string(seq(ctx(0, secret)))))))
		}, []string{"cleartext-password-change success ", "secret-returned success "}},
		"an answer whose request was lost is none to the next one of that ID": {func(k *talk) {
			k.drops(0, len(simple(1, who, secret)))
			k.answers(bound(1, 0))
			k.asks(simple(1, who, secret))
		}, []string{"cleartext-bind unknown " + who}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{}).open()
			c.play(k)
			got := []string{}
			for _, a := range k.end() {
				got = append(got, a.Rule.String()+" "+a.Outcome.String()+" "+a.User)
				if a.Rule == CleartextSearch && name != "an exchange of two steps" && a.Search.Entries != 2 {
					t.Errorf("%d entries, want 2", a.Search.Entries)
				}
				if a.Result != nil && a.Result.Code == 49 && !a.Right {
					t.Error("the reason in the diagnostic was lost")
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("told %q, want %q", got, c.want)
			}
		})
	}
}
