package detect

import "time"

// Clock is packet time, the latest of all frames up to now, which goes in steps
// of 10 ms: so exactly do waits end. The zero Clock has seen no frame.
type Clock struct {
	now, next int64 // ns since 1970
	running   bool
}

const clockStep = int64(10 * time.Millisecond)

// Step takes a frame's time and says whether a step is over, so that an Engine
// looks at what waits. Workers that share frames must all be shown each frame
// for which it says so, and no two of them in another order.
func (c *Clock) Step(at time.Time) bool {
	if t := at.UnixNano(); t > c.now || !c.running {
		c.now = t
	}
	if c.running && c.now < c.next {
		return false
	}
	c.running, c.next = true, c.now+clockStep
	return true
}
