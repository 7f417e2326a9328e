// Package ldap reads LDAPMessages (RFC 4511) from borrowed octets: the
// envelope first, without allocating, then of each operation what detection
// needs. It knows nothing of connections.
//
// Every []byte it returns is borrowed from its argument. A password is never
// returned, only its length. It must not import capture or detect.
package ldap
