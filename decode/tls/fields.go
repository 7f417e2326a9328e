package tls

// fields reads a handshake message from the front, over the borders of its
// records (RFC 8446 5.1). What is not there reads as zero and as nothing.
type fields struct {
	rest []byte // of the record being read
	more []byte // records behind it
	left int    // octets that are still to be read of this vector
}

// fill says whether there is another octet, and makes it the first of rest.
func (f *fields) fill() bool {
	for f.left > 0 && len(f.rest) == 0 {
		rec, v := ScanRecord(f.more)
		if v != OK || rec.Type != Handshake {
			f.left = 0
			return false
		}
		n := min(rec.Len, len(f.more))
		f.rest, f.more = f.more[recordHeader:n], f.more[n:]
	}
	return f.left > 0
}

// number reads a number of size octets; false: it is not there, and 0.
func (f *fields) number(size int) (n int, ok bool) {
	for range size {
		if !f.fill() {
			return 0, false
		}
		n = n<<8 | int(f.rest[0])
		f.rest = f.rest[1:]
		f.left--
	}
	return n, true
}

// u16 reads a number of two octets.
func (f *fields) u16() uint16 {
	n, _ := f.number(2)
	return uint16(n)
}

// skip passes over n octets; false: there were fewer.
func (f *fields) skip(n int) bool {
	for n > 0 && f.fill() {
		step := min(n, len(f.rest), f.left)
		f.rest = f.rest[step:]
		f.left -= step
		n -= step
	}
	return n == 0
}

// vector gives what a length of size octets announces, as far as it is there.
func (f *fields) vector(size int) (v fields, whole bool) {
	n, told := f.number(size)
	v = *f
	v.left = min(n, f.left)
	return v, f.skip(n) && told
}

// text gives all that is left, borrowed; nil if that is nothing, or lies in
// several records.
func (f *fields) text() []byte {
	if !f.fill() || len(f.rest) < f.left {
		return nil
	}
	return f.rest[:f.left:f.left]
}
