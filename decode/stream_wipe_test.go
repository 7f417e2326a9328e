package decode

import (
	"bytes"
	"testing"
)

// secret is what must not stay in memory that a Stream has let go of.
var secret = []byte("Quince-Anvil-88!")

func TestStreamWipesWhatItLetsGo(t *testing.T) {
	wiped := func(t *testing.T, memory ...[]byte) {
		t.Helper()
		for i, b := range memory {
			if bytes.Contains(b[:cap(b)], secret) {
				t.Errorf("memory %d still holds the octets", i)
			}
		}
	}
	waiting := func() (s *Stream[int], memory []byte) {
		s = new(Stream[int])
		push(s, 0, "ab", 0)
		push(s, 5, string(secret), 0)
		return s, s.pieces[0].data
	}
	t.Run("an island that grows", func(t *testing.T) {
		s, first := waiting()
		push(s, 5+len(secret), string(secret), 0)
		second := s.pieces[0].data
		push(s, 5+2*len(secret), string(bytes.Repeat(secret, 9)), 0)
		wiped(t, first, second)
	})
	t.Run("islands that are discarded", func(t *testing.T) {
		s, memory := waiting()
		s.Discard()
		wiped(t, memory)
	})
	t.Run("another connection on the same ports", func(t *testing.T) {
		s, memory := waiting()
		push(s, -maxRetreat-100, "x", 0)
		wiped(t, memory)
	})
	t.Run("an island that was told", func(t *testing.T) {
		s, memory := waiting()
		push(s, 2, "cde", 0)
		wiped(t, memory)
	})
}
