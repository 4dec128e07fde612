package reports

import (
	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"quorumbench/bench/result"
)

// distributionFigure shows the latency at every percentile: faint where few samples lie beyond it,
// cut where too few do. Each region has its own scale, from zero: within a panel twice as high is
// twice as long.
func distributionFigure(v *view) *figure {
	f := &figure{
		title: "Distribution of " + v.noun() + " latency", subtitle: []string{subtitle(v.Result)},
		legend: append(v.protocolLegend(false, "saturated", "not run"), tripsEntry(),
			faintEntry("faint: fewer than 100 "+v.noun()+"s beyond; cut: fewer than 10")),
		columns: columnsFor(len(v.regions)), dataHeight: 2.1 * vg.Inch,
		xLabel: "percentile (%)", yLabel: "response time (ms)",
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
			solid, faint := curve(s.histogram())
			for _, part := range []struct {
				points  plotter.XYs
				opacity float64
			}{{faint, dimmedOpacity}, {solid, 1}} {
				if len(part.points) == 0 {
					continue
				}
				last := part.points[len(part.points)-1]
				furthest, top = max(furthest, last.X), max(top, last.Y)
				chart.Add(line(part.points, i, part.opacity))
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

// curve returns a distribution over nines, the part whose percentiles are solid and the part
// where they are faint, which begins where the solid one ends.
func curve(h *hdrhistogram.Histogram) (solid, faint plotter.XYs) {
	if h == nil {
		return nil, nil
	}
	for i := 0; ; i++ {
		x := float64(i) * curveStep
		percentile := percentileAt(x)
		confidence := result.ConfidenceIn(percentile, h.TotalCount())
		if confidence == result.Withheld {
			return solid, faint
		}
		point := plotter.XY{X: x, Y: millis(result.Percentile(h, percentile))}
		if confidence == result.Solid {
			solid = append(solid, point)
			continue
		}
		if len(faint) == 0 && len(solid) > 0 {
			faint = append(faint, solid[len(solid)-1])
		}
		faint = append(faint, point)
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
