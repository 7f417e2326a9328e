package main

import "github.com/clearbind/clearbind/detect"

// Limits of the whole program, dealt out to its workers: what it may take of a
// host's memory must not grow with the host's processors.
const (
	maxFlows  = 1 << 20   // connections followed at a time
	maxMemory = 256 << 20 // octets held of unfinished messages
)

// share gives one of n workers its part of the limits.
func share(cfg detect.Config, n int) detect.Config {
	cfg.MaxFlows, cfg.MaxMemory = maxFlows/n, maxMemory/n
	return cfg
}
