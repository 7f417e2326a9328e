// Package zeeklog writes ldap.log and ldap_search.log as Zeek's LDAP analyzer
// does: the same columns, types, header lines, words and escaping, so that what
// reads Zeek's reads these.
//
// It writes what it is given: secrets were left out before. Lines have no other
// time than that of their packets; it never asks the clock.
package zeeklog
