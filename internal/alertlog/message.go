package alertlog

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/clearbind/clearbind/detect"
)

// Message says in one sentence what an alert tells.
func Message(a *detect.Alert) string {
	var b strings.Builder
	client, server := a.Client.Addr().String(), a.Server.String()
	if a.ClientTLS {
		client += " (by TLS up to " + a.Balancer.Addr().String() + ")"
	}
	switch a.Rule {
	case detect.CleartextBind, detect.CleartextSASL:
		fmt.Fprintf(&b, "%s sent the password of %s to %s %s", client, account(a.User), server, inWhat(a))
		if a.Rule == detect.CleartextSASL && a.Bind != nil {
			fmt.Fprintf(&b, " (SASL %s)", a.Bind.Mechanism)
		}
		b.WriteString(answer(a))
	case detect.CleartextRefused:
		fmt.Fprintf(&b, "%s sent a password for %s to %s %s, which demands protection", client, account(a.User), server, inWhat(a))
		if a.Result != nil {
			fmt.Fprintf(&b, " (%s)", a.Result.Name)
		}
		b.WriteString("; the password was exposed all the same")
	case detect.StartTLSFallback:
		fmt.Fprintf(&b, "%s asked %s for StartTLS, did not get it and went on in the clear%s", client, server, as(a))
	case detect.LateStartTLS:
		fmt.Fprintf(&b, "%s started TLS with %s only after it had sent the password of %s in the clear", client, server, account(a.User))
	case detect.CleartextPasswordChange:
		fmt.Fprintf(&b, "%s set a password%s on %s %s%s%s", client, of(a), server, inWhat(a), as(a), answer(a))
	case detect.CleartextCompare:
		fmt.Fprintf(&b, "%s compared a password attribute%s on %s %s%s", client, of(a), server, inWhat(a), as(a))
	case detect.SecretReturned:
		fmt.Fprintf(&b, "%s returned a secret%s%s to %s %s%s", server, attribute(a), of(a), client, inWhat(a), as(a))
	case detect.CleartextSearch:
		fmt.Fprintf(&b, "%s searched %s on %s %s%s", client, base(a), server, inWhat(a), as(a))
	case detect.SecretRequested:
		fmt.Fprintf(&b, "%s asked %s for a secret attribute %s%s", client, server, inWhat(a), as(a))
	case detect.CleartextWrite:
		fmt.Fprintf(&b, "%s changed%s on %s %s%s%s", client, entry(a), server, inWhat(a), as(a), answer(a))
	case detect.CrackableExchange:
		fmt.Fprintf(&b, "%s logged in to %s by %s without TLS: the password of %s can be guessed off-line", client, server, mechanism(a), account(a.User))
	case detect.UnsignedSASL:
		fmt.Fprintf(&b, "%s went on with %s after its SASL login without signing or sealing%s", client, server, as(a))
	case detect.SignedNotSealed:
		fmt.Fprintf(&b, "%s and %s sign what they say but do not seal it: it is readable%s", client, server, as(a))
	case detect.UnauthenticatedBind:
		fmt.Fprintf(&b, "%s sent %s to %s with an empty password%s", client, account(a.User), server, answer(a))
	case detect.AnonymousBind:
		fmt.Fprintf(&b, "%s uses %s anonymously for more than the rootDSE", client, server)
	case detect.PlaintextOnTLSPort:
		fmt.Fprintf(&b, "%s speaks LDAP in the clear with %s, an LDAPS port", client, server)
	case detect.LegacyLDAPv2:
		fmt.Fprintf(&b, "%s sent an LDAPv2 bind%s to %s", client, forUser(a), server)
	case detect.InternetExposure:
		fmt.Fprintf(&b, "%s and %s speak LDAP in the clear over the Internet%s", client, server, as(a))
	case detect.WeakTLS:
		fmt.Fprintf(&b, "%s and %s speak LDAP over %s", client, server, a.TLSVersion)
	case detect.PasswordGuessing:
		fmt.Fprintf(&b, "%s was refused by %s %d times in 5 minutes for %s%s", client, server, a.Refused, account(a.User), found(a))
	case detect.PasswordSpraying:
		fmt.Fprintf(&b, "%s was refused by %s for %d names in 5 minutes%s", client, server, a.Names, found(a))
	case detect.DirectoryRecon:
		fmt.Fprintf(&b, "%s asked %s what reconnaissance tools ask (%s)%s", client, server, a.Pattern, as(a))
	case detect.CLDAPAmplification:
		fmt.Fprintf(&b, "%s sends large CLDAP answers to %s on the Internet", server, client)
	default:
		fmt.Fprintf(&b, "%s and %s: %s", client, server, a.Rule.Rule().Name)
	}
	if a.Held {
		fmt.Fprintf(&b, " (%d more until %s)", a.Count, a.Until.UTC().Format("2006-01-02 15:04:05"))
	}
	return b.String()
}

func account(name string) string {
	if name == "" {
		return "an account not named"
	}
	return name
}

// inWhat says how readable it was.
func inWhat(a *detect.Alert) string {
	if a.Protection == detect.SASLSigned {
		return "signed but readable"
	}
	return "in the clear"
}

func as(a *detect.Alert) string {
	if a.User == "" {
		return ""
	}
	return " as " + a.User
}

func forUser(a *detect.Alert) string {
	if a.User == "" {
		return ""
	}
	return " for " + a.User
}

func of(a *detect.Alert) string {
	if a.Entry == nil || a.Entry.DN == "" {
		return ""
	}
	return " of " + a.Entry.DN
}

func entry(a *detect.Alert) string {
	if a.Entry == nil || a.Entry.DN == "" {
		return " an entry"
	}
	return " " + a.Entry.DN
}

func attribute(a *detect.Alert) string {
	if a.Entry == nil || len(a.Entry.Attributes) == 0 {
		return ""
	}
	return " (" + a.Entry.Attributes[0] + ")"
}

func base(a *detect.Alert) string {
	if a.Search == nil || a.Search.Base == "" {
		return "the whole directory"
	}
	return a.Search.Base
}

func mechanism(a *detect.Alert) string {
	if a.Bind == nil || a.Bind.Mechanism == "" {
		return "a challenge and response"
	}
	return a.Bind.Mechanism
}

// found says whose password was found in the end.
func found(a *detect.Alert) string {
	switch {
	case a.Outcome != detect.Success:
		return ""
	case a.Rule == detect.PasswordGuessing:
		return ", and then accepted"
	}
	return ", and then accepted for " + account(a.User)
}

// answer says what the server made of it.
func answer(a *detect.Alert) string {
	switch a.Outcome {
	case detect.Success:
		return "; the server accepted it"
	case detect.Failure:
		reason := ""
		if a.Result != nil {
			if a.Result.Untried {
				return "; the server did not try it (" + a.Result.Name + ")"
			}
			reason = cmp.Or(a.Result.ADReason, a.Result.Policy, a.Result.Name)
		}
		if reason != "" {
			return "; the server refused it (" + reason + ")"
		}
		return "; the server refused it"
	default:
		return "; no answer was seen"
	}
}
