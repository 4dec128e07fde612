package reports

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// distributionFigure shows at every percentile by how much latency exceeds the floor: protocols whose latencies are alike, or
// which are all close to their floors, lie apart there. Reads have no floor: of them, it shows latency itself.
//
// Curves are faint where few samples lie beyond or the instrument may be off by some, and cut or with a gap where too few do
// or it may be off by too much. The band goes from the least to the greatest of the repeats; without repeats, it is what may
// be the instrument's.
func distributionFigure(v *view) *figure {
	f := &figure{
		title: v.title(" latency above the floor, by percentile"), subtitle: subtitles(v.Result), columns: columnsFor(len(v.regions)), dataHeight: 2.1 * vg.Inch, leastHeight: 1.2 * vg.Inch,
		xLabel: "percentile (%)", yLabel: timeName(v.Result) + " above the floor (ms)",
		data: newData("region", "protocol", "percentile", "ms", "above_floor_ms", "band_from_ms", "band_to_ms", "is"),
	}
	if !v.ofWrites() {
		f.title, f.yLabel = v.title(" latency by percentile"), timeName(v.Result)+" (ms)"
	}
	furthest, banded := nines(99), false
	least, most := 0.0, 0.0
	var charts []*plot.Plot
	for region, name := range v.regions {
		chart := newPlot()
		if !v.ofWrites() {
			chart.Add(v.tripsFrom(region))
		}
		var lines []plot.Plotter // over all bands
		for i, label := range v.labels {
			s := v.series[i][region]
			if s == nil || s.saturated {
				continue
			}
			for _, part := range s.curve() {
				f.data.addCurve(name, label, part)
				low, high := part.outline()
				least, most = min(least, slices.Min(low)), max(most, slices.Max(high))
				furthest = max(furthest, part.points[len(part.points)-1].x)
				opacity := 1.0
				if part.faint {
					opacity = dimmedOpacity
				}
				if part.banded() {
					banded = true
					chart.Add(band{part, v.looks[i]})
				}
				lines = append(lines, line(part.line(), v.looks[i], opacity))
			}
		}
		chart.Add(lines...)
		chart.X.Tick.Marker = ninesTicks{}
		charts = append(charts, chart)
		f.panels = append(f.panels, panel{title: name, plot: chart, over: 4})
	}
	for _, chart := range charts {
		chart.X.Min, chart.X.Max = 0, furthest
		setDifferences(&chart.Y, least, most)
	}
	f.legend = v.protocolLegend(banded, "saturated", "not run")
	if !v.ofWrites() {
		f.legend = append(f.legend, tripsEntry())
	}
	if banded {
		what := "band: what may be the instrument's"
		if n := v.Experiment.Repeats; n > 1 {
			what = fmt.Sprintf("band: least to greatest of %d repeats", n)
		}
		f.legend = append(f.legend, legendEntry{what, nil})
	}
	f.legend = append(f.legend, faintEntry("faint: fewer than 100 "+v.noun()+"s beyond, or off by over 1 %; not drawn: fewer than 10, or off by over 5 %"))
	return f
}

// flatShare is how far a latency may be from another, as a share of it, and still count as the same in a figure: twice what
// the three digits of a histogram leave open.
const flatShare = 0.002

// noDistribution says why there is nothing to draw: no percentile may be shown, or those that may are at their floors.
func (v *view) noDistribution() string {
	any := false
	for _, row := range v.series {
		for _, s := range row {
			if s == nil || s.saturated {
				continue
			}
			for _, part := range s.curve() {
				any = true
				for _, p := range part.points {
					if !v.ofWrites() || math.Abs(millis(p.at-s.Floor)) > flatShare*millis(p.at) {
						return ""
					}
				}
			}
		}
	}
	if !any {
		return "no percentile may be shown"
	}
	return "every percentile that may be shown is at its floor"
}

// curveStep is the distance of a curve's points on the axis of nines.
const curveStep = 0.005

// quantile is a point of a distribution.
type quantile struct {
	x         float64 // the percentile, on the axis of nines
	at        time.Duration
	low, high time.Duration // of the band
}

// stretch is a part of a curve that is drawn alike.
type stretch struct {
	points []quantile
	floor  time.Duration // that the curve is drawn above
	faint  bool
}

// line is the stretch as it is drawn, in milliseconds above the floor.
func (s stretch) line() plotter.XYs {
	xys := make(plotter.XYs, len(s.points))
	for i, p := range s.points {
		xys[i] = plotter.XY{X: p.x, Y: millis(p.at - s.floor)}
	}
	return xys
}

