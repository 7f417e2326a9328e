package event2889

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// layouts are those in which exports write times. Those without a zone are taken
// for UTC: whose clock it was is not told.
var layouts = [...]string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05Z07:00",
	"1/2/2006 3:04:05 PM", "1/2/2006 15:04:05", "2.1.2006 15:04:05", "2/1/2006 15:04:05", "2-1-2006 15:04:05", "2006/1/2 15:04:05",
}

// dotNet is how ConvertTo-Json of Windows PowerShell writes a time: /Date(ms)/.
var dotNet = regexp.MustCompile(`^\\?/Date\((-?\d{1,15})[^)]*\)\\?/$`)

// readTime reads a time; zero: there is none that is understood.
func readTime(s string) time.Time {
	// PowerShell 7 puts a narrow blank before AM and PM.
	s = strings.TrimSpace(strings.NewReplacer("\u202f", " ", "\u200e", "").Replace(s))
	if m := dotNet.FindStringSubmatch(s); m != nil {
		ms, _ := strconv.ParseInt(m[1], 10, 64) // digits
		return time.UnixMilli(ms).UTC()
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
