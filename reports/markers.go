package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// corners are the corners of the protocols' marks; a circle has many. Together with the strokes of lines they tell protocols
// apart without their colours.
var corners = []struct {
	n    int
	turn float64 // of the first corner, in parts of a full turn, from the right
}{{24, 0}, {4, 0.125}, {3, 0.25}, {4, 0}, {3, 0.75}, {5, 0.25}, {6, 0}, {8, 0.0625}}

// drawMark draws the mark of a protocol, filled or open, in its colour.
func drawMark(c draw.Canvas, at vg.Point, radius vg.Length, of look, open bool) {
	polygon := func(radius vg.Length, shown color.Color) {
		shape := corners[of.hue%len(corners)]
		points := make([]vg.Point, shape.n)
		for k := range points {
			sin, cos := math.Sincos(2 * math.Pi * (shape.turn + float64(k)/float64(shape.n)))
			points[k] = at.Add(vg.Point{X: radius * vg.Length(cos), Y: radius * vg.Length(sin)})
		}
		c.FillPolygon(shown, points)
	}
	polygon(radius, of.color())
	if open {
		polygon(radius*0.6, plotBackground)
	}
}
