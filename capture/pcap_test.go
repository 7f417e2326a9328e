package capture

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestOddPcap(t *testing.T) {
	const says, rest = "x: damaged at packet 2: ", "; everything before it was read"
	one := func() *build { return pcap(little, pcapMicro).record(1, 2, 3, "abc", "") }
	first := Frame{Time: at(1, 2000), Data: []byte("abc"), WireLen: 3, Number: 1, Link: 1, Origin: "x"}
	long := strings.Repeat("x", maxFrame)
	withLink := func(network uint32) []byte {
		w := one()
		little.PutUint32(w.b[20:], network)
		return w.b
	}
	withSnap := func(snaplen uint32) []byte {
		w := one()
		little.PutUint32(w.b[16:], snaplen)
		return w.b
	}
	linked := func(link uint16) []Frame {
		f := first
		f.Link = link
		return []Frame{f}
	}
	tests := map[string]struct {
		content []byte
		want    []Frame
		err     string
	}{
		"no frame":               {pcap(little, pcapMicro).b, nil, "EOF"},
		"a snap length of none":  {withSnap(0), []Frame{first}, "EOF"},
		"a snap length of 4 GiB": {withSnap(0xffffffff), []Frame{first}, "EOF"},
		"Linux cooked capture 2": {withLink(276), linked(276), "EOF"},
		"a frame check sequence": {withLink(0x2400_0001), linked(1), "EOF"},
		"captured more than there was on the wire": {one().record(5, 6, 2, "longer", "").record(7, 8, 3, "def", "").b, []Frame{first,
			{Time: at(5, 6000), Data: []byte("longer"), WireLen: 6, Number: 2, Link: 1, Origin: "x"},
			{Time: at(7, 8000), Data: []byte("def"), WireLen: 3, Number: 3, Link: 1, Origin: "x"}}, "EOF"},
		"the same in nanoseconds": {pcap(big, pcapNano).record(5, 6, 0, "longer", "").b, []Frame{
			{Time: at(5, 6), Data: []byte("longer"), WireLen: 6, Number: 1, Link: 1, Origin: "x"}}, "EOF"},
		"2 GiB and more on the wire": {one().record(5, 6, 0xffffffff, "cut", "").b, []Frame{first,
			{Time: at(5, 6000), Data: []byte("cut"), WireLen: 0x7fffffff, Number: 2, Link: 1, Origin: "x"}}, "EOF"},
		"the longest frame": {one().record(5, 6, maxFrame, long, "").b, []Frame{first,
			{Time: at(5, 6000), Data: []byte(long), WireLen: maxFrame, Number: 2, Link: 1, Origin: "x"}}, "EOF"},
		"a longer one": {one().record(5, 6, maxFrame+1, long+"x", "").b, []Frame{first},
			says + "a frame of 262145 octets is claimed, and none is longer than 262144" + rest},
		"another file behind it, as cat writes it": {slices.Concat(one().b, pcap(big, pcapNano).record(5, 6, 3, "def", "").b, pcap(little, pcapMicro).b, withLink(276)), []Frame{first,
			{Time: at(5, 6), Data: []byte("def"), WireLen: 3, Number: 2, Link: 1, Origin: "x"},
			{Time: at(1, 2000), Data: []byte("abc"), WireLen: 3, Number: 3, Link: 276, Origin: "x"}}, "EOF"},
		"half a header of another file":                      {append(one().b, pcap(big, pcapNano).b[:20]...), []Frame{first}, "x: cut short in packet 2: the file ended in the middle of its own header" + rest},
		"a frame of the moment that is a magic number":       {one().record(pcapMicro, 6, 1, "d", "").b, []Frame{first, {Time: at(pcapMicro, 6000), Data: []byte("d"), WireLen: 1, Number: 2, Link: 1, Origin: "x"}}, "EOF"},
		"a magic number in a modified file":                  {pcap(big, pcapModified).record(pcapMicro, 0x20004, 3, "abc", "IFIXPRTx").b, []Frame{{Time: at(pcapMicro, 0x20004*1000), Data: []byte("abc"), WireLen: 3, Number: 1, Link: 1, Origin: "x"}}, "EOF"},
		"made larger than what was written to it":            {append(one().b, make([]byte, 4096)...), []Frame{first}, says + "nothing but zeros where a frame should be" + rest},
		"a frame of no octets at midnight of 1 January 1970": {one().record(0, 6, 60, "", "").b, []Frame{first, {Time: at(0, 6000), Data: []byte{}, WireLen: 60, Number: 2, Link: 1, Origin: "x"}}, "EOF"},
		"a longer one in a modified file": {pcap(big, pcapModified).record(1, 2, 3, "abc", "IFIXPRTx").record(5, 6, 9, long+"x", "IFIXPRTx").b, []Frame{first},
			says + "a frame of 262145 octets is claimed, and none is longer than 262144" + rest},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readBytes(tt.content)
			if !reflect.DeepEqual(got, tt.want) || err == nil || err.Error() != tt.err {
				t.Errorf("got  %.300s, %v\nwant %.300s, %v", fmt.Sprint(got), err, fmt.Sprint(tt.want), tt.err)
			}
		})
	}
}

// A frame lies in the buffer; what follows it there is not the reader's to write over.
func TestAppendingToAFrameHarmsNoOther(t *testing.T) {
	files := formats()
	files["captured more than there was"] = pcap(big, pcapMicro).record(1, 2, 3, "a", "").record(1, 2, 3, "longer", "").record(1, 2, 3, "b", "")
	for format, w := range files {
		t.Run(format, func(t *testing.T) {
			want, _ := readBytes(w.b)
			src, err := OpenReader("x", strings.NewReader(string(w.b)))
			must(t, err)
			for i := range want {
				var f Frame
				must(t, src.Next(&f))
				if !reflect.DeepEqual(f, want[i]) {
					t.Fatalf("got %+v, want %+v", f, want[i])
				}
				_ = append(f.Data, "------------------------------------------------------------"...)
			}
			if err := src.Next(&Frame{}); err != io.EOF {
				t.Error(err)
			}
		})
	}
}
