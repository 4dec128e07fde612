package reports

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"quorumbench/bench/result"
)

// distributionFigure shows the latency at every percentile: faint where few samples lie beyond it or the
// instrument may be off by some, cut or with a gap where too few do or it may be off by too much. Each region has its own scale, from zero: within a panel twice as high is
// twice as long.
func distributionFigure(v *view) *figure {
	f := &figure{
		title: "Distribution of " + v.noun() + " latency", subtitle: subtitles(v.Result),
		legend: append(v.protocolLegend(false, "saturated", "not run"), tripsEntry(),
			faintEntry("faint: fewer than 100 "+v.noun()+"s beyond, or off by over 1 %; not drawn: fewer than 10, or off by over 5 %")),
		columns: columnsFor(len(v.regions)), dataHeight: 2.1 * vg.Inch,
		xLabel: "percentile (%)", yLabel: timeName(v.Result) + " (ms)",
		data: newData("region", "protocol", "percentile", "ms", "is"),
	}
	furthest := nines(99)
	var charts []*plot.Plot
	for region, name := range v.regions {
		chart := newPlot()
		top := 0.0
		chart.Add(v.tripsFrom(region))
		for i := range v.labels {
			s := v.series[i][region]
			if s == nil || s.saturated {
				continue
			}
			for _, part := range curve(&s.Operations, s.histogram()) {
				last := part.points[len(part.points)-1]
				furthest, top = max(furthest, last.X), max(top, last.Y)
				opacity := 1.0
				if part.faint {
					opacity = dimmedOpacity
				}
				chart.Add(line(part.points, i, opacity))
				f.data.addCurve(name, v.labels[i], part)
			}
		}
		setScale(&chart.Y, top, 7)
		chart.X.Tick.Marker = ninesTicks{}
		charts = append(charts, chart)
		f.panels = append(f.panels, panel{title: name, plot: chart, over: 4})
	}
	for _, chart := range charts {
		chart.X.Min, chart.X.Max = 0, furthest
	}
	return f
}

// curveStep is the distance of a curve's points on the axis of nines.
const curveStep = 0.005

// stretch is a part of a curve that is drawn alike.
type stretch struct {
	points plotter.XYs
	faint  bool
}

// curve returns a distribution over nines, h being that of o's response times: in stretches that are solid or faint by the
// confidence in their percentiles, each beginning where the one before ends, with gaps where percentiles are withheld.
func curve(o *result.Operations, h *hdrhistogram.Histogram) []stretch {
	if h == nil {
		return nil
	}
	var all []stretch
	gap := true
	for i := 0; ; i++ {
		x := float64(i) * curveStep
		percentile := percentileAt(x)
		if result.ConfidenceIn(percentile, h.TotalCount()) == result.Withheld {
			return all
		}
		confidence := o.Confidence(percentile)
		if confidence == result.Withheld {
			gap = true
			continue
		}
		point, faint := plotter.XY{X: x, Y: millis(result.Percentile(h, percentile))}, confidence == result.Dimmed
		if gap || all[len(all)-1].faint != faint {
			next := stretch{faint: faint}
			if !gap {
				before := all[len(all)-1].points
				next.points = plotter.XYs{before[len(before)-1]}
			}
			all, gap = append(all, next), false
		}
		last := &all[len(all)-1]
		last.points = append(last.points, point)
	}
}

// addCurve adds the points of a part of a curve, eight for each further nine.
func (d *figureData) addCurve(region, label string, part stretch) {
	const every = 1 / (8 * curveStep)
	for i, point := range part.points {
		if step := math.Round(point.X / curveStep); math.Mod(step, every) == 0 || i == len(part.points)-1 {
			sure := result.Solid
			if part.faint {
				sure = result.Dimmed
			}
			d.add(region, label, percentileAt(point.X), point.Y, sure)
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
