package reports

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// What the figures with horizontal bars have in common: bars under one another, the first at the top,
// each with a name at its left and a value at its right, over an axis of milliseconds.

// How far apart bars are, in points, and the least where there are many: names must not cover each other.
const (
	barPitch   = 17
	leastPitch = 9.6
)

// barChart returns an empty plot with room for named bars, on a scale from 0 to limit milliseconds;
// labelled gives the scale numbers.
func barChart(names []string, limit float64, labelled bool) *plot.Plot {
	chart := newPlot()
	chart.X.Min, chart.X.Max = 0, limit
	chart.Y.Min, chart.Y.Max = 0, float64(max(1, len(names)))
	ticks := make(plot.ConstantTicks, len(names))
	for i, name := range names {
		ticks[i] = plot.Tick{Value: barMiddle(i, len(names)), Label: name}
	}
	chart.Y.Tick.Marker = ticks
	chart.X.Tick.Marker = roundTicks{most: 8, unlabelled: !labelled}
	return chart
}

// barMiddle is where the i-th of so many bars stands on the y axis.
func barMiddle(i, bars int) float64 { return float64(bars-i) - 0.5 }

// barRoom is how high so many bars are together.
func barRoom(bars int) vg.Length { return vg.Length(max(1, bars)) * barPitch }

// leastBarRoom is the least height that so many bars can have together.
func leastBarRoom(bars int) vg.Length { return vg.Length(max(1, bars)) * leastPitch }

// pitchOf is how far apart so many bars are on a data area, which is the canvas's.
func pitchOf(c draw.Canvas, bars int) vg.Length { return c.Size().Y / vg.Length(max(1, bars)) }

// valueRoom is the room that a value takes beside the data area.
func valueRoom(value string) vg.Length { return smallText.Width(value) + 2*sampleGap }

// writeValue writes the value of the i-th of so many bars beside the data area, which is the canvas's.
func writeValue(c draw.Canvas, i, bars int, value string) {
	writeBeside(c, smallText, vg.Point{X: c.Max.X + 2*sampleGap, Y: c.Y(barMiddle(i, bars) / float64(bars))}, value)
}
