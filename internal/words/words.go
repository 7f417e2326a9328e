// Package words puts figures into words for people, for the report and for the
// summary alike. Programs are given the figures themselves.
package words

import (
	"fmt"
	"strconv"
)

// Number sets the thousands apart.
func Number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Count says how many there are of what one and many are the names of.
func Count(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// Size gives octets in the unit that suits them.
func Size(octets uint64) string {
	units := []string{"kB", "MB", "GB", "TB"}
	n, i := float64(octets)/1000, 0
	if n < 1 {
		return fmt.Sprintf("%d B", octets)
	}
	for n >= 1000 && i < len(units)-1 {
		n, i = n/1000, i+1
	}
	return fmt.Sprintf("%.1f %s", n, units[i])
}
