package tls

// Verdict is what the front of some octets is.
type Verdict uint8

// Verdicts of ScanRecord.
const (
	NotTLS Verdict = iota
	NeedMore
	OK
)

// Content types of records (RFC 8446 B.1, RFC 6520).
const (
	ChangeCipherSpec = 20
	Alert            = 21
	Handshake        = 22
	ApplicationData  = 23
	Heartbeat        = 24
)

const recordHeader = 5

// maxFragment bounds a record's contents: 2^14 and what old ciphers and
// compression may add (RFC 5246 6.2.3).
const maxFragment = 1<<14 + 2048

// Record is the header of a TLS record.
type Record struct {
	Type    uint8
	Version uint16 // as the record says, which is not what was negotiated
	Len     int    // octets of the whole record, its header included
}

// ScanRecord reads the header of the record at the front of b. It does not
// allocate.
func ScanRecord(b []byte) (r Record, v Verdict) {
	switch {
	case len(b) > 0 && (b[0] < ChangeCipherSpec || b[0] > Heartbeat),
		len(b) > 1 && b[1] != 3,
		len(b) > 2 && b[2] > 4:
		return r, NotTLS
	case len(b) < recordHeader:
		return r, NeedMore
	}
	size := int(b[3])<<8 | int(b[4])
	if size == 0 && b[0] != ApplicationData || size > maxFragment {
		return r, NotTLS
	}
	return Record{Type: b[0], Version: uint16(b[1])<<8 | uint16(b[2]), Len: recordHeader + size}, OK
}
