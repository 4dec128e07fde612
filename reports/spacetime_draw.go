package reports

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

var (
	lifeLine  = draw.LineStyle{Color: ink, Width: 1}
	downLine  = draw.LineStyle{Color: dim, Width: 0.6, Dashes: []vg.Length{1, 3}}
	stripLine = draw.LineStyle{Color: shade, Width: 0.8, Dashes: []vg.Length{6, 3}}
)

const (
	arrowWidth = vg.Length(0.9)
	arrowHead  = vg.Length(6)
	crossSize  = vg.Length(3)
	stubShare  = 0.32 // of a column, for an arrow that leaves what is drawn, or comes from outside
	lostShare  = 0.86 // of the way, after which a lost message ends
)

// flight is an arrow on the page.
type flight struct {
	*arrow
	begin, end vg.Point
	color      color.NRGBA
}

func (d *spaceTime) draw(page draw.Canvas) {
	y := drawHeadLines(page, d.head, d.height-pageEdge)
	d.drawLegend(page, y-lineHeight(noteText)/2)

	d.drawTimes(page)
	d.drawLives(page)
	d.drawStrips(page)
	for i := range d.flights {
		d.flights[i].draw(page)
	}
	for i := range d.texts {
		d.texts[i].write(page)
	}
	for i := range d.notes {
		n := &d.notes[i]
		n.drawGlyph(page, vg.Point{X: d.lines[n.replica], Y: d.y(n.at)})
	}
}

// y is the height of a time on the page.
func (d *spaceTime) y(at time.Duration) vg.Length { return d.top - d.axis.place(at) }

// fly puts the arrows on the page. Every kind of message has its colour, in the order in which
// the kinds are met.
func (d *spaceTime) fly() {
	var kinds []string
	d.flights = nil
	for i := range d.arrows {
		a := &d.arrows[i]
		kind, _, _ := strings.Cut(a.names[0], " ")
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		f := flight{arrow: a, color: palette[slices.Index(kinds, kind)%len(palette)]}
		f.begin.X, f.end.X = d.lines[a.from], d.lines[a.to]
		if a.cut != arriving {
			f.begin.Y = d.y(a.sent)
		}
		if a.cut != leaving {
			f.end.Y = d.y(a.arrived)
		}
		step := stubShare * (d.lines[1] - d.lines[0])
		if a.to < a.from {
			step = -step
		}
		switch {
		case a.cut == leaving:
			f.end = vg.Point{X: f.begin.X + step, Y: f.begin.Y - d.fall*stubShare}
		case a.cut == arriving:
			f.begin = vg.Point{X: f.end.X - step, Y: f.end.Y + d.fall*stubShare}
		case a.fate == result.Lost:
			f.end = between(f.begin, f.end, lostShare)
		}
		d.flights = append(d.flights, f)
	}
}

func between(a, b vg.Point, share vg.Length) vg.Point { return a.Add(b.Sub(a).Scale(share)) }

func (f *flight) draw(page draw.Canvas) {
	style := draw.LineStyle{Color: f.color, Width: arrowWidth}
	if f.fate == result.Lost {
		style.Dashes = []vg.Length{3, 2}
	}
	page.StrokeLine2(style, f.begin.X, f.begin.Y, f.end.X, f.end.Y)
	switch {
	case f.fate == result.Lost || f.fate == result.Missed:
		cross(page, f.end, crossSize)
	case f.cut != leaving:
		f.drawHead(page)
	}
}

// drawHead draws the arrow's point.
func (f *flight) drawHead(page draw.Canvas) {
	angle := f.angle()
	corner := func(turn float64) vg.Point {
		sin, cos := math.Sincos(angle + turn)
		return f.end.Add(vg.Point{X: vg.Length(cos), Y: vg.Length(sin)}.Scale(arrowHead))
	}
	page.FillPolygon(f.color, []vg.Point{f.end, corner(math.Pi - 0.3), corner(math.Pi + 0.3)})
}

func (f *flight) angle() float64 {
	way := f.end.Sub(f.begin)
	return math.Atan2(float64(way.Y), float64(way.X))
}

func cross(page draw.Canvas, at vg.Point, size vg.Length) {
	style := draw.LineStyle{Color: ink, Width: 1.4}
	page.StrokeLine2(style, at.X-size, at.Y-size, at.X+size, at.Y+size)
	page.StrokeLine2(style, at.X-size, at.Y+size, at.X+size, at.Y-size)
}

// drawTimes draws the times at the left, those that find room.
func (d *spaceTime) drawTimes(page draw.Canvas) {
	style := aligned(letters(7.5, shade), text.XRight, text.YBottom)
	last := d.top + lineHeight(style)
	for i, at := range d.axis.times {
		y := d.top - d.axis.places[i]
		if last-y < lineHeight(style) {
			continue
		}
		last = y
		page.FillText(style, vg.Point{X: pageEdge + timeRoom - 6, Y: y - 0.4*style.Font.Size}, timeLabel(at))
		page.StrokeLine2(gridLine, pageEdge+timeRoom-3, y, d.lines[len(d.lines)-1], y)
	}
}

