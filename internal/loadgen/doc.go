// Package loadgen makes captures of LDAP traffic for benchmarks: the same seed
// gives the same octets, and it says what a sensor has to find in them. It is a
// tool for tests; nothing of the program imports it.
package loadgen
