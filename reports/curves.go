package reports

import (
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// What the figures with curves have in common: a line for each protocol, in its colour and
// stroke, over an axis of milliseconds with the round trips marked.

// line draws points in the style of a protocol.
func line(points plotter.XYs, of look, opacity float64) *plotter.Line {
	style := of.line()
	style.Color = faded(of.color(), opacity)
	return &plotter.Line{XYs: points, LineStyle: style}
}

// setScale lets an axis of milliseconds run from zero to a little above top.
func setScale(axis *plot.Axis, top float64, ticks int) {
	if top <= 0 {
		top = 1
	}
	axis.Min, axis.Max = 0, top*1.06
	axis.Tick.Marker = roundTicks{most: ticks}
}

// tripsFrom returns the marks of a region's round trips.
func (v *view) tripsFrom(region int) trips {
	for i := range v.labels {
		if s := v.series[i][region]; s != nil {
			return trips{s.Quorum}
		}
	}
	return trips{}
}

// trips marks one and two round trips across a chart, as far as they are on its scale.
type trips struct{ quorum time.Duration }

// Plot implements plot.Plotter.
func (t trips) Plot(c draw.Canvas, chart *plot.Plot) {
	_, y := chart.Transforms(&c)
	for n := 1; n <= 2 && t.quorum > 0; n++ {
		if at := y(float64(n) * millis(t.quorum)); at <= c.Max.Y {
			c.StrokeLine2(paleTripLine, c.Min.X, at, c.Max.X, at)
		}
	}
}

func tripsEntry() legendEntry {
	return legendEntry{tripsName, func(c draw.Canvas) {
		for _, share := range []float64{0.2, 0.8} {
			c.StrokeLine2(paleTripLine, c.Min.X, c.Y(share), c.Max.X, c.Y(share))
		}
	}}
}

// protocolLegend names the lines of the protocols. Those with one of the given caveats are not
// drawn, so only their names stand there.
func (v *view) protocolLegend(band bool, notDrawn ...string) []legendEntry {
	var entries []legendEntry
	for i, label := range v.labels {
		sample := lineSample(v.looks[i], band)
		if slices.Contains(notDrawn, v.caveat(label)) {
			sample = nil
		}
		entries = append(entries, legendEntry{v.withCaveat(label), sample})
	}
	return entries
}

// faintEntry shows what faint lines look like, and says what they mean.
func faintEntry(meaning string) legendEntry {
	return legendEntry{meaning, func(c draw.Canvas) {
		c.StrokeLine2(draw.LineStyle{Color: dim, Width: 2}, c.Min.X, c.Center().Y, c.Max.X, c.Center().Y)
	}}
}
