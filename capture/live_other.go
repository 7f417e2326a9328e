//go:build !linux

package capture

import (
	"errors"
	"runtime"
)

var errNoLive = errors.New("watching an interface needs Linux, and this is " + runtime.GOOS + ": record with tcpdump -w and read the file, or pipe it in: tcpdump -U -w - | clearbind -")

// Live is a Source that only Linux has.
type Live struct{ Source }

// Links gives nothing.
func (*Live) Links() []Link { return nil }

// OpenLive gives an error that says what to do instead.
func OpenLive(LiveConfig) ([]*Live, error) { return nil, errNoLive }

// Interfaces gives the same error.
func Interfaces() ([]Interface, error) { return nil, errNoLive }
