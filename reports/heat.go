package reports

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// The grid of a heat map.
const (
	heatColumns = 60 // at most, of time
	heatRows    = 30 // of latency
)

// heat is the operations of one series over time: for each moment, how many took how long.
type heat struct {
	protocol int
	moments  []moment
}

// moment is a part of the measured time.
type moment struct {
	from, to float64 // seconds
	bars     []heatBar
	total    int64
}

// heatBar is how many operations took so many milliseconds.
type heatBar struct {
	at    float64
	count int64
}

// heatOf is the latency of the first repeat of a series over time.
func heatOf(s *series, protocol int) heat {
	intervals := s.runs[0].Regions[s.region].Of(s.kind).Intervals
	h := heat{protocol: protocol}
	every := max(1, (len(intervals)+heatColumns-1)/heatColumns)
	for i := 0; i < len(intervals); i += every {
		together := intervals[i:min(i+every, len(intervals))]
		last := together[len(together)-1]
		one := moment{from: together[0].Start.Seconds(), to: (last.Start + last.Length).Seconds()}
		for _, interval := range together {
			for value, n := range interval.Response.All() {
				one.bars = append(one.bars, heatBar{millis(time.Duration(value)), n})
				one.total += n
			}
		}
		if one.total > 0 {
			h.moments = append(h.moments, one)
		}
	}
	return h
}

// extent is the least and the greatest time in the heat map; ok is false if there is none.
func (h *heat) extent() (low, high float64, ok bool) {
	low = math.Inf(1)
	for _, m := range h.moments {
		for _, b := range m.bars {
			low, high, ok = min(low, b.at), max(high, b.at), true
		}
	}
	return low, high, ok
}

// noHeat says why there is nothing to draw: nothing was measured, or in each series all operations took as long as the others.
func (v *view) noHeat() string {
	any := false
	for i, row := range v.series {
		for _, s := range row {
			if s == nil {
				continue
			}
			h := heatOf(s, i)
			low, high, ok := h.extent()
			if ok && high > low*(1+flatOver) {
				return ""
			}
			any = any || ok
		}
	}
	if !any {
		return "no " + v.noun() + " was measured"
	}
	return "all " + v.noun() + "s of a region and protocol took as long, within 1 %"
}

// heatFigure shows, for each protocol and region, how many operations took how long in each moment: with all outliers, which
// a median over time does not show.
func heatFigure(v *view) *figure {
	what := v.title(" latency over time: the stronger the colour, the more of a moment's " + v.noun() + "s")
	if v.Experiment.Repeats > 1 {
		what += fmt.Sprintf(" (the first of %d repeats)", v.Experiment.Repeats)
	}
	f := &figure{
		title: what, subtitle: subtitles(v.Result), columns: min(4, max(1, len(v.regions))), dataHeight: 0.8 * vg.Inch, leastHeight: 0.3 * vg.Inch, sharedX: 5,
		xLabel: "time since measuring began (s)", yLabel: timeName(v.Result) + " (ms)",
		data: newData("region", "protocol", "from_s", "to_s", "from_ms", "to_ms", "count"),
	}
	var maps []*heatMap
	low, high, end := math.Inf(1), 0.0, v.Experiment.Load.Duration.Seconds()
	for i, label := range v.labels {
		for region, name := range v.regions {
			s := v.series[i][region]
			if s == nil {
				continue
			}
			m := &heatMap{heat: heatOf(s, i), name: label + " in " + name, of: v.looks[i]}
			if l, h, ok := m.extent(); ok {
				low, high = min(low, l), max(high, h)
				end = max(end, m.moments[len(m.moments)-1].to)
			}
			maps = append(maps, m)
		}
	}
	if high == 0 {
		low, high = 1, 10
	}
	low, high = max(low, 0.001)/1.1, high*1.1
	for _, m := range maps {
		chart := newPlot()
		chart.X.Min, chart.X.Max = 0, end
		chart.Y.Min, chart.Y.Max = low, high
		chart.Y.Scale, chart.Y.Tick.Marker = plot.LogScale{}, sparseLogTicks{}
		m.grid(low, high)
		for _, c := range m.cells {
			f.data.add(m.name[len(v.labels[m.protocol])+len(" in "):], v.labels[m.protocol], c.from, c.to, c.low, c.high, c.count)
		}
		chart.Add(faultMarks{v.Result}, m)
		f.panels = append(f.panels, panel{title: m.name, plot: chart, over: overFaults(v.Result), overlay: faultNumbers(v.Result, end)})
	}
	legendHue := protocolColor(0)
	if len(maps) > 0 {
		legendHue = maps[0].of.color()
	}
	for _, percent := range []float64{100, 10, 1} {
		f.legend = append(f.legend, legendEntry{fmt.Sprintf("%g %% of the %ss", percent, v.noun()), func(c draw.Canvas) {
			fill(c, faded(legendHue, heatOpacity(percent/100)), c.Rectangle)
		}})
	}
	return f
}

