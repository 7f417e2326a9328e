// Package detect joins LDAP requests and responses into sessions, knows the
// protection in force for each message, and says what was exposed.
//
// An Engine is owned by one goroutine. It has no clock: time is packet time,
// handed in. What leaves it is values: strings cloned, cut and escaped; no
// secret and no borrowed byte. It must not import gopacket, asn1-ber,
// Prometheus, os or net/http.
package detect
