// Package decode turns frames into transport segments and puts the segments
// of a connection's two streams back in order.
//
// Nothing here allocates for a well-formed frame, asks the clock or keeps a
// borrowed byte without saying so. The package must not import capture or
// detect.
package decode
