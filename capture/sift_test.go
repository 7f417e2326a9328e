package capture

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// TestSiftTellsWhatItPassesOver routes each frame of a file and wants what was
// passed over to be told before the next one that came, and at the end.
func TestSiftTellsWhatItPassesOver(t *testing.T) {
	const n = 3_000
	to := func(i int) int { return []int{0, ToNone, ToAll, ToNone, ToNone}[i%5] }
	for last := n - 5; last < n; last++ { // it is wanted or not
		i := 0
		src := Sift(OpenFiles([]string{inFile(t, "sifted.pcap", numbered(last+1))}), func(*Frame) int { i++; return to(i - 1) })
		var f Frame
		for next := 0; ; next++ {
			err := src.Next(&f)
			var left Left
			for ; next <= last && to(next) == ToNone; next++ {
				left.add(&Frame{Time: at(int64(next), 0), Data: number(next)})
			}
			if *src.Left() != left {
				t.Fatalf("before frame %d %+v was left out, want %+v", next+1, *src.Left(), left)
			}
			if errors.Is(err, io.EOF) {
				if stats, err := src.Stats(); next != last+1 || err != nil || stats.Frames != uint64(next) {
					t.Errorf("the end came after %d frames of %d; %+v, %v", next, last+1, stats, err)
				}
				break
			}
			if err != nil || f.Number != uint64(next)+1 || !bytes.Equal(f.Data, number(next)) || src.Chosen() != (to(next) == 0) {
				t.Fatalf("frame %d came, chosen: %v; %v, want %d", f.Number, src.Chosen(), err, next+1)
			}
		}
		must(t, src.Close())
	}
}