// outline is the stretch's band, in milliseconds above the floor.
func (s stretch) outline() (low, high []float64) {
	for _, p := range s.points {
		low, high = append(low, millis(p.low-s.floor)), append(high, millis(p.high-s.floor))
	}
	return low, high
}

// banded reports whether the band is as wide anywhere as can be seen.
func (s stretch) banded() bool {
	return slices.ContainsFunc(s.points, func(p quantile) bool { return millis(p.high-p.low) > flatShare*millis(p.at) })
}

// curve returns the distribution of the series over nines: in stretches that are solid or faint by the
// confidence in their percentiles, each beginning where the one before ends, with gaps where percentiles are withheld.
func (s *series) curve() []stretch {
	merged := s.histogram()
	if merged == nil {
		return nil
	}
	var xs []float64
	for x := 0.0; result.ConfidenceIn(percentileAt(x), merged.TotalCount()) != result.Withheld; x = float64(len(xs)) * curveStep {
		xs = append(xs, x)
	}
	values := quantiles(merged, xs)
	low, high := s.band(values, xs)
	if least := s.Response.Min; least > 0 && len(values) > 0 { // which is exact
		values[0], low[0], high[0] = least, min(low[0], least), max(high[0], least)
	}
	var all []stretch
	gap := true
	for i, x := range xs {
		confidence := s.Confidence(percentileAt(x))
		if confidence == result.Withheld {
			gap = true
			continue
		}
		point, faint := quantile{x, values[i], min(low[i], values[i]), max(high[i], values[i])}, confidence == result.Dimmed
		if gap || all[len(all)-1].faint != faint {
			next := stretch{faint: faint, floor: s.Floor}
			if !gap {
				before := all[len(all)-1].points
				next.points = []quantile{before[len(before)-1]}
			}
			all, gap = append(all, next), false
		}
		last := &all[len(all)-1]
		last.points = append(last.points, point)
	}
	return all
}

// band is between which times the percentiles of the single repeats lie, as far as they have them; of a single run, how much
// of the percentiles may be the instrument's.
func (s *series) band(values []time.Duration, xs []float64) (low, high []time.Duration) {
	low, high = slices.Clone(values), slices.Clone(values)
	if len(s.runs) < 2 {
		for i, x := range xs {
			// Nothing is quicker than the floor, whatever the instrument may have added.
			low[i] = min(low[i], max(s.Floor, low[i]-s.Bound(percentileAt(x))))
		}
		return low, high
	}
	for _, run := range s.runs {
		of := run.Regions[s.region].Of(s.kind)
		h := mergedOf(of.Intervals)
		if h == nil {
			continue
		}
		for i, at := range quantiles(h, xs) {
			if of.Confidence(percentileAt(xs[i])) != result.Withheld {
				low[i], high[i] = min(low[i], at), max(high[i], at)
			}
		}
	}
	return low, high
}

// quantiles are the values of a histogram at places on the axis of nines, which rise: result.Percentile of all of them at once.
func quantiles(h *hdrhistogram.Histogram, xs []float64) []time.Duration {
	values := make([]time.Duration, len(xs))
	n := float64(h.TotalCount())
	counted, i := int64(0), 0
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		counted += bar.Count
		for i < len(xs) && float64(counted) >= max(1, math.Ceil(percentileAt(xs[i])/100*n*(1-1e-15))) {
			values[i] = time.Duration(bar.To)
			i++
		}
	}
	return values
}

// band draws the band of a part of a curve, in the colour of a protocol.
type band struct {
	part stretch
	of   look
}

// Plot implements plot.Plotter.
func (b band) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	low, high := b.part.outline()
	var outline []vg.Point
	for i, p := range b.part.points {
		outline = append(outline, vg.Point{X: x(p.x), Y: y(high[i])})
	}
	for i, p := range slices.Backward(b.part.points) {
		outline = append(outline, vg.Point{X: x(p.x), Y: y(low[i])})
	}
	c.FillPolygon(faded(b.of.color(), bandOpacity), c.ClipPolygonXY(outline))
}

// addCurve adds the points of a part of a curve, eight for each further nine.
func (d *figureData) addCurve(region, label string, part stretch) {
	const every = 1 / (8 * curveStep)
	for i, p := range part.points {
		if step := math.Round(p.x / curveStep); math.Mod(step, every) == 0 || i == len(part.points)-1 {
			sure := result.Solid
			if part.faint {
				sure = result.Dimmed
			}
			d.add(region, label, percentileAt(p.x), p.at, p.at-part.floor, p.low, p.high, sure)
		}
	}
}

// columnsFor is in how many columns panels are set that are about as high as wide.
func columnsFor(panels int) int {
	switch panels {
	case 0, 1:
		return 1
	case 2, 4:
		return 2
	}
	return 3
}
