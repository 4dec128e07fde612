package reports

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// This file draws by how much the percentiles of one protocol or result differ from those of another: the quantile
// differences B − A, as a curve over the percentiles.

// shift is the difference of two distributions.
type shift struct {
	points []shiftPoint
	pairs  int // repeats that each point rests on
}

// shiftPoint is the difference at a percentile, in nanoseconds.
type shiftPoint struct {
	x     float64 // the percentile, on the axis of nines
	by    estimate
	pairs int
}

// shiftStep is the distance of a curve's points on the axis of nines. Between the points of distributionFigure it would take
// much longer to resample the pairs and show no more.
const shiftStep = 0.02

// shiftOf returns the differences of the percentiles that both series have in the same repeats: the mean over the pairs, with
// the interval of centreOf. The unit is the run, as everywhere. The curve ends with the first run that has a percentile no more.
func shiftOf(first, second *series, seed uint64) shift {
	var s shift
	if first == nil || second == nil || first.saturated || second.saturated {
		return s
	}
	type distribution struct {
		of     *result.Operations
		values []time.Duration
	}
	var xs []float64
	var pairs [][2]distribution
	others := second.distributions()
	firsts := first.distributions()
	for repeat, a := range firsts {
		if b, ok := others[repeat]; ok {
			for x := float64(len(xs)) * shiftStep; result.ConfidenceIn(percentileAt(x), max(a.h.TotalCount(), b.h.TotalCount())) != result.Withheld; x = float64(len(xs)) * shiftStep {
				xs = append(xs, x)
			}
		}
	}
	for _, run := range first.runs { // in order: sums of floating-point numbers depend on it
		a, b := firsts[run.Repeat], others[run.Repeat]
		if a.h != nil && b.h != nil {
			pairs = append(pairs, [2]distribution{{a.of, quantiles(a.h, xs)}, {b.of, quantiles(b.h, xs)}})
		}
	}
	for i, x := range xs {
		var by []float64
		for _, pair := range pairs {
			if p := percentileAt(x); pair[0].of.Confidence(p) != result.Withheld && pair[1].of.Confidence(p) != result.Withheld {
				by = append(by, float64(pair[1].values[i]-pair[0].values[i]))
			}
		}
		if len(by) > 0 && len(by) >= s.pairs { // where single runs end, the mean would jump
			s.points = append(s.points, shiftPoint{x, centreOf(by, seed), len(by)})
			s.pairs = len(by)
		}
	}
	return s
}

// ofRun is what the clients of a region saw in one run.
type ofRun struct {
	of *result.Operations
	h  *hdrhistogram.Histogram // of the response times
}

// distributions are those of the single runs, by repeat; a run without histograms has none.
func (s *series) distributions() map[int]ofRun {
	all := map[int]ofRun{}
	for i := range s.runs {
		of := s.runs[i].Regions[s.region].Of(s.kind)
		var h *hdrhistogram.Histogram
		for _, interval := range of.Intervals {
			h = mergeInto(h, interval.Response.Histogram())
		}
		if h != nil {
			all[s.runs[i].Repeat] = ofRun{of, h}
		}
	}
	return all
}

// ErrNoShift is the error of DrawShift if there is no percentile that two members of the comparison have in the same repeat.
var ErrNoShift = errors.New("no percentile may be shown of both in the same repeat")

// DrawShift writes a figure of the same comparison as DrawCompare: by how much each percentile differs from that of the first,
// for each region, with the 95 % interval at each percentile from six paired repeats on. The data is beside it as CSV.
func DrawShift(path string, results []*result.Result, names []string, opts CompareOptions, look FigureOptions) error {
	format, err := FormatOfFile(path)
	if err != nil {
		return fmt.Errorf("drawing the differences: %w", err)
	}
	comparisons, err := comparisonsOf(results, names, opts)
	if err != nil {
		return err
	}
	f, err := shiftFigure(comparisons, results, names)
	if err != nil {
		return err
	}
	encoded, err := f.drawing(&look).encode(format, look.Theme, provenanceOf(f.title, look.Command, results...))
	if err == nil {
		err = errors.Join(writeWhole(path, encoded), writeWhole(strings.TrimSuffix(path, string(format))+"csv", f.data.encode()))
	}
	if err != nil {
		return fmt.Errorf("drawing the differences: %w", err)
	}
	return nil
}

