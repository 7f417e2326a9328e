// Package alertlog writes alerts: as JSON lines in the Elastic Common Schema, as
// text for people, or as syslog messages, which it also sends. The writers own
// no file and start no goroutine; a Remote owns its connection, and one goroutine
// that watches it.
package alertlog
