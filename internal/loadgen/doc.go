// Package loadgen makes captures to measure with: LDAP traffic of thousands of
// connections, the same octets for the same seed, with a tally of what is in
// it. It is a tool of tests and benchmarks, and no part of the program.
package loadgen
