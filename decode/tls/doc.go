// Package tls recognises TLS records (RFC 8446 5.1) and steps over them. It
// decrypts nothing. It must not import capture or detect.
package tls
