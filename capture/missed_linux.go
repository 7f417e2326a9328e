package capture

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// missed adds up what the card of an interface lost before the kernel saw it:
// no socket counts that.
type missed struct {
	file string // where the card's own total is
	last uint64 // of that total
	sum  uint64 // since the file was named
}

// cardMissed begins with what there is in root, which is /sys/class/net.
func cardMissed(root, name string) missed {
	m := missed{file: filepath.Join(root, name, "statistics", "rx_missed_errors")}
	m.last, _ = m.read()
	return m
}

// count reads the total. A card that came back begins at 0. What has no such
// file (/sys is not there, or that of another network namespace; "any") loses
// nothing that could be told.
func (m *missed) count() uint64 {
	now, ok := m.read()
	switch {
	case !ok:
		return m.sum
	case now < m.last:
		m.sum += now
	default:
		m.sum += now - m.last
	}
	m.last = now
	return m.sum
}

func (m *missed) read() (n uint64, ok bool) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}
