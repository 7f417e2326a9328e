package event2889

import (
	"net/netip"
	"regexp"
	"strings"
)

// english is the event's text, on lines or on one.
var english = regexp.MustCompile(`(?is)client ip address:\s*(\S+)\s+identity the client attempted to authenticate as:\s*(.*?)\s*binding type:\s*([01])(?:\s|$)`)

// readMessage reads the text of an event. In other languages the labels differ,
// and what stands behind them comes in the same order: address, identity, type.
func readMessage(text string) (client netip.Addr, identity string, kind Kind, ok bool) {
	if m := english.FindStringSubmatch(text); m != nil {
		if client, ok = address(m[1]); ok {
			kind, _ = kindOf(m[3])
			return client, m[2], kind, true
		}
	}
	values := behindLabels(text)
	for i, v := range values {
		if client, ok = withPort(v); !ok {
			continue
		}
		rest := values[i+1:]
		if len(rest) > 1 {
			if kind, ok = digit(rest[1]); ok {
				return client, rest[0], kind, true
			}
		}
		if len(rest) > 0 { // nobody: the line is empty
			if kind, ok = digit(rest[0]); ok {
				return client, "", kind, true
			}
		}
	}
	return netip.Addr{}, "", 0, false
}

// withPort reads an address that has a port, as the event writes it: nothing
// else in a text looks like that.
func withPort(s string) (netip.Addr, bool) {
	at, err := netip.ParseAddrPort(s)
	return at.Addr().Unmap().WithZone(""), err == nil
}

func digit(s string) (Kind, bool) {
	if s != "0" && s != "1" {
		return 0, false
	}
	return kindOf(s)
}

// behindLabels gives the lines of a text without their labels, which end in a
// colon.
func behindLabels(text string) (values []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if i := strings.LastIndex(line, ": "); i >= 0 {
			line = strings.TrimSpace(line[i+2:])
		}
		if line != "" && !strings.HasSuffix(line, ":") && !strings.HasSuffix(line, "：") {
			values = append(values, line)
		}
	}
	return values
}
