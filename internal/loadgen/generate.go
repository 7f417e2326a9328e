package loadgen

import (
	"cmp"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

// WriteFile makes the file path with what Generate writes.
func WriteFile(path string, cfg Config) (Tally, error) {
	out, err := os.Create(path)
	if err != nil {
		return Tally{}, err
	}
	tally, err := Generate(out, cfg)
	return tally, cmp.Or(err, out.Close())
}

// Generate writes a capture to out and says what is in it. The same
// configuration gives the same octets.
func Generate(out io.Writer, cfg Config) (Tally, error) {
	cfg.defaults()
	g := &generator{
		cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, 0x6c646170)), w: newWriter(out), //nolint:gosec // it has to repeat
		tally: Tally{Kinds: map[string]int{}, Alerts: map[string]int{}},
	}
	g.fill()
	for g.w.err == nil {
		for len(g.open) < cfg.Open && !g.full() {
			g.open = append(g.open, g.newConn())
		}
		if len(g.open) == 0 {
			break
		}
		if cfg.Mix == Sparse && g.rand.IntN(100) != 0 {
			at := g.w.begin()
			g.w.buf = g.noiseFrame(g.w.buf)
			g.finish(at)
			continue
		}
		g.turn(g.rand.IntN(len(g.open)))
	}
	g.w.flush()
	g.tally.Octets = g.w.octets
	return g.tally, g.w.err
}

type generator struct {
	cfg      Config
	rand     *rand.Rand
	w        *writer
	tally    Tally
	open     []*conn
	spare    *conn
	letters  []byte // to cut values from
	octets   []byte // to cut what looks encrypted from
	noiseSeq [noiseFlows]uint32
}

const fillerSize = 1 << 20

func (g *generator) fill() {
	const alphabet = "abcdefghijklmnopqrstuvwxyz ,=0123456789ABCDE"
	g.letters, g.octets = make([]byte, fillerSize), make([]byte, fillerSize)
	for i := range g.letters {
		n := g.rand.Uint32()
		g.letters[i], g.octets[i] = alphabet[int(n>>8)%len(alphabet)], byte(n)
	}
}

// enough says whether the capture is as long as it was to be, full whether no
// further connection is to be opened.
func (g *generator) enough() bool { return g.cfg.Octets > 0 && g.w.octets >= g.cfg.Octets }

func (g *generator) full() bool {
	return g.enough() || g.cfg.Connections > 0 && g.tally.Connections >= g.cfg.Connections
}

// turn lets connection i send a few segments.
func (g *generator) turn(i int) {
	c := g.open[i]
	most := 4
	if g.cfg.Mix == Sparse {
		most = 1 // so that the share of packets is right
	}
	for range 1 + g.rand.IntN(most) {
		if c.sent == len(c.queue) {
			c.more(g)
		}
		if c.state == connOver && c.sent == len(c.queue) {
			last := len(g.open) - 1
			g.open[i], g.open[last] = g.open[last], nil
			g.open, g.spare = g.open[:last], c
			return
		}
		if g.cfg.Mix == Messy && g.rand.IntN(25) == 0 && c.swap() {
			g.tally.Swapped++
		}
		s := &c.queue[c.sent]
		c.sent++
		g.send(c, s)
	}
}

// send writes a segment, as the mirror delivers it.
func (g *generator) send(c *conn, s *segment) {
	copies := 1
	if g.cfg.Mix == Messy {
		switch {
		case c.lossy && s.entry && g.rand.IntN(40) == 0:
			g.tally.Lost++
			copies = 0
		case g.rand.IntN(20) == 0:
			g.tally.Repeated++
			copies = 2
		}
	}
	for range copies {
		at := g.w.begin()
		g.w.buf = c.frame(g.w.buf, s)
		g.tally.LDAPPackets++
		g.finish(at)
	}
}

func (g *generator) finish(at int) {
	g.w.end(at)
	g.tally.Packets++
	g.w.now += time.Duration(g.rand.Int64N(int64(2 * g.cfg.Step)))
}

// binds counts bind requests and what they give rise to.
func (g *generator) binds(n int, rules ...string) {
	g.tally.BindRequests += n
	for _, r := range rules {
		g.tally.Alerts[r]++
	}
}

func (g *generator) entrySize() int {
	return g.cfg.EntryMin + g.rand.IntN(g.cfg.EntryMax-g.cfg.EntryMin+1)
}

func (g *generator) uid() string { return "u" + strconv.Itoa(10000+g.rand.IntN(50000)) }

// text gives n octets of text, noise n octets of anything; neither is to be
// changed.
func (g *generator) text(n int) []byte  { return cutFrom(g.letters, g.rand, n) }
func (g *generator) noise(n int) []byte { return cutFrom(g.octets, g.rand, n) }

func cutFrom(filler []byte, r *rand.Rand, n int) []byte {
	for len(filler) < n+1 {
		filler = append(filler, filler...)
	}
	at := r.IntN(len(filler) - n)
	return filler[at : at+n]
}
