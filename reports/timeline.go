package reports

import (
	"fmt"
	"image/color"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// timelineFigure shows how latency went over the measured time: the median and the band from p10
// to p90. Of repeats it draws the first, and says so. A saturated run is drawn: here a growing
// queue is what one wants to see.
func timelineFigure(v *view) *figure {
	what := v.title(" latency over time: median, and p10 to p90")
	if v.Experiment.Repeats > 1 {
		what += fmt.Sprintf(", of the first of %d repeats", v.Experiment.Repeats)
	}
	f := &figure{
		title: what, subtitle: subtitles(v.Result),
		legend:  append(v.protocolLegend(true, "not run"), tripsEntry()),
		columns: 1, dataHeight: 1.15 * vg.Inch, leastHeight: 0.55 * vg.Inch, sharedX: 11,
		xLabel: "time since measuring began (s)", yLabel: timeName(v.Result) + " (ms)",
		data: newData("region", "protocol", "from_s", "to_s", "p10_ms", "p50_ms", "p90_ms"),
	}
	end := 0.0
	var charts []*plot.Plot
	for region, name := range v.regions {
		chart := newPlot()
		top := 0.0
		chart.Add(faultMarks{v.Result}, v.tripsFrom(region))
		var lines []plot.Plotter // over all bands
		for i := range v.labels {
			s := v.series[i][region]
			if s == nil {
				continue
			}
			steps := coarsened(s.runs[0].Regions[s.region].Of(v.kind).Intervals)
			if len(steps) == 0 {
				continue
			}
			medians, band := timeline(steps)
			for _, one := range steps {
				at := func(p float64) time.Duration { return time.Duration(result.Percentile(one.response, p)) }
				f.data.add(name, v.labels[i], one.from, one.to, at(10), at(50), at(90))
			}
			for _, p := range band {
				top = max(top, p.Y)
			}
			end = max(end, medians[len(medians)-1].X)
			chart.Add(&plotter.Polygon{XYs: []plotter.XYs{band}, Color: faded(v.looks[i].color(), bandOpacity)})
			lines = append(lines, line(medians, v.looks[i], 1))
		}
		chart.Add(lines...)
		setScale(&chart.Y, top, 5)
		charts = append(charts, chart)
		f.panels = append(f.panels, panel{title: name, plot: chart, over: overFaults(v.Result)})
	}
	end = max(end, v.Experiment.Load.Duration.Seconds())
	for i, chart := range charts {
		chart.X.Min, chart.X.Max = 0, end
		f.panels[i].overlay = faultNumbers(v.Result, end)
	}
	return f
}

// faultList tells the faults, by the numbers that mark them in the figure.
func faultList(r *result.Result) []string {
	faults := r.Experiment.Faults
	if len(faults) == 0 {
		return nil
	}
	list := make([]string, len(faults))
	for i := range faults {
		list[i] = fmt.Sprintf("[%d] %s at %v", i+1, faults[i].String(), faults[i].At)
	}
	return []string{"faults: " + strings.Join(list, ", ")}
}

// faultMarks mark the faults in a panel over time: a line across it where a fault happened, and a shade while it lasts. Where
// other voters were asked for, the shade lasts until the last membership was committed, and a thin line marks each that was. They
// belong behind what is measured. It implements plot.Plotter.
type faultMarks struct{ of *result.Result }

// Plot implements plot.Plotter.
func (marks faultMarks) Plot(c draw.Canvas, chart *plot.Plot) {
	faults := marks.of.Experiment.Faults
	x, _ := chart.Transforms(&c)
	for i := range faults {
		begin, end := x(faults[i].At.Seconds()), min(x((faults[i].At+faults[i].For).Seconds()), c.Max.X)
		if begin > c.Max.X {
			continue
		}
		fill(c, faultShade, vg.Rectangle{Min: vg.Point{X: begin, Y: c.Min.Y}, Max: vg.Point{X: max(begin, end), Y: c.Max.Y}})
		c.StrokeLine2(draw.LineStyle{Color: faultInk, Width: 0.8}, begin, c.Min.Y, begin, c.Max.Y)
	}
	for _, label := range marks.of.Labels() {
		runs := marks.of.RunsOf(label)
		if len(runs) == 0 {
			continue
		}
		for _, one := range changesOf(runs[0].Faults, marks.of.Experiment.Load.Duration) {
			fill(c, faultShade, vg.Rectangle{Min: vg.Point{X: x(one.asked.Seconds()), Y: c.Min.Y}, Max: vg.Point{X: min(x(one.done.Seconds()), c.Max.X), Y: c.Max.Y}})
		}
		for _, mark := range runs[0].Faults {
			if at := x(mark.At.Seconds()); ofLeader(mark) && at >= c.Min.X && at <= c.Max.X {
				c.StrokeLine2(draw.LineStyle{Color: faultInk, Width: 0.3}, at, c.Min.Y, at, c.Max.Y)
			}
		}
	}
}

// faultText is how the numbers of faults are written.
func faultText() text.Style { return aligned(letters(8.5, faultInk), text.XLeft, text.YBottom) }

// overFaults is the room above a panel over time for the numbers of its faults.
func overFaults(r *result.Result) vg.Length {
	if len(r.Experiment.Faults) == 0 {
		return 4
	}
	return 2 + lineHeight(faultText())
}

// faultNumbers writes, above a panel over a time from 0 to end in seconds, the numbers of the faults where they happen. Those
// that would cover one before are left out: the list of faults has them.
func faultNumbers(r *result.Result, end float64) func(c draw.Canvas) {
	return func(c draw.Canvas) {
		faults, style := r.Experiment.Faults, faultText()
		numbers := map[time.Duration]string{} // by when the faults happen
		for i := range faults {
			numbers[faults[i].At] += fmt.Sprintf("[%d]", i+1)
		}
		taken := c.Min.X
		for i := range faults {
			at, number := c.X(faults[i].At.Seconds()/end), numbers[faults[i].At]
			delete(numbers, faults[i].At)
			at = min(at, c.Max.X+sampleGap-style.Width(number))
			if number == "" || at < taken || faults[i].At.Seconds() > end {
				continue
			}
			c.FillText(style, vg.Point{X: at, Y: c.Max.Y + 1}, number)
			taken = at + style.Width(number) + 1
		}
	}
}

// The colours of faults: a grey shade while they last.
var (
	faultInk   = color.NRGBA{R: 90, G: 90, B: 90, A: 255}
	faultShade = color.NRGBA{R: 0, G: 0, B: 0, A: 18}
)

// step is a part of the measured time with enough writes for a median.
type step struct {
	from, to float64 // seconds
	response *hdrhistogram.Histogram
}

// coarsened joins neighbouring intervals until each has the writes that a median takes; what is
// left over at the end is added to the last.
func coarsened(intervals []result.Interval) []step {
	var steps []step
	var open *step
	for _, interval := range intervals {
		if interval.Response == nil {
			continue
		}
		if open == nil {
			open = &step{from: interval.Start.Seconds()}
		}
		open.to = (interval.Start + interval.Length).Seconds()
		open.response = mergeInto(open.response, interval.Response.Histogram())
		if result.ConfidenceIn(50, open.response.TotalCount()) != result.Withheld {
			steps, open = append(steps, *open), nil
		}
	}
	if last := len(steps) - 1; open != nil && last >= 0 {
		steps[last].to = open.to
		steps[last].response.Merge(open.response)
	}
	return steps
}

// timeline returns the medians, held over each step, and the outline of the band from p10 to p90.
func timeline(steps []step) (medians, band plotter.XYs) {
	at := func(s step, percentile float64) float64 { return millis(result.Percentile(s.response, percentile)) }
	for _, s := range steps {
		medians = append(medians, plotter.XY{X: s.from, Y: at(s, 50)}, plotter.XY{X: s.to, Y: at(s, 50)})
		band = append(band, plotter.XY{X: s.from, Y: at(s, 90)}, plotter.XY{X: s.to, Y: at(s, 90)})
	}
	for _, s := range slices.Backward(steps) {
		band = append(band, plotter.XY{X: s.to, Y: at(s, 10)}, plotter.XY{X: s.from, Y: at(s, 10)})
	}
	return medians, band
}
