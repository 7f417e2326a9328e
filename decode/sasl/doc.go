// Package sasl reads what SASL exchanges inside LDAP binds reveal (RFC 4513
// 5.2), and the buffers of the security layers that follow them.
//
// All octets are borrowed. An Exchange keeps names and negotiated options,
// never a credential. The package must not import capture or detect, and does
// not give tokens to asn1-ber, which copies what it reads.
package sasl
