package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clearbind/clearbind/detect"
)

// Day is a day of packet time, in days since 1970, UTC.
type Day int64

// DayOf gives the day of a time.
func DayOf(t time.Time) Day {
	s := t.Unix()
	if s < 0 {
		s -= secondsOfDay - 1
	}
	return Day(s / secondsOfDay)
}

const secondsOfDay = 24 * 60 * 60

// Start gives its first moment.
func (d Day) Start() time.Time { return time.Unix(int64(d)*secondsOfDay, 0).UTC() }

// String gives YYYY-MM-DD.
func (d Day) String() string { return clamp(d.Start()).Format(time.DateOnly) }

// timeLayout has always the same length: as text, times sort by time.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// stamp writes a time; "": the zero one.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return clamp(t).Format(timeLayout)
}

// clamp keeps years to four digits: captures may say anything.
func clamp(t time.Time) time.Time {
	t = t.UTC()
	if t.Year() > 9999 || t.Year() < 1 {
		return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	return t
}

// unstamp reads it; what is no time is not known.
func unstamp(s string) time.Time {
	t, err := time.Parse(timeLayout, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// maxText bounds a name that is part of a key: PostgreSQL refuses larger keys
// than a third of a page, and the names are whatever somebody sends.
const maxText = 1000

// name gives a name as it is stored: valid UTF-8 without NUL, and of the longest
// the start with a hash of all of it, so that two stay two.
func name(s string) string {
	s = text(s)
	if len(s) <= maxText {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:maxText-40], "") + "…" + hex.EncodeToString(sum[:16])
}

// text gives a string as databases take it. Strings of detect are like that; a
// database that refused one would refuse all that is written with it.
func text(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", `\00`)
}

// queryID names a query in keys: filters may be longer than those.
func queryID(key detect.QueryKey) string {
	sum := sha256.Sum256([]byte(key.Scope + "\x00" + key.Filter))
	return hex.EncodeToString(sum[:16])
}

// number gives a count as SQL has it.
func number(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

func count(n int64) uint64 { return uint64(max(n, 0)) }

// address reads an address; what is none is the zero one.
func address(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a
}
