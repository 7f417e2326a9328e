package report

import (
	"fmt"
	"time"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/words"
)

// timeline is what happened when: a bar for each stretch of time, stacked by
// protection.
type timeline struct {
	Width, Height int
	Bars          []stack
	Labels        []node
	Grid          []node
	Left, Base    int
	Step          string // of a bar, in words
	What          string // connections, or operations where none has ended
	Narrow        bool
}

// stack is a bar.
type stack struct {
	Title  string
	Parts  []part
	Marked bool // passwords were sent
	X, Y   int  // of the mark
}

// part is a protection's share of a bar.
type part struct {
	Class      string
	X, Y, W, H int
}

const (
	chartHeight = 200
	chartTop    = 26
	chartFoot   = 26
)

// chart draws the hours, as many together as fit the width.
func chart(hours []Hour, width int) timeline {
	t := timeline{Width: width, Height: chartHeight + chartTop + chartFoot, Left: 56, Base: chartTop + chartHeight, Narrow: width == narrow, What: "connections"}
	most := 96
	if t.Narrow {
		t.Left, most = 50, 24
	}
	if len(hours) == 0 {
		return t
	}
	bins, start, step := gatherHours(hours, most)
	count := func(b *Hour) ByProtection { return b.Connections }
	if empty(bins, count) {
		t.What, count = "operations", func(b *Hour) ByProtection { return b.Operations }
	}
	t.Step = stepWords(step)
	highest := uint64(1)
	for i := range bins {
		highest = max(highest, count(&bins[i]).Sum())
	}
	ceiling := nice(highest)
	slot := float64(width-t.Left-4) / float64(max(len(bins), 12))
	for i := range bins {
		t.Bars = append(t.Bars, t.stack(&bins[i], count(&bins[i]), ceiling, t.Left+int(float64(i)*slot), max(1, min(int(slot)-max(1, int(slot/6)), 48))))
	}
	for _, share := range []uint64{0, 1, 2} {
		if n := ceiling * share / 2; share != 1 || ceiling%2 == 0 {
			t.Grid = append(t.Grid, node{X: t.Left, Y: t.Base - int(share)*chartHeight/2, TextX: t.Left - 8, TextY: t.Base - int(share)*chartHeight/2 + 4, Text: words.Number(n), Anchor: "end"})
		}
	}
	t.label(start, step, len(bins), slot)
	return t
}

// stack places one bar at x.
func (t *timeline) stack(b *Hour, n ByProtection, ceiling uint64, x, w int) stack {
	s := stack{X: x + w/2, Marked: b.Passwords > 0}
	s.Title = fmt.Sprintf("%s UTC: %s in the clear, %s signed, %s sealed, %s TLS; %s", b.Start.Format("2006-01-02 15:04"),
		words.Number(n.None), words.Number(n.SASLSigned), words.Number(n.SASLSealed), words.Number(n.TLS), words.Count(b.Passwords, "password", "passwords"))
	y, below := t.Base, uint64(0)
	for p, n := range n.each() {
		below += n
		top := t.Base - int(below*chartHeight/ceiling)
		if n > 0 && top == y {
			top-- // to be seen at all
		}
		if top < y {
			s.Parts = append(s.Parts, part{protectionClass(detect.Protection(p).String()), x, top, w, y - top})
			y = top
		}
	}
	s.Y = y - 8
	return s
}

// label writes a few times under the bars.
func (t *timeline) label(start, step int64, bins int, slot float64) {
	format, room := "2 Jan 15:04", 120.0
	if step >= 24 {
		format = "2 Jan 2006"
	}
	if t.Narrow {
		room = 92
	}
	every := int(room/slot) + 1
	for i := 0; i < bins; i += every {
		x := t.Left + int(float64(i)*slot)
		if x > t.Width-80 {
			break
		}
		text := time.Unix((start+int64(i)*step)*3600, 0).UTC().Format(format)
		t.Labels = append(t.Labels, node{X: x, TextX: x, TextY: t.Base + 18, Text: text, Anchor: "start"})
	}
}

// gatherHours adds hours up so that there are at most so many stretches.
func gatherHours(hours []Hour, most int) (bins []Hour, start, step int64) {
	from, to := hours[0].Start.Unix()/3600, hours[len(hours)-1].Start.Unix()/3600
	steps := []int64{1, 3, 6, 12, 24, 7 * 24}
	for i := 0; ; i++ {
		if i < len(steps) {
			step = steps[i]
		} else {
			step *= 2
		}
		start = from - from%step
		if (to-start)/step < int64(most) {
			break
		}
	}
	bins = make([]Hour, (to-start)/step+1)
	for i := range bins {
		bins[i].Start = time.Unix((start+int64(i)*step)*3600, 0).UTC()
	}
	for _, h := range hours {
		b := &bins[(h.Start.Unix()/3600-start)/step]
		b.Connections.add(h.Connections)
		b.Operations.add(h.Operations)
		b.Passwords += h.Passwords
	}
	return bins, start, step
}

func empty(bins []Hour, count func(*Hour) ByProtection) bool {
	for i := range bins {
		if count(&bins[i]).Sum() > 0 {
			return false
		}
	}
	return true
}

// nice rounds up to 1, 2 or 5 times a power of ten.
func nice(n uint64) uint64 {
	for power := uint64(1); power < 1<<60; power *= 10 {
		for _, m := range []uint64{1, 2, 5} {
			if m*power >= n {
				return m * power
			}
		}
	}
	return n
}

func stepWords(step int64) string {
	switch {
	case step == 1:
		return "hour"
	case step < 24:
		return fmt.Sprintf("%d hours", step)
	case step == 24:
		return "day"
	}
	return fmt.Sprintf("%d days", step/24)
}
