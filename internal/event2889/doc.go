// Package event2889 reads lists of event 2889, by which a domain controller tells
// who binds without signing or sends a password in the clear, and compares them
// with what was seen on the wire.
package event2889
