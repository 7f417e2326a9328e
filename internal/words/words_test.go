package words

import "testing"

func TestWords(t *testing.T) {
	for want, have := range map[string]string{
		"0": Number(0), "999": Number(999), "1,000": Number(1000), "1,234,567": Number(1234567), "18,446,744,073,709,551,615": Number(1<<64 - 1),
		"1 entry": Count(1, "entry", "entries"), "0 entries": Count(0, "entry", "entries"), "1,234 entries": Count(1234, "entry", "entries"),
		"0 B": Size(0), "999 B": Size(999), "1.0 kB": Size(1000), "999.7 kB": Size(999_700), "1.5 MB": Size(1_500_000),
		"2.0 GB": Size(2e9), "3.0 TB": Size(3e12), "4000.0 TB": Size(4e15),
	} {
		if have != want {
			t.Errorf("%s, want %s", have, want)
		}
	}
}
