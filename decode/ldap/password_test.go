package ldap

import (
	"fmt"
	"reflect"
	"testing"
)

func ad(data string) []byte {
	return []byte("80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data " + data + ", v3839\x00")
}

func TestPasswordOfAResult(t *testing.T) {
	names := map[Password]string{PasswordRefused: "refused", PasswordRight: "right", PasswordUntried: "untried"}
	for want, results := range map[Password][]Result{
		PasswordRight: {
			{}, {Code: InvalidCredentials, Diagnostic: ad("533")}, {Code: InvalidCredentials, Diagnostic: ad("773")},
			{Code: InvalidCredentials, Policy: PolicyExpired}, {Code: 53, Policy: PolicyMustChange},
		},
		PasswordRefused: {
			{Code: InvalidCredentials}, {Code: InvalidCredentials, Diagnostic: ad("52e")}, {Code: InvalidCredentials, Policy: PolicyLocked},
			{Code: StrongerAuthRequired}, {Code: ConfidentialityRequired}, {Code: 32}, {Code: 53}, {Code: 4711},
		},
		PasswordUntried: {{Code: 2}, {Code: 10}, {Code: 51}, {Code: 52}, {Code: 80}},
	} {
		for _, r := range results {
			if got := r.Password(); got != want {
				t.Errorf("%d %s %s: %s, want %s", r.Code, r.Diagnostic, r.Policy, names[got], names[want])
			}
		}
	}
}

func TestPasswordPolicy(t *testing.T) {
	answer := func(oid string, value ...[]byte) []byte {
		return elem(tagControls, list(append([][]byte{str(oid)}, value...)...))
	}
	policy := func(parts ...[]byte) []byte { return answer(oidPasswordPolicy, str(string(list(parts...)))) }
	for name, c := range map[string]struct {
		rest []byte
		want Policy
		say  string
	}{
		"no control":                   {nil, 0, ""},
		"another control":              {answer(oidPaged, str(string(list(integer(1), str(""))))), 0, ""},
		"no value":                     {answer(oidPasswordPolicy), 0, ""},
		"neither warning nor error":    {policy(), 0, ""},
		"a warning":                    {policy(elem(0xa0, in(0, "\x05"))), 0, ""},
		"expired":                      {policy(in(1, "\x00")), PolicyExpired, "password expired"},
		"locked":                       {policy(in(1, "\x01")), PolicyLocked, "account locked out"},
		"reset, with a warning before": {policy(elem(0xa0, in(1, "\x02")), in(1, "\x02")), PolicyMustChange, "password must be changed"},
		"an error of a change":         {policy(in(1, "\x08")), 9, "password used before"},
		"one the draft does not know":  {policy(in(1, "\x09")), 0, ""},
		"Netscape's":                   {answer(oidPasswordExpired, str("0")), PolicyExpired, "password expired"},
		"both": {elem(tagControls, list(str(oidPasswordExpired), str("0")), list(str(oidPasswordPolicy), str(string(list(in(1, "\x02")))))),
			PolicyMustChange, "password must be changed"},
	} {
		if got := PasswordPolicy(c.rest); got != c.want || got.String() != c.say {
			t.Errorf("%s: %d %q, want %d %q", name, got, got, c.want, c.say)
		}
	}
}

func TestVerifyCredentials(t *testing.T) {
	simple := in(0, password)
	plain := elem(0xa3, str("PLAIN"), str("\x00app\x00"+password))
	for name, c := range map[string]struct {
		value []byte
		want  Bind
		ok    bool
	}{
		"as libldap writes it": {list(integer(3), str("cn=app"), simple), Bind{Version: 3, Name: []byte("cn=app"), Choice: Simple, SecretLen: len(password)}, true},
		"as lloadd writes it":  {list(str("cn=app"), simple), Bind{Version: 3, Name: []byte("cn=app"), Choice: Simple, SecretLen: len(password)}, true},
		"SASL with a cookie": {list(in(0, "c00kie"), integer(3), str(""), plain),
			Bind{Version: 3, Name: []byte{}, Choice: SASL, Mechanism: []byte("PLAIN"), HasCredentials: true, Credentials: []byte("\x00app\x00" + password)}, true},
		"no choice":      {list(str("cn=app")), Bind{Version: 3, Name: []byte("cn=app")}, true},
		"nothing":        {nil, Bind{}, false},
		"no name":        {list(integer(3)), Bind{}, false},
		"something else": {[]byte("dn:cn=app"), Bind{}, false},
	} {
		if got, ok := ParseVerifyCredentials(c.value); ok != c.ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %v, want %+v %v", name, got, ok, c.want, c.ok)
		}
	}
	for name, c := range map[string]struct {
		value []byte
		want  *Result
	}{
		"refused":          {list(enum(49), str("no")), &Result{Code: 49, Diagnostic: []byte("no")}},
		"as an INTEGER":    {list(integer(0), str("")), &Result{Diagnostic: []byte{}}},
		"with a matchedDN": {list(enum(49), str("dc=x"), str("no")), &Result{Code: 49, Diagnostic: []byte("no")}},
		"whoami":           {[]byte("dn:cn=app"), nil},
		"a password made":  {list(in(0, password)), nil},
		"nothing":          {nil, nil},
	} {
		res, _ := ParseResult(ExtendedResponse, body(enum(0), str(""), str(""), in(11, string(c.value))))
		if !reflect.DeepEqual(res.Verified, c.want) {
			t.Errorf("%s: %+v, want %+v", name, res.Verified, c.want)
		}
	}
}

func TestNMAS(t *testing.T) {
	for value, want := range map[string]string{
		string(list(integer(1), str("cn=app,o=x\x00"), str(password), str(password))): "cn=app,o=x",
		string(list(integer(1), str("cn=app"))):                                       "cn=app",
		string(list(str(password), str(password))):                                    "", // whose it is was left out
		string(list(integer(1))):                                                      "",
		"":                                                                            "",
	} {
		if got := ParseNMAS([]byte(value)); string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for i, c := range []struct {
		value []byte
		want  bool
	}{
		{list(integer(1), integer(0), str(password)), true}, {list(integer(1), integer(0), str("")), false}, {list(integer(1), integer(0)), false},
		{list(in(0, password)), true}, {list(), false}, {nil, false},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if ReturnsPassword(c.value) != c.want {
				t.Errorf("a password: %v", !c.want)
			}
		})
	}
}
