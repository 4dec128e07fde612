package reports

import (
	"image/color"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// The sizes of a figure that is printed across a page.
const (
	pageWidth = 7.25 * vg.Inch
	pageEdge  = 0.12 * vg.Inch

	pageHeight = 9.7 * vg.Inch // of A4, less its margins: no figure is higher
)

var (
	ink   = color.Gray{0x22}
	shade = color.Gray{0x66} // of what explains: floors, round trips
	dim   = color.Gray{0xa0} // of lines that are faint
	pale  = color.Gray{0xe4} // of grids

	plotBackground = color.Gray{0xff}
)

// palette holds Okabe and Ito's colours, which those who see few colours can tell apart
// (jfly.uni-koeln.de/color), the yellow last: it is hard to see as a line.
var palette = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermillion
	{0x00, 0x9e, 0x73, 0xff}, // bluish green
	{0xcc, 0x79, 0xa7, 0xff}, // reddish purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x56, 0xb4, 0xe9, 0xff}, // sky blue
	{0x00, 0x00, 0x00, 0xff}, // black
	{0xf0, 0xe4, 0x42, 0xff}, // yellow
}

// widths are those of lines: the earlier are drawn first and broader, so that a line shows beside the edges of another that
// coincides with it. The last is that of all others, too.
var widths = []vg.Length{2.8, 2.1, 1.6, 1.3, 1.15, 1, 0.9, 0.8, 0.7}

// dashes are the patterns of lines. Of two styles with the same hue one has a pattern from the first half, the other from the second.
var dashes = [][]vg.Length{nil, {8, 4}, {2.5, 2.5}, {9, 3, 2, 3}, {4, 5}, {14, 3}, {1, 2}, {6, 2, 1, 2, 1, 2}}

// look tells a protocol apart from others in a figure. The width of its lines follows from its place in the experiment, since
// lines must show that coincide; its colour, its dashes and its mark are the same in the figures of all results.
type look struct {
	order int // in the experiment
	style int // as result.Styles numbers them
}

// looksOf are the looks of the protocols of a result, in the order of its labels.
func looksOf(r *result.Result) []look {
	var looks []look
	for i, style := range r.Styles() {
		looks = append(looks, look{i, style})
	}
	return looks
}

// protocolColor is the colour of a style.
func protocolColor(style int) color.NRGBA { return palette[result.Hue(style)] }

func (l look) color() color.NRGBA { return protocolColor(l.style) }

// dashes returns the pattern of the protocol's lines.
func (l look) dashes() []vg.Length { return dashes[result.Dashes(l.style)] }

// line is how the protocol's lines are drawn.
func (l look) line() draw.LineStyle {
	return draw.LineStyle{Color: l.color(), Width: widths[min(l.order, len(widths)-1)], Dashes: l.dashes()}
}

// faded makes a colour transparent; opacity is 0 to 1.
func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(255 * opacity)
	return c
}

// What is faint in a table is faint in a figure.
const (
	dimmedOpacity = 0.4
	bandOpacity   = 0.16
)

var (
	axisLine = draw.LineStyle{Color: ink, Width: 0.6}
	gridLine = draw.LineStyle{Color: pale, Width: 0.6}
	tripLine = draw.LineStyle{Color: ink, Width: 0.8, Dashes: []vg.Length{4, 2.5}} // of round trips

	// Behind curves, which run along them, round trips must not be taken for one.
	paleTripLine = draw.LineStyle{Color: shade, Width: 0.6, Dashes: []vg.Length{4, 2.5}}
)

// letters returns a text style of the given size in points.
func letters(size vg.Length, c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		Handler: plot.DefaultTextHandler,
	}
}

func bold(s text.Style) text.Style {
	s.Font.Weight = xfont.WeightBold
	return s
}

func aligned(s text.Style, x text.XAlignment, y text.YAlignment) text.Style {
	s.XAlign, s.YAlign = x, y
	return s
}

var (
	titleText  = bold(letters(10.5, ink))
	headText   = bold(letters(9.5, ink))
	labelText  = letters(9, ink)
	smallText  = letters(8.5, ink)
	remarkText = letters(8.5, shade)
)

// newPlot returns an empty plot in the house's style; the figure around it bears title and labels.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		axis.LineStyle.Width = 0 // the panel draws them: plot sets them off from the data
		axis.Tick.LineStyle = axisLine
		axis.Tick.Length = 3
		axis.Tick.Label.Font, axis.Tick.Label.Color = smallText.Font, ink
	}
	p.Y.Tick.Length = 0 // grid lines do
	grid := plotter.NewGrid()
	grid.Horizontal, grid.Vertical = gridLine, gridLine
	p.Add(grid)
	return p
}
