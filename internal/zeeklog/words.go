package zeeklog

import (
	"github.com/clearbind/clearbind/decode/ldap"
	"github.com/clearbind/clearbind/detect"
)

// unknown is Zeek's word for whatever its tables lack.
const unknown = "unknown"

// opcode gives the operation, the same word for a request and its answer; binds
// are told apart by how they authenticate.
func opcode(r *detect.Record) string {
	switch r.Op {
	case ldap.BindRequest, ldap.BindResponse:
		return bindWord(r.Choice)
	case ldap.UnbindRequest:
		return "unbind"
	case ldap.ModifyRequest, ldap.ModifyResponse, ldap.ModifyDNRequest, ldap.ModifyDNResponse:
		return "modify"
	case ldap.AddRequest, ldap.AddResponse:
		return "add"
	case ldap.DelRequest, ldap.DelResponse:
		return "delete"
	case ldap.CompareRequest, ldap.CompareResponse:
		return "compare"
	case ldap.AbandonRequest:
		return "abandon"
	case ldap.ExtendedRequest, ldap.ExtendedResponse:
		return "extended"
	case ldap.IntermediateResponse:
		return "intermediate"
	default:
		return unknown
	}
}

func bindWord(c ldap.Choice) string {
	switch c {
	case ldap.Simple:
		return "bind simple"
	case ldap.SASL:
		return "bind SASL"
	case ldap.SicilyNegotiate:
		return "sicily_negotiate"
	case ldap.SicilyResponse:
		return "sicily_response"
	default: // the request was not seen, or is of a kind that nobody uses
		return "bind"
	}
}

var scopes = [...]string{ldap.ScopeBase: "base", ldap.ScopeOne: "single", ldap.ScopeSubtree: "tree"}

var derefs = [...]string{"never", "searching", "finding", "always"}

// word gives an entry of a table.
func word(table []string, i int) string {
	if i >= 0 && i < len(table) {
		return table[i]
	}
	return unknown
}

var extended = map[string]string{"1.3.6.1.4.1.1466.20037": "StartTLS", "1.3.6.1.4.1.4203.1.11.3": "whoami"}

func extendedWord(oid string) string {
	if w, ok := extended[oid]; ok {
		return w
	}
	return unknown
}

func resultWord(code int) string {
	if w, ok := results[code]; ok {
		return w
	}
	return unknown
}

var results = map[int]string{
	0: "success", 1: "operations error", 2: "protocol error", 3: "time limit exceeded", 4: "size limit exceeded",
	5: "compare false", 6: "compare true", 7: "auth method not supported", 8: "stronger auth required", 9: "partial results",
	10: "referral", 11: "admin limit exceeded", 12: "unavailable critical extension", 13: "confidentiality required",
	14: "SASL bind in progress", 16: "no such attribute", 17: "undefined attribute type", 18: "inappropriate matching",
	19: "constraint violation", 20: "attribute or value exists", 21: "invalid attribute syntax", 32: "no such object",
	33: "alias problem", 34: "invalid DN syntax", 36: "alias dereferencing problem", 48: "inappropriate authentication",
	49: "invalid credentials", 50: "insufficient access rights", 51: "busy", 52: "unavailable", 53: "unwilling to perform",
	54: "loop detect", 60: "sort control missing", 61: "offset range error", 64: "naming violation",
	65: "object class violation", 66: "not allowed on non-leaf", 67: "not allowed on RDN", 68: "entry already exists",
	69: "object class mods prohibited", 70: "results too large", 71: "affects multiple DSAs", 76: "control error",
	80: "other", 81: "server down", 82: "local error", 83: "encoding error", 84: "decoding error", 85: "timeout",
	86: "auth unknown", 87: "filter error", 88: "user canceled", 89: "param error", 90: "no memory", 91: "connect error",
	92: "not supported", 93: "control not found", 94: "no results returned", 95: "more results to return",
	96: "client loop", 97: "referral limit exceeded", 100: "invalid response", 101: "ambiguous response",
	112: "TLS not supported", 113: "intermediate response", 114: "unknown type", 115: "LCUP invalid data",
	116: "LCUP unsupported scheme", 117: "LCUP reload required", 118: "canceled", 119: "no such operation",
	120: "too late", 121: "cannot cancel", 122: "assertion failed", 123: "authorization denied",
}
