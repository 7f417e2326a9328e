// Package alertlog writes alerts: as JSON lines in the Elastic Common Schema,
// or as text for people. It owns no file and starts no goroutine.
package alertlog
