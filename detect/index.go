package detect

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"

	"github.com/clearbind/clearbind/decode"
)

// flowIndex finds sessions by their keys. It is asked once a segment, and there
// is no better place to save: Go's map hashes 37 octets, looks at its groups and
// compares the key where it keeps a copy, before the session itself is touched,
// and copies all that when it grows. Here the session is the entry, and brings
// its hash and key in the line of memory that is wanted anyway. The zero index
// is empty and ready.
type flowIndex struct {
	places []*session // chains by hash, twice as many as sessions at least
	used   int
	secret [4]uint64 // who chooses ports and addresses must not choose places
}

// fewestPlaces is a power of two, as every number of places is.
const fewestPlaces = 1 << 10

func (x *flowIndex) find(key *decode.FlowKey) *session {
	if x.used == 0 {
		return nil
	}
	h := x.hash(key)
	for s := x.places[h&uint64(len(x.places)-1)]; s != nil; s = s.chain {
		if s.hash == h && s.key == *key {
			return s
		}
	}
	return nil
}

// add takes a session that is not in the index.
func (x *flowIndex) add(s *session) {
	if 2*x.used >= len(x.places) {
		x.grow()
	}
	s.hash = x.hash(&s.key)
	x.link(s)
	x.used++
}

// remove takes a session that is.
func (x *flowIndex) remove(s *session) {
	at := &x.places[s.hash&uint64(len(x.places)-1)]
	for *at != s {
		at = &(*at).chain
	}
	*at, s.chain = s.chain, nil
	x.used--
}

func (x *flowIndex) link(s *session) {
	at := &x.places[s.hash&uint64(len(x.places)-1)]
	*at, s.chain = s, *at
}

// grow doubles the places.
func (x *flowIndex) grow() {
	if x.places == nil {
		for i := range x.secret {
			x.secret[i] = maphash.Bytes(maphash.MakeSeed(), nil)
		}
	}
	old := x.places
	x.places = make([]*session, max(fewestPlaces, 2*len(old)))
	for _, s := range old {
		for s != nil {
			next := s.chain
			x.link(s)
			s = next
		}
	}
}

// hash multiplies the key's words, each made unknown to the sender first, as
// wyhash does. The ports of two hosts are multiplied by what is the same for all
// of them, which is too even to be the end of it.
func (x *flowIndex) hash(k *decode.FlowKey) uint64 {
	h := fold(word(&k.Lo.Addr, 0)^x.secret[0], word(&k.Lo.Addr, 8)^x.secret[1])
	h = fold(h^word(&k.Hi.Addr, 0)^x.secret[2], word(&k.Hi.Addr, 8)^x.secret[3])
	ports := uint64(k.Lo.Port)<<32 | uint64(k.Hi.Port)<<16 | uint64(k.Proto)
	return fold(fold(h^x.secret[1], ports^x.secret[2]), x.secret[3]|1)
}

func word(addr *[16]byte, at int) uint64 { return binary.LittleEndian.Uint64(addr[at:]) }

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
