package decode

// Reason is why a frame gave no segment.
type Reason uint8

// OK, or why there is no segment.
const (
	OK           Reason = iota // it gave one
	UnknownLink                // a link type that is not read
	NotIP                      // ARP, LLDP and the like
	NotTransport               // IP, but neither TCP nor UDP
	Truncated                  // cut short before its transport header was whole
	BadHeader                  // a header that contradicts itself
	Fragment                   // a part of a datagram whose other parts are not there yet
	TooDeep                    // more headers around each other than anybody wraps
	NumReasons
)

var reasonNames = [NumReasons]string{"ok", "unknown_link", "not_ip", "not_transport", "truncated", "bad_header", "fragment", "too_deep"}

// String gives the name used as a metric's label.
func (r Reason) String() string { return reasonNames[r] }
