package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// MostSystems is how many quorum systems a figure of their availability shows.
const MostSystems = 6

// DrawAvailability draws how likely it is that quorum systems have no quorum, over how likely failures are, and writes what it
// shows as CSV beside it. Path ends in .png, .svg or .pdf.
func DrawAvailability(path string, a *result.Availability, opts FigureOptions) error {
	format, err := FormatOfFile(path)
	if err != nil {
		return err
	}
	if len(a.Systems) > MostSystems {
		return fmt.Errorf("found %d quorum systems to draw; accepted: up to %d", len(a.Systems), MostSystems)
	}
	f := availabilityFigure(a)
	content, err := f.drawing(&opts).encode(format, opts.Theme, provenanceOf(f.title, opts.Command))
	if err == nil {
		err = writeWhole(path, content)
	}
	if err == nil {
		err = writeWhole(strings.TrimSuffix(path, "."+string(format))+".csv", f.data.encode())
	}
	if err != nil {
		return fmt.Errorf("drawing availability: %w", err)
	}
	return nil
}

// least is the least probability that the axis shows: less is a second in thirty years.
const leastUnavailable = 1e-9

func availabilityFigure(a *result.Availability) *figure {
	f := &figure{
		title:    "How likely it is that there is no quorum",
		subtitle: []string{"regions and, beside them, single replicas fail independently"},
		columns:  2, dataHeight: 2.6 * vg.Inch, yLabel: "probability of no quorum",
		data: newData("system", "replica_fails", "region_fails", "no_quorum"),
	}
	least := 1.0 // the lowest power of ten on the axis
	for _, s := range a.Systems {
		for _, line := range [][]result.Unavailable{s.OverRegion, s.OverReplica} {
			for _, p := range line {
				if p.Without > 0 {
					least = min(least, math.Pow(10, math.Floor(math.Log10(p.Without))))
				}
			}
		}
	}
	least = max(least, leastUnavailable)
	over := func(title string, of func(*result.AvailabilityOf) []result.Unavailable) {
		chart := newPlot()
		for i := range a.Systems {
			var line plotter.XYs
			for _, p := range of(&a.Systems[i]) {
				if p.Without >= least {
					line = append(line, plotter.XY{X: p.Fails, Y: p.Without})
				}
			}
			if len(line) > 0 {
				chart.Add(smoothLine{line, i})
			}
		}
		chart.X.Scale, chart.X.Tick.Marker = plot.LogScale{}, shareTicks{}
		chart.Y.Scale, chart.Y.Tick.Marker = plot.LogScale{}, shareTicks{}
		chart.X.Min, chart.X.Max, chart.Y.Min, chart.Y.Max = 1e-5, 0.5, least, 1
		f.panels = append(f.panels, panel{title: title, plot: chart, over: 4})
	}
	over("over how likely a region fails, a replica: "+percent(a.Failures.Replica), func(s *result.AvailabilityOf) []result.Unavailable { return s.OverRegion })
	over("over how likely a replica fails, a region: "+percent(a.Failures.Region), func(s *result.AvailabilityOf) []result.Unavailable { return s.OverReplica })
	for i, s := range a.Systems {
		f.legend = append(f.legend, legendEntry{s.Label, func(c draw.Canvas) {
			c.StrokeLine2(smoothLine{nil, i}.style(), c.Min.X, c.Center().Y, c.Max.X, c.Center().Y)
		}})
		for _, p := range s.OverRegion {
			f.data.add(s.Label, exponent(a.Failures.Replica), exponent(p.Fails), exponent(p.Without))
		}
		for _, p := range s.OverReplica {
			f.data.add(s.Label, exponent(p.Fails), exponent(a.Failures.Region), exponent(p.Without))
		}
	}
	return f
}

func exponent(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }

// percent writes a probability: 0.1 %.
func percent(x float64) string {
	return strings.Replace(strconv.FormatFloat(100*x, 'g', 6, 64), "e-0", "e-", 1) + " %"
}

// shareTicks are marks at powers of ten, named in percent.
type shareTicks struct{}

// Ticks implements plot.Ticker.
func (shareTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	for power := math.Round(math.Log10(low)); power <= math.Round(math.Log10(high)); power++ {
		if value := math.Pow(10, power); value >= low*0.99 && value <= high*1.01 {
			ticks = append(ticks, plot.Tick{Value: value, Label: percent(value)})
		}
	}
	return ticks
}

// smoothLine is a line without marks, in the colour and the dashes of a series.
type smoothLine struct {
	points plotter.XYs
	series int
}

func (l smoothLine) style() draw.LineStyle {
	dashes := [][]vg.Length{nil, {6, 3}, {2, 2}, {8, 2, 2, 2}, {12, 3}, {1, 3}}
	return draw.LineStyle{Color: protocolColor(l.series), Width: 1.6, Dashes: dashes[l.series%len(dashes)]}
}

// Plot implements plot.Plotter.
func (l smoothLine) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	at := make([]vg.Point, len(l.points))
	for i, p := range l.points {
		at[i] = vg.Point{X: x(p.X), Y: y(p.Y)}
	}
	c.StrokeLines(l.style(), c.ClipLinesXY(at)...)
}
