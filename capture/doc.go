// Package capture yields link-layer frames from capture files, standard input
// and network interfaces.
//
// A Source is owned by one goroutine. It owns the bytes of the frames it
// yields: they are lent until the next call of Next or Close. But for Share, the
// package starts no goroutine. It knows nothing of what the frames carry; it must
// not import decode or detect.
package capture
