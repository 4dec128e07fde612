package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// marks are the shapes of the protocols' marks, by style: polygons, and stars whose corners lie inside by turns. A circle has many
// corners. Together with the dashes of lines they tell protocols apart without their colours.
var marks = []struct {
	n     int
	turn  float64 // of the first corner, in parts of a full turn, from the right
	inner float64 // the radius of the inner corners of a star, in parts of that of the others; 0: it is no star
}{
	{24, 0, 0}, {4, 0.125, 0}, {3, 0.25, 0}, {4, 0, 0}, {3, 0.75, 0}, {5, 0.25, 0}, {6, 0, 0}, {4, 0, 0.35},
	{8, 0.0625, 0}, {3, 0.25, 0.3}, {3, 0.75, 0.3}, {6, 0.25, 0.5}, {4, 0.125, 0.35}, {5, 0.25, 0.4}, {3, 0, 0}, {3, 0.5, 0},
}

// drawMark draws the mark of a protocol, filled or open, in its colour.
func drawMark(c draw.Canvas, at vg.Point, radius vg.Length, of look, open bool) {
	polygon := func(radius vg.Length, shown color.Color) {
		shape := marks[of.style%len(marks)]
		radii := []vg.Length{radius}
		if shape.inner > 0 {
			radii = []vg.Length{1.25 * radius, 1.25 * radius * vg.Length(shape.inner)}
		}
		points := make([]vg.Point, shape.n*len(radii))
		for k := range points {
			sin, cos := math.Sincos(2 * math.Pi * (shape.turn + float64(k)/float64(len(points))))
			r := radii[k%len(radii)]
			points[k] = at.Add(vg.Point{X: r * vg.Length(cos), Y: r * vg.Length(sin)})
		}
		c.FillPolygon(shown, points)
	}
	polygon(radius, of.color())
	if open {
		polygon(radius*0.6, plotBackground)
	}
}
