package main

import (
	"testing"
	"time"
)

func TestBar(t *testing.T) {
	for _, c := range []struct {
		name        string
		read, total int64
		took        time.Duration
		want        string
	}{
		{"half of it", 50e6, 100e6, 2 * time.Second, "[███████████████···············]  50 %  50.0 MB of 100.0 MB, 25.0 MB/s, 2s left"},
		{"nothing yet", 0, 100e6, time.Second, "[······························]   0 %  0 B of 100.0 MB, 0 B/s, – left"},
		{"all of it", 2e9, 2e9, 4 * time.Second, "[██████████████████████████████] 100 %  2.0 GB of 2.0 GB, 500.0 MB/s, 0s left"},
		{"a pipe, whose end nobody knows", 1500, 0, time.Second, "1.5 kB read, 1.5 kB/s"},
		{"terabytes", 3e12, 0, 1000 * time.Second, "3.0 TB read, 3.0 GB/s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if have := bar(c.read, c.total, c.took); have != c.want {
				t.Errorf("\n%s\nwant\n%s", have, c.want)
			}
		})
	}
}
