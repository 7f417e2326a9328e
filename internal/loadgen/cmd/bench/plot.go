package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
)

// plot is a curve over powers of ten.
type plot struct {
	title, x, y string
	points      []point
}

// Measures of a drawing, in pixels.
const (
	plotWidth  = 440
	plotHeight = 300
	margin     = 60
)

// draw gives an SVG of the plots, two a row. Each y axis starts at zero: a cost
// that does not grow is a flat line.
func draw(plots []plot) []byte {
	var out bytes.Buffer
	rows := (len(plots) + 1) / 2
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n", 2*plotWidth, rows*plotHeight)
	fmt.Fprintf(&out, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	for i := range plots {
		fmt.Fprintf(&out, `<g transform="translate(%d %d)">`+"\n", i%2*plotWidth, i/2*plotHeight)
		plots[i].draw(&out)
		fmt.Fprintln(&out, "</g>")
	}
	fmt.Fprintln(&out, "</svg>")
	return out.Bytes()
}

func (p *plot) draw(out *bytes.Buffer) {
	top := 0.0
	for i := range p.points {
		top = max(top, p.points[i].cost)
	}
	top *= 1.25
	first, last := math.Log10(float64(p.points[0].n)), math.Log10(float64(p.points[len(p.points)-1].n))
	x := func(n int) float64 {
		return margin + (math.Log10(float64(n))-first)/(last-first)*(plotWidth-1.6*margin)
	}
	y := func(v float64) float64 { return plotHeight - margin - v/top*(plotHeight-1.7*margin) }
	fmt.Fprintf(out, `<text x="%d" y="24" font-size="14" font-weight="bold">%s</text>`+"\n", margin, p.title)
	fmt.Fprintf(out, `<text x="%d" y="40">%s</text>`+"\n", margin, p.y)
	fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", plotWidth/2, plotHeight-18, p.x)
	fmt.Fprintf(out, `<path d="M%d %.1f V%.1f H%d" fill="none" stroke="black"/>`+"\n", margin, y(top), y(0), plotWidth-margin/2)
	for i := range 3 {
		v := top * float64(i) / 2
		fmt.Fprintf(out, `<text x="%d" y="%.1f" text-anchor="end">%.2g</text>`+"\n", margin-6, y(v)+4, v)
	}
	var line strings.Builder
	for i := range p.points {
		at := &p.points[i]
		fmt.Fprintf(&line, "%.1f,%.1f ", x(at.n), y(at.cost))
		fmt.Fprintf(out, `<circle cx="%.1f" cy="%.1f" r="4" fill="#1f5fa8"/>`+"\n", x(at.n), y(at.cost))
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle">%.3g</text>`+"\n", x(at.n), y(at.cost)-10, at.cost)
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle">%d</text>`+"\n", x(at.n), y(0)+16, at.n)
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#777">%.0f MiB</text>`+"\n", x(at.n), y(0)+28, at.mebibytes)
	}
	fmt.Fprintf(out, `<polyline points="%s" fill="none" stroke="#1f5fa8" stroke-width="2"/>`+"\n", line.String())
}
