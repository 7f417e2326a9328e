package report

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/words"
)

// Widths that pictures are drawn for, in CSS pixels: text in them has the size
// of the text around them, on a screen and on a telephone.
const (
	wide   = 1120
	narrow = 336
)

// maxLines is how many lines a picture can hold before nobody can follow one.
const maxLines = 40

// picture is who talks to whom: clients on the left, servers on the right.
type picture struct {
	Width, Height  int
	Lines          []line
	Nodes          []node
	More           int // edges left out
	Shown          int
	LeftX, RightX  int // of the heads
	Narrow         bool
	ClientN, HostN int
}

// line is an edge of it.
type line struct {
	Path, Class, Stroke, Title string
}

// node is an end of lines.
type node struct {
	X, Y, TextX, TextY int
	Text, Full         string
	Anchor             string // of its text
}

// rank is a node's place on its side.
type rank struct {
	name string
	at   int
	sum  int // of its peers' places
	n    int
}

// draw places the heaviest edges.
func draw(edges []Edge, width int) picture {
	shown := first(edges, maxLines)
	clients, servers := ranks(shown)
	p := picture{Width: width, More: len(edges) - len(shown), Shown: len(shown), Narrow: width == narrow, ClientN: len(clients), HostN: len(servers)}
	const row, top = 26, 40
	rows := max(len(clients), len(servers))
	p.Height = top + rows*row + 6
	chars, gap := 39, 300
	if p.Narrow {
		chars, gap = 15, 126
	}
	x1, x2 := gap, width-gap
	p.LeftX, p.RightX = x1, x2
	place := func(r *rank, of int) int { return top + (2*r.at+1)*rows*row/(2*of) }
	for _, e := range slices.SortedFunc(slices.Values(shown), func(a, b Edge) int { // the weakest on top
		return cmp.Or(-cmp.Compare(protectionRank(a.Protection), protectionRank(b.Protection)), a.Client.Compare(b.Client), a.Server.Compare(b.Server))
	}) {
		y1, y2 := place(clients[e.Client.String()], len(clients)), place(servers[e.Server.String()], len(servers))
		mid := (x1 + x2) / 2
		p.Lines = append(p.Lines, line{
			Path:   fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, mid, y1, mid, y2, x2, y2),
			Class:  protectionClass(e.Protection),
			Stroke: thickness(e.weight()),
			Title:  fmt.Sprintf("%s to %s: %s, %s", e.Client, e.Server, words.Count(e.Connections.Sum(), "connection", "connections"), protectionWords(e.Protection)),
		})
	}
	for _, r := range byPlace(clients) {
		y := place(r, len(clients))
		p.Nodes = append(p.Nodes, node{x1, y, x1 - 10, y + 4, middle(r.name, chars), r.name, "end"})
	}
	for _, r := range byPlace(servers) {
		y := place(r, len(servers))
		p.Nodes = append(p.Nodes, node{x2, y, x2 + 10, y + 4, middle(r.name, chars), r.name, "start"})
	}
	return p
}

// ranks orders both sides so that few lines cross: each node goes to the mean
// place of its peers, a few times over (Sugiyama's barycentres).
func ranks(edges []Edge) (clients, servers map[string]*rank) {
	clients, servers = make(map[string]*rank), make(map[string]*rank)
	enter := func(side map[string]*rank, name string) {
		if side[name] == nil {
			side[name] = &rank{name: name, at: len(side)}
		}
	}
	for i := range edges {
		enter(clients, edges[i].Client.String())
		enter(servers, edges[i].Server.String())
	}
	for range 6 {
		for i := range edges {
			c, s := clients[edges[i].Client.String()], servers[edges[i].Server.String()]
			c.sum, c.n = c.sum+s.at, c.n+1
		}
		settle(clients)
		for i := range edges {
			c, s := clients[edges[i].Client.String()], servers[edges[i].Server.String()]
			s.sum, s.n = s.sum+c.at, s.n+1
		}
		settle(servers)
	}
	return clients, servers
}

func byPlace(side map[string]*rank) []*rank {
	list := make([]*rank, 0, len(side))
	for _, r := range side {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *rank) int { return cmp.Compare(a.at, b.at) })
	return list
}

// settle gives a side the places that its sums ask for.
func settle(side map[string]*rank) {
	list := byPlace(side)
	slices.SortStableFunc(list, func(a, b *rank) int { return cmp.Compare(a.sum*max(b.n, 1), b.sum*max(a.n, 1)) })
	for i, r := range list {
		r.at, r.sum, r.n = i, 0, 0
	}
}

func protectionRank(name string) int {
	for p := range detect.NumProtections {
		if p.String() == name {
			return int(p)
		}
	}
	return int(detect.NumProtections)
}

// thickness grows with the logarithm: one connection has to be seen beside a
// million. Integers, so that every processor draws the same line.
func thickness(weight uint64) string {
	tenths := 14 + 4*min(bits.Len64(weight), 16)
	return strconv.Itoa(tenths/10) + "." + strconv.Itoa(tenths%10)
}

// middle shortens a name in its middle: both ends of an address tell more.
func middle(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	head := (most - 1) / 2
	return string(r[:head]) + "…" + string(r[len(r)-(most-1-head):])
}
