package report

import "github.com/clearbind/clearbind/detect"

// plainAll never gives nil, so that JSON has a list.
func plainAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = detect.Plain(s)
	}
	return out
}

func plainKeys(counts map[string]uint64) map[string]uint64 {
	out := make(map[string]uint64, len(counts))
	for key, n := range counts {
		out[detect.Plain(key)] += n
	}
	return out
}
