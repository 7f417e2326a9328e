package capture

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestPcapngOctetByOctet(t *testing.T) {
	file := []byte{
		0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, // section header, 28 octets
		0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, // big-endian, version 1.0
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // length not told
		0, 0, 0, 28, // and again
		0, 0, 0, 1, 0, 0, 0, 44, // interface description, 44 octets
		1, 20, 0, 0, 0, 0, 0, 0, // link type 276, no snap length
		0, 9, 0, 1, 9, 0, 0, 0, // if_tsresol: 10^-9, padded
		0, 14, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // if_tsoffset: -1 s
		0, 0, 0, 0, // end of options
		0, 0, 0, 44,
		0, 0, 0x0b, 0xad, 0, 0, 0, 16, 1, 2, 3, 4, 0, 0, 0, 16, // a custom block
		0, 0, 0, 6, 0, 0, 0, 48, // enhanced packet
		0, 0, 0, 0, // interface 0
		0, 0, 0, 2, 0, 0, 0, 5, // 2^33 + 5 ns
		0, 0, 0, 3, 0, 0, 0, 9, // 3 octets of 9
		'a', 'b', 'c', 0, // padded
		0, 2, 0, 4, 0, 0, 0, 1, // epb_flags: inbound
		0, 0, 0, 0, // end of options
		0, 0, 0, 48,
	}
	want := []Frame{{Time: at(7, 589934597), Data: []byte("abc"), WireLen: 9, Number: 1, Link: 276, Origin: "x"}}
	if got, err := readBytes(file); !reflect.DeepEqual(got, want) || err.Error() != "EOF" {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// obsolete appends a packet block.
func (w *build) obsolete(iface uint16, stamp uint64, wirelen uint32, data string) *build {
	body := w.body().u16(iface, 0xffff).u32(uint32(stamp>>32), uint32(stamp), uint32(len(data)), wirelen)
	return w.block(ngPacket, append(body.b, data...))
}

func TestPcapng(t *testing.T) {
	frame := func(n uint64, when time.Time, link uint16, wirelen int, data string) Frame {
		return Frame{Time: when, Data: []byte(data), WireLen: wirelen, Number: n, Link: link, Origin: "x"}
	}
	large := bytes.Repeat([]byte("comment "), bufferSize/4)
	tests := map[string]struct {
		file *build
		want []Frame
	}{
		"interfaces of different links": {pcapng(big).iface(1, 0).iface(113, 0).enhanced(1, 5e6, 1, "b").enhanced(0, 6e6, 1, "a"),
			[]Frame{frame(1, at(5, 0), 113, 1, "b"), frame(2, at(6, 0), 1, 1, "a")}},
		"a section of the other byte order": {&build{little, append(pcapng(big).iface(1, 0).enhanced(0, 5e6, 1, "a").b,
			pcapng(little).iface(101, 0).enhanced(0, 6e6, 1, "b").b...), nil},
			[]Frame{frame(1, at(5, 0), 1, 1, "a"), frame(2, at(6, 0), 101, 1, "b")}},
		"the obsolete packet block": {pcapng(little).iface(1, 0).iface(9, 0).obsolete(1, 5000007, 4, "abc"),
			[]Frame{frame(1, at(5, 7000), 9, 4, "abc")}},
		"simple packets, without time": {pcapng(big).iface(1, 4).simple(3, "abc").enhanced(0, 7e6, 1, "d").simple(9, "efgh"),
			[]Frame{frame(1, time.Time{}, 1, 3, "abc"), frame(2, at(7, 0), 1, 1, "d"), frame(3, at(7, 0), 1, 9, "efgh")}},
		"a simple packet longer than its block": {pcapng(big).iface(1, 0).simple(0xffffffff, "abcd"),
			[]Frame{frame(1, time.Time{}, 1, 0x7fffffff, "abcd")}},
		"captured more than there was on the wire": {pcapng(big).iface(1, 2).enhanced(0, 5e6, 1, "longer"),
			[]Frame{frame(1, at(5, 0), 1, 6, "longer")}},
		"a block larger than the buffer": {pcapng(big).block(10, large).iface(1, 0).block(10, large[:bufferSize-12]).
			block(10, large[:bufferSize-8]).enhanced(0, 5e6, 1, "a"), []Frame{frame(1, at(5, 0), 1, 1, "a")}},
		"options that reach beyond their block": {pcapng(big).iface(1, 0, 0, 9, 0xff, 0xff, 3).enhanced(0, 5e6, 1, "a"),
			[]Frame{frame(1, at(5, 0), 1, 1, "a")}},
		"options without content": {pcapng(big).iface(1, 0, 0, 9, 0, 0, 0, 14, 0, 0, 0, 2, 0, 0).enhanced(0, 5e6, 1, "a"),
			[]Frame{frame(1, at(5, 0), 1, 1, "a")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readBytes(tt.file.b)
			if !reflect.DeepEqual(got, tt.want) || err == nil || err.Error() != "EOF" {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestPcapngTime(t *testing.T) {
	const none = -1
	tests := map[string]struct {
		resol     byte
		offset    int64
		stamp     uint64
		sec, nsec int64
	}{
		"microseconds":                 {6, 0, 1700000000123456, 1700000000, 123456000},
		"nanoseconds":                  {9, 0, 1700000000123456789, 1700000000, 123456789},
		"picoseconds":                  {12, 0, 5_123456789999, 5, 123456789},
		"seconds":                      {0, 0, 1700000000, 1700000000, 0},
		"the finest there is":          {19, 0, 12345678901234567890, 1, 234567890},
		"finer than 64 bits":           {20, 0, 1, none, 0},
		"2^-10 of a second":            {0x8a, 0, 5<<10 | 512, 5, 500000000},
		"2^-20, not a billion's part":  {0x94, 0, 5<<20 | 1, 5, 953},
		"2^-32, the last of a second":  {0xa0, 0, 5<<32 | 0xffffffff, 5, 999999999},
		"2^-63":                        {0xbf, 0, 1<<63 | 1<<62, 1, 500000000},
		"2^-64":                        {0xc0, 0, 1, none, 0},
		"2^-127":                       {0xff, 0, 1, none, 0},
		"an offset":                    {6, 1700000000, 5, 1700000000, 5000},
		"an offset into the past":      {6, -1, 1_000_005, 0, 5000},
		"before 1970":                  {6, -2, 1_000_005, none, 0},
		"the end of 9999":              {0, 0, 253402300799, 253402300799, 0},
		"after it, no date can say so": {0, 0, 253402300800, none, 0},
		"after the last of all":        {0, 0, 0xffffffffffffffff, none, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			i := ngIface{second: unitsPerSecond(tt.resol), offset: tt.offset}
			got, ok := i.time(tt.stamp)
			if tt.sec == none {
				if ok {
					t.Errorf("got %v, want none", got)
				}
				return
			}
			if want := at(tt.sec, tt.nsec); got != want || !ok {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestHostilePcapng(t *testing.T) {
	ng := func() *build { return pcapng(big).iface(1, 0) }
	tooMany := pcapng(big)
	for range ngMaxInterfaces + 1 {
		tooMany.iface(1, 0)
	}
	tests := map[string]struct {
		file *build
		want string
	}{
		"a block of no octets":               {ng().u32(6, 0, 0), "a block of 0 octets is claimed: not a multiple of 4 between 12 and 16777216"},
		"a block of 8 octets":                {ng().u32(6, 8, 8), "a block of 8 octets is claimed: not a multiple of 4 between 12 and 16777216"},
		"a block of 13 octets":               {ng().u32(6, 13, 8, 13), "a block of 13 octets is claimed: not a multiple of 4 between 12 and 16777216"},
		"a block of 4 GiB":                   {ng().u32(6, 0xfffffffc, 8, 13), "a block of 4294967292 octets is claimed: not a multiple of 4 between 12 and 16777216"},
		"a length that is not repeated":      {ng().u32(6, 12, 16), "a block of 12 octets ends with the length 16"},
		"an enhanced packet of nothing":      {ng().block(ngEnhanced, nil), "a packet block of 0 octets"},
		"an obsolete packet of nothing":      {ng().block(ngPacket, make([]byte, 16)), "a packet block of 16 octets"},
		"an interface of nothing":            {ng().block(ngInterface, make([]byte, 4)), "an interface description of 4 octets"},
		"a section of nothing":               {ng().block(ngSection, []byte{0x1a, 0x2b, 0x3c, 0x4d}), "a section header of 4 octets"},
		"a section without byte order":       {ng().block(ngSection, make([]byte, 16)), "a section header without byte order: 0x00000000"},
		"an interface nobody described":      {ng().enhanced(1, 0, 1, "a"), "a frame of interface 1, where 1 are described"},
		"the interface -1":                   {ng().enhanced(0xffffffff, 0, 1, "a"), "a frame of interface 4294967295, where 1 are described"},
		"an interface of the section before": {ng().section().enhanced(0, 0, 1, "a"), "a frame of interface 0, where 0 are described"},
		"a simple packet of no interface":    {pcapng(big).simple(1, "a"), "a simple packet block of 8 octets, where 0 interfaces are described"},
		"a simple packet of nothing":         {ng().block(ngSimple, nil), "a simple packet block of 0 octets, where 1 interfaces are described"},
		"a frame longer than its block":      {ng().block(ngEnhanced, ng().body().u32(0, 0, 0, 5, 5, 0).b), "a frame of 5 octets in a block with room for 4"},
		"a frame of 4 GiB":                   {ng().block(ngEnhanced, ng().body().u32(0, 0, 0, 0xffffffff, 5).b), "a frame of 4294967295 octets is claimed, and none is longer than 262144"},
		"a simple packet of 300000":          {ng().simple(300000, strings.Repeat("x", 300000)), "a frame of 300000 octets is claimed, and none is longer than 262144"},
		"interfaces without end":             {tooMany, "more than 65536 interfaces"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readBytes(tt.file.b)
			want := "x: damaged at packet 1: " + tt.want + "; everything before it was read"
			if len(got) != 0 || err == nil || err.Error() != want {
				t.Errorf("got  %d frames, %v\nwant %s", len(got), err, want)
			}
		})
	}
}
