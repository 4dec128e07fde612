package reports

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"quorumbench/bench/result"
)

// This file shows, of sweeps with a protocol that executes instances together which depend on each other, how far execution lags
// behind commit, and how many instances that takes.

// hasComponents reports whether some protocol has executed several instances together because each depends on the others.
func (s *sweep) hasComponents() bool {
	return slices.ContainsFunc(s.Runs, func(run result.Run) bool { return run.HasComponents() })
}

// committed is the median, over runs, of the median time until a region's writes were committed; ok is false if it is not
// known. It counts writes that were answered in time.
func (s *series) committed() (at time.Duration, ok bool) {
	return s.medianOfP50(func(run *result.RegionRun) *result.Summary {
		if run.Breakdown == nil {
			return nil
		}
		return &run.Breakdown.Commit
	})
}

// answered is the same until they were answered.
func (s *series) answered() (at time.Duration, ok bool) {
	return s.medianOfP50(func(run *result.RegionRun) *result.Summary { return &run.Response })
}

// medianOfP50 is the median, over the runs that have it, of the p50 of a time; ok is false if none has.
func (s *series) medianOfP50(of func(*result.RegionRun) *result.Summary) (at time.Duration, ok bool) {
	var medians []float64
	for i := range s.runs {
		if one := of(&s.runs[i].Regions[s.region]); one != nil && one.Count > 0 {
			medians = append(medians, p50.of(*one))
		}
	}
	if len(medians) == 0 {
		return 0, false
	}
	return time.Duration(medianOfValues(medians)), true
}

// together is how many instances a protocol had to look at together at a point of a sweep, in order to execute one.
type together struct {
	largest int64
	mean    float64 // of those above one; 1 if there are none
}

// together returns it for each point; nil of a protocol whose instances do not depend on each other.
func (s *sweep) together(label string) []together {
	if _, any := result.Together(noted(s.Result, label)); !any {
		return nil
	}
	all := make([]together, len(s.points))
	for n, value := range s.values {
		all[n] = together{largest: 1, mean: 1}
		if m, any := result.Together(noted(s.At(value), label)); any {
			all[n] = together{largest: m.Max, mean: m.Mean()}
		}
	}
	return all
}

func (t together) String() string {
	if t.largest == 1 {
		return "1"
	}
	return count(t.largest) + " (" + meanOf(result.Measure{Count: 1000, Sum: int64(math.Round(1000 * t.mean))}) + ")"
}

// writeExecution writes until when the writes of each region were committed and answered, and how many instances were executed
// together; nothing if no protocol executes several together.
func (s *sweep) writeExecution(out *Page) {
	if !s.hasComponents() {
		return
	}
	header := []any{"protocol", "region"}
	for _, value := range s.values {
		header = append(header, value)
	}
	t := newTable(header...)
	for i, label := range s.points[0].labels {
		name := label
		for region, regionName := range s.points[0].regions {
			row := table.Row{name, regionName}
			for _, v := range s.points {
				row = append(row, executionCell(v.series[i][region]))
			}
			t.AppendRow(row)
			name = ""
		}
		if sizes := s.together(label); sizes != nil {
			row := table.Row{"", "together"}
			for _, size := range sizes {
				row = append(row, size.String())
			}
			t.AppendRow(row)
		}
		t.AppendSeparator()
	}
	fmt.Fprintf(out, "\nwrites: p50 until committed / until answered in ms, by %s\n", s.Experiment.Sweep.Path)
	out.Table(t)
	fmt.Fprintln(out, "together: how many instances had to be looked at to execute one, the most, and the mean of those above one. What is answered is executed.")
}

// executionCell writes both times without their unit. A saturated run is shown: here waiting is what one wants to see.
func executionCell(s *series) string {
	if s == nil {
		return "not run"
	}
	cell := func(at time.Duration, ok bool) string {
		if !ok {
			return withheldMark
		}
		text := ms(at)
		return text[:len(text)-len(" ms")]
	}
	committed, answered := cell(s.committed()), cell(s.answered())
	if s.unanswered(50) {
		answered = "> " + answered
	}
	return committed + " / " + answered
}

// executionFigure shows, for each region, until when a write was answered and committed at each point, and, in the last panel, how
// many instances were executed together.
func (s *sweep) executionFigure() *figure {
	f := &figure{
		title: "Writes: p50 until answered solid, until committed dashed", subtitle: subtitles(s.Result),
		legend: s.legend(), columns: columnsFor(len(s.points[0].regions) + 1), dataHeight: 2.3 * vg.Inch, leastHeight: 1.2 * vg.Inch,
		xLabel: s.Experiment.Sweep.Path, upright: true, yLabel: "",
		data: newData(s.Experiment.Sweep.Path, "region", "protocol", "committed_p50_ms", "answered_p50_ms", "together_largest", "together_mean_above_one"),
	}
	f.subtitle = append(f.subtitle, "Together: how many instances had to be looked at to execute one, the most solid, the mean of those above one dashed")
	times, places := newScale(), s.places()
	for region, name := range s.points[0].regions {
		chart := s.newChart()
		for i := range s.points[0].labels {
			var committed, answered plotter.XYs
			for n, v := range s.points {
				one := v.series[i][region]
				if one == nil {
					continue
				}
				if at, ok := one.committed(); ok {
					committed = append(committed, plotter.XY{X: places[n], Y: millis(at)})
				}
				if at, ok := one.answered(); ok {
					answered = append(answered, plotter.XY{X: places[n], Y: millis(at)})
				}
			}
			times.add(chart, sweepLine{committed, s.points[0].looks[i], true}, sweepLine{answered, s.points[0].looks[i], false})
		}
		times.charts = append(times.charts, chart)
		f.panels = append(f.panels, panel{title: name + " (ms)", plot: chart, over: 4})
	}
	sizes := newScale()
	chart := s.newChart()
	for i, label := range s.points[0].labels {
		var largest, mean plotter.XYs
		for n, size := range s.together(label) {
			largest = append(largest, plotter.XY{X: places[n], Y: float64(size.largest)})
			mean = append(mean, plotter.XY{X: places[n], Y: size.mean})
		}
		sizes.add(chart, sweepLine{mean, s.points[0].looks[i], true}, sweepLine{largest, s.points[0].looks[i], false})
	}
	sizes.charts = []*plot.Plot{chart}
	f.panels = append(f.panels, panel{title: "together (instances)", plot: chart, over: 4})
	if times.set() {
		f.subtitle = append(f.subtitle, "The scales of time are logarithmic")
	}
	if sizes.set() {
		f.panels[len(f.panels)-1].title += ", logarithmic"
	}
	s.executionData(f.data)
	return f
}

// executionData adds what the figure shows, a row for each point, region and protocol.
func (s *sweep) executionData(data *figureData) {
	for n, v := range s.points {
		for region, name := range v.regions {
			for i, label := range v.labels {
				one := v.series[i][region]
				if one == nil {
					continue
				}
				cells := []any{s.values[n], name, label}
				for _, time := range []func() (time.Duration, bool){one.committed, one.answered} {
					if at, ok := time(); ok {
						cells = append(cells, at)
					} else {
						cells = append(cells, "")
					}
				}
				if sizes := s.together(label); sizes != nil {
					cells = append(cells, sizes[n].largest, number(sizes[n].mean))
				} else {
					cells = append(cells, "", "")
				}
				data.add(cells...)
			}
		}
	}
}