// drawLives draws the replicas' lines: solid while they live, dotted while they are down. Where a
// wait was shortened the line has a gap.
func (d *spaceTime) drawLives(page draw.Canvas) {
	for id, x := range d.lines {
		page.FillText(aligned(headText, text.XCenter, text.YBottom), d.headAt(id), replicaName(id))
		up := true
		from := d.top - d.axis.places[0] + noteLine/2
		to := func(y vg.Length) {
			style := lifeLine
			if !up {
				style = downLine
			}
			page.StrokeLine2(style, x, from, x, y)
			from = y
		}
		alive := d.lives(id)
		up = alive(d.axis.times[0] - 1)
		for i, at := range d.axis.times {
			y := d.top - d.axis.places[i]
			if slices.Contains(d.axis.waits, i) {
				middle := y + (d.axis.places[i]-d.axis.places[i-1])/2
				to(middle + 5)
				for _, dot := range []vg.Length{-2.5, 0, 2.5} {
					fill(page, shade, vg.Rectangle{Min: vg.Point{X: x - 0.5, Y: middle + dot - 0.5}, Max: vg.Point{X: x + 0.5, Y: middle + dot + 0.5}})
				}
				from = middle - 5
				up = alive(at - 1)
			}
			if now := alive(at); now != up {
				to(y)
				up = now
			}
		}
		to(d.top - d.axis.height)
	}
}

// lives returns whether a replica is up at a time.
func (d *spaceTime) lives(id int) func(time.Duration) bool {
	return func(at time.Duration) bool {
		up := true
		for _, e := range d.run.Events {
			if e.At > at {
				break
			}
			if e.Replica == id && (e.Kind == result.Crashed || e.Kind == result.Restarted) {
				up = e.Kind == result.Restarted
			}
		}
		return up
	}
}

// headAt is where a replica's name stands, above its line.
func (d *spaceTime) headAt(id int) vg.Point {
	return vg.Point{X: d.lines[id], Y: d.top - d.axis.places[0] + noteLine}
}

func replicaName(id int) string { return fmt.Sprintf("R%d", id) }

func (d *spaceTime) drawStrips(page draw.Canvas) {
	for _, s := range d.strips {
		y := d.y(s.at)
		page.StrokeLine2(stripLine, pageEdge+timeRoom, y, d.width-pageEdge, y)
	}
}

// symbols mark what happens, the most important last: of several at once, it covers the others.
var symbols = []struct {
	kind  result.EventKind
	name  string
	style draw.GlyphStyle
}{
	{result.Marked, "", draw.GlyphStyle{Color: ink, Radius: 2.4, Shape: draw.PyramidGlyph{}}},
	{result.Restarted, "", draw.GlyphStyle{Color: ink, Radius: 2.4, Shape: draw.PyramidGlyph{}}},
	{result.Issued, "asked by a client", draw.GlyphStyle{Color: ink, Radius: 2.8, Shape: draw.RingGlyph{}}},
	{result.Applied, "applied", draw.GlyphStyle{Color: ink, Radius: 2.2, Shape: draw.BoxGlyph{}}},
	{result.Answered, "answered", draw.GlyphStyle{Color: ink, Radius: 3, Shape: draw.CircleGlyph{}}},
}

func (n *note) drawGlyph(page draw.Canvas, at vg.Point) {
	if slices.Contains(n.kinds, result.Crashed) {
		cross(page, at, crossSize+1)
		return
	}
	for _, g := range slices.Backward(symbols) {
		if slices.Contains(n.kinds, g.kind) {
			drawGlyph(page, g.style, at)
			return
		}
	}
}

// drawGlyph covers what is below the glyph.
func drawGlyph(page draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	page.DrawGlyphNoClip(draw.GlyphStyle{Color: color.White, Radius: style.Radius, Shape: draw.CircleGlyph{}}, at)
	page.DrawGlyphNoClip(style, at)
}

func (d *spaceTime) drawLegend(page draw.Canvas, y vg.Length) {
	x := pageEdge + 3
	for _, g := range symbols {
		if g.name == "" {
			continue
		}
		drawGlyph(page, g.style, vg.Point{X: x, Y: y})
		writeBeside(page, noteText, vg.Point{X: x + noteGap, Y: y}, g.name)
		x += noteGap + noteText.Width(g.name) + entryGap
	}
	cross(page, vg.Point{X: x, Y: y}, crossSize)
	writeBeside(page, noteText, vg.Point{X: x + noteGap, Y: y}, "lost, or the replica is down")
}