// shiftFigure has a panel for each region and subject of the comparisons, such as reads, and in it a curve for each member but
// the first.
func shiftFigure(comparisons []comparison, results []*result.Result, names []string) (*figure, error) {
	f := &figure{
		title: "By how much the percentiles of latency differ", dataHeight: 2.1 * vg.Inch,
		xLabel: "percentile (%)", yLabel: "difference of " + timeName(results[0]) + "s (ms)",
		data: newData("subject", "region", "difference", "percentile", "difference_ms", "low_ms", "high_ms", "pairs"),
	}
	for i, r := range results {
		f.subtitle = append(f.subtitle, names[i]+" = "+drawable(labelled(r, subtitle(r))))
	}
	type curve struct {
		name string
		shift
	}
	var subjects []string
	for _, c := range comparisons {
		if !slices.Contains(subjects, c.what) {
			subjects = append(subjects, c.what)
		}
	}
	least, most, furthest, banded, fewest := 0.0, 0.0, 0.0, false, 0
	var charts []*plot.Plot
	var legend []string // the names of curves; their numbers are those of their colours
	for _, subject := range subjects {
		for region := range comparisons[0].members[0].regions {
			name := labelled(results[0], comparisons[0].members[0].regions[region])
			var curves []curve
			for _, c := range comparisons {
				if c.what != subject {
					continue
				}
				for _, m := range c.members[1:] {
					curves = append(curves, curve{m.full(c) + " − " + c.members[0].name, shiftOf(c.members[0].series[region], m.series[region], m.seed)})
				}
			}
			if subject != "" {
				name += ", " + subject
			}
			chart := newPlot()
			chart.Add(zeroLine{})
			var lines []plot.Plotter // over all bands
			for i, one := range curves {
				if i >= len(legend) {
					legend = append(legend, one.name)
				}
				if len(one.points) == 0 {
					continue
				}
				points := make(plotter.XYs, len(one.points))
				for j, p := range one.points {
					points[j] = plotter.XY{X: p.x, Y: p.by.value / 1e6}
					least, most = min(least, points[j].Y), max(most, points[j].Y)
					low, high := "", ""
					if p.by.hasInterval {
						banded = true
						least, most = min(least, p.by.low/1e6), max(most, p.by.high/1e6)
						low, high = number(p.by.low/1e6), number(p.by.high/1e6)
					}
					f.data.add(subject, comparisons[0].members[0].regions[region], one.name, percentileAt(p.x), points[j].Y, low, high, int64(p.pairs))
				}
				furthest = max(furthest, one.points[len(one.points)-1].x)
				if fewest == 0 || one.pairs < fewest {
					fewest = one.pairs
				}
				chart.Add(shiftBand{one.shift, i})
				lines = append(lines, line(points, look{i, i}, 1))
			}
			chart.Add(lines...)
			chart.X.Tick.Marker = ninesTicks{}
			charts = append(charts, chart)
			f.panels = append(f.panels, panel{title: name, plot: chart, over: 4})
		}
	}
	if furthest == 0 {
		return nil, ErrNoShift
	}
	f.columns = columnsFor(len(f.panels))
	for _, chart := range charts {
		chart.X.Min, chart.X.Max = 0, furthest
		setDifferences(&chart.Y, least, most)
	}
	for i, name := range legend {
		f.legend = append(f.legend, legendEntry{name, lineSample(look{i, i}, banded)})
	}
	f.legend = append(f.legend, legendEntry{shiftRemark(banded, fewest), nil})
	return f, nil
}

// shiftRemark says what the curves are, and what the bands.
func shiftRemark(banded bool, pairs int) string {
	switch {
	case banded:
		return "mean over paired repeats; band: 95 % interval at each percentile"
	case pairs > 1:
		return fmt.Sprintf("mean over %d paired repeats; an interval takes %d", pairs, runsForInterval)
	}
	return fmt.Sprintf("one pair of runs; an interval takes %d", runsForInterval)
}

// zeroLine is where there is no difference.
type zeroLine struct{}

// Plot implements plot.Plotter.
func (zeroLine) Plot(c draw.Canvas, chart *plot.Plot) {
	_, y := chart.Transforms(&c)
	c.StrokeLine2(axisLine, c.Min.X, y(0), c.Max.X, y(0))
}

// shiftBand draws the intervals of a shift as a band, in the colour of the i-th curve. It ends where they do.
type shiftBand struct {
	shift
	i int
}

// Plot implements plot.Plotter.
func (b shiftBand) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	var upper, lower []vg.Point
	for _, p := range b.points {
		if p.by.hasInterval {
			upper = append(upper, vg.Point{X: x(p.x), Y: y(p.by.high / 1e6)})
			lower = append(lower, vg.Point{X: x(p.x), Y: y(p.by.low / 1e6)})
		}
	}
	slices.Reverse(lower)
	if len(upper) > 1 {
		c.FillPolygon(faded(protocolColor(b.i), bandOpacity), c.ClipPolygonXY(append(upper, lower...)))
	}
}