// heatOpacity is how opaque the cell of a share of a moment's operations is. Single operations among thousands are visible.
func heatOpacity(share float64) float64 { return 0.15 + 0.85*math.Pow(min(1, share), 0.4) }

// heatMap is a heat as it is drawn.
type heatMap struct {
	heat
	name  string
	of    look
	cells []heatCell
}

// heatCell is how many operations of a part of the time took between two times in milliseconds.
type heatCell struct {
	from, to, low, high float64
	count               int64
	share               float64 // of the operations of that time
}

// grid sorts the operations into rows of equal ratios between two times.
func (m *heatMap) grid(low, high float64) {
	row := func(t float64) int {
		return min(heatRows-1, max(0, int(heatRows*math.Log(t/low)/math.Log(high/low))))
	}
	edge := func(i int) float64 { return low * math.Pow(high/low, float64(i)/heatRows) }
	m.cells = nil
	for _, one := range m.moments {
		var counts [heatRows]int64
		for _, b := range one.bars {
			counts[row(b.at)] += b.count
		}
		for i, n := range counts {
			if n > 0 {
				m.cells = append(m.cells, heatCell{one.from, one.to, edge(i), edge(i + 1), n, float64(n) / float64(one.total)})
			}
		}
	}
}

// Plot implements plot.Plotter.
func (m *heatMap) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	for _, cell := range m.cells {
		fill(c, faded(m.of.color(), heatOpacity(cell.share)), vg.Rectangle{
			Min: vg.Point{X: x(cell.from), Y: y(cell.low)}, Max: vg.Point{X: x(cell.to), Y: y(cell.high)},
		})
	}
}

// sparseLogTicks labels a logarithmic axis at the powers of ten; at 1, 2 and 5 times these if there are few.
type sparseLogTicks struct{}

// Ticks implements plot.Ticker.
func (sparseLogTicks) Ticks(low, high float64) []plot.Tick {
	ticks := logTicks{}.Ticks(low, high)
	if len(ticks) <= 4 {
		return ticks
	}
	return slices.DeleteFunc(ticks, func(t plot.Tick) bool {
		power := math.Log10(t.Value)
		return math.Abs(power-math.Round(power)) > 1e-9
	})
}

// flatOver is by how much the greatest latency of a series exceeds the least, as a share of it, where nothing is to be seen
// over time.
const flatOver = 0.01

// noTimeline says why there is nothing to draw: there are too few operations for a median, or in each series the band from p10
// to p90 is all along where it is at any time.
func (v *view) noTimeline() string {
	any := false
	for _, row := range v.series {
		for _, s := range row {
			if s == nil {
				continue
			}
			intervals := s.runs[0].Regions[s.region].Of(s.kind).Intervals
			low, high := time.Duration(math.MaxInt64), time.Duration(0)
			for _, step := range coarsened(intervals) {
				low, high = min(low, result.Percentile(step.response, 10)), max(high, result.Percentile(step.response, 90))
				any = true
			}
			if float64(high) > float64(low)*(1+flatOver) {
				return ""
			}
		}
	}
	if !any {
		return "too few " + v.noun() + "s for a median at any time"
	}
	return "p10 to p90 stayed within 1 % all the time"
}
