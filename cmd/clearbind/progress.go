package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/internal/words"
	"golang.org/x/term"
)

// progress draws a bar while files are read. It is silent where stderr is no
// terminal, and for what takes less than a second.
type progress struct {
	end  chan struct{}
	wait sync.WaitGroup
}

func startProgress(stderr *os.File, src *capture.Sequence) *progress {
	p := &progress{end: make(chan struct{})}
	if term.IsTerminal(int(stderr.Fd())) {
		// Looks at the source's counter four times a second, until stop.
		p.wait.Go(func() { p.draw(stderr, src) })
	}
	return p
}

func (p *progress) stop() {
	close(p.end)
	p.wait.Wait()
}

func (p *progress) draw(stderr *os.File, src *capture.Sequence) {
	begin, drawn := time.Now(), false
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-p.end:
			if drawn {
				say(stderr, "\r\x1b[K")
			}
			return
		case now := <-ticker.C:
			if took := now.Sub(begin); took >= time.Second {
				read, total := src.Progress()
				say(stderr, "\r\x1b[K%s", bar(read, total, took))
				drawn = true
			}
		}
	}
}

// bar gives the line: how much is done, how fast, how long it will still take.
func bar(read, total int64, took time.Duration) string {
	rate := float64(read) / took.Seconds()
	if total <= 0 || read > total {
		return fmt.Sprintf("%s read, %s/s", words.Size(uint64(read)), words.Size(uint64(rate)))
	}
	const width = 30
	full := int(width * read / total)
	left := "–"
	if rate > 0 {
		left = time.Duration(float64(total-read) / rate * float64(time.Second)).Round(time.Second).String()
	}
	return fmt.Sprintf("[%s%s] %3d %%  %s of %s, %s/s, %s left", strings.Repeat("█", full), strings.Repeat("·", width-full),
		100*read/total, words.Size(uint64(read)), words.Size(uint64(total)), words.Size(uint64(rate)), left)
}
