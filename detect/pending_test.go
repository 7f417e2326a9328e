package detect

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/clearbind/clearbind/decode/ldap"
)

// TestPendingInAnyOrder holds the requests that wait against a plain list, with
// answers in every order and up to the limit: who is found, who the client is by
// the last bind, and that nothing stays behind.
func TestPendingInAnyOrder(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		k := newTalk(t, Config{}).open()
		s := k.e.flows.oldest()
		var want []pending
		for range 5000 {
			if r.IntN(100) < 52 && len(want) < maxPending {
				p := pending{id: r.Int32(), op: ldap.SearchRequest}
				if r.IntN(20) == 0 {
					p.op, p.step, p.name = ldap.BindRequest, r.IntN(2) == 0, who
				}
				want = append(want, p)
				s.request(k.e, p)
			} else if len(want) > 0 {
				i := 0
				if r.IntN(4) == 0 {
					i = r.IntN(len(want))
				}
				if at := s.find(want[i].id); at != i {
					t.Fatalf("request %d found at %d", i, at)
				}
				s.settle(k.e, i, Success)
				want = slices.Delete(want, i, i+1)
			}
			last := -1
			for i := range want {
				if want[i].op == ldap.BindRequest && !want[i].step {
					last = i
				}
			}
			if p := s.pendingBind(); (p == nil) != (last < 0) || p != nil && p.id != want[last].id {
				t.Fatalf("the last bind is %v, want number %d", p, last)
			}
		}
		s.abandonAll(k.e)
		if s.binds != 0 || len(s.pending) != 0 || cap(s.pending) > keptPending {
			t.Errorf("%d binds, %d requests and room for %d stay", s.binds, len(s.pending), cap(s.pending))
		}
	}
}
