package detect

import "net/netip"

// notInternet are blocks that netip takes for global unicast and that are not
// reachable from the Internet (IANA special-purpose registries).
var notInternet = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),   // RFC 6598: shared by carriers
	netip.MustParsePrefix("192.0.0.0/24"),    // RFC 6890
	netip.MustParsePrefix("192.0.2.0/24"),    // RFC 5737: documentation
	netip.MustParsePrefix("198.18.0.0/15"),   // RFC 2544: benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // RFC 5737
	netip.MustParsePrefix("203.0.113.0/24"),  // RFC 5737
	netip.MustParsePrefix("240.0.0.0/4"),     // RFC 1112
	netip.MustParsePrefix("2001:db8::/32"),   // RFC 3849: documentation
	netip.MustParsePrefix("3fff::/20"),       // RFC 9637
	netip.MustParsePrefix("100::/64"),        // RFC 6666: discard
}

// routable says whether an address is one of the Internet's.
func routable(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, block := range notInternet {
		if block.Contains(a) {
			return false
		}
	}
	return true
}

// internet tells of a connection in the clear with a peer on the Internet, once.
func (e *Engine) internet(s *session, m *message) {
	if s.internetSeen {
		return
	}
	s.internetSeen = true
	client, server := s.ends()
	if routable(client.AddrPort().Addr()) || routable(server.AddrPort().Addr()) {
		e.tell(e.alert(s, InternetExposure, m))
	}
}

// Amplification is told by answers over UDP of this size and growth: a DC
// locator's answer is smaller, and seldom leaves the site.
const (
	amplifiedSize   = 512 // octets
	amplifiedFactor = 5
)

// amplified looks at a CLDAP answer.
func (e *Engine) amplified(s *session, size int) {
	s.answered += size
	client, _ := s.ends()
	if s.amplifyTold || s.asked == 0 || s.answered < amplifiedSize || s.answered < amplifiedFactor*s.asked || !routable(client.AddrPort().Addr()) {
		return
	}
	s.amplifyTold = true
	e.readDatagram()
	e.tell(e.alert(s, CLDAPAmplification, &message{}))
}
