package reports

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// sweep is a result with several points, each read as a result of its own.
type sweep struct {
	*result.Result
	values []string
	points []*view // one each
}

func sweepOf(r *result.Result) *sweep {
	s := &sweep{Result: r, values: r.Points()}
	for _, value := range s.values {
		s.points = append(s.points, viewOf(r.At(value)))
	}
	return s
}

// kinds is the same of all kinds of operations of which there were any, from that of the writes; if there were none at all, that of
// the writes.
func (s *sweep) kinds() []*sweep {
	var all []*sweep
	for _, points := range kindsOf(s.points) {
		all = append(all, &sweep{Result: s.Result, values: s.values, points: points})
	}
	return all
}

// only is the same of some regions, by their index.
func (s *sweep) only(regions []int) *sweep {
	if regions == nil {
		return s
	}
	some := *s
	some.points = nil
	for _, v := range s.points {
		some.points = append(some.points, v.only(regions))
	}
	return &some
}

func (s *sweep) noun() string { return s.points[0].noun() }

func (s *sweep) ofWrites() bool { return s.points[0].ofWrites() }

func (s *sweep) suffix() string { return s.points[0].suffix() }

// write writes a table with p50 and p99 of each protocol and region at each point.
func (s *sweep) write(out *Page, opts TableOptions) {
	if s.Experiment.Load.IsSearch() {
		s.writeSearch(out, opts)
		return
	}
	header := []any{"protocol", "region"}
	for _, value := range s.values {
		header = append(header, value)
	}
	t := newTable(header...)
	first := s.points[0]
	missing, mark := make([]withheld, len(s.points)), opts.marking(opts.Color)
	for i, label := range first.labels {
		name := label
		for region, regionName := range first.regions {
			row := table.Row{name, regionName}
			for n, v := range s.points {
				one := v.series[i][region]
				if one == nil {
					row = append(row, "not run")
					continue
				}
				if !v.ofWrites() && !v.any() {
					row = append(row, "") // none of this kind at this point
					continue
				}
				missing[n].note(one)
				row = append(row, pairCell(one, mark))
			}
			t.AppendRow(row)
			name = ""
		}
		row := table.Row{"", "all, achieved/s"}
		for _, v := range s.points {
			row = append(row, v.achievedCell(i))
		}
		t.AppendRow(row)
		t.AppendSeparator()
	}
	fmt.Fprintf(out, "\n%ss: p50 / p99 in ms, and how many were answered a second, by %s\n", s.noun(), s.Experiment.Sweep.Path)
	out.Table(t)
	fmt.Fprint(out, mark.explanation())
	said := map[string]bool{}
	for n, v := range s.points {
		for _, line := range missing[n].footnotes(v.Result) {
			if !said[line] {
				fmt.Fprintf(out, "%s %s\n", withheldMark, line)
			}
			said[line] = true
		}
	}
	s.writeRepeats(out)
}

// writeRepeats writes the medians over runs at each point; nothing if nothing was repeated.
func (s *sweep) writeRepeats(out *Page) {
	most := s.repeats()
	if most < 2 {
		return
	}
	t := newTable(append([]any{"protocol", "region", s.Experiment.Sweep.Path}, medianHeader...)...)
	first := s.points[0]
	for i, label := range first.labels {
		name := label
		for region, regionName := range first.regions {
			for n, v := range s.points {
				if one := v.series[i][region]; one != nil && !one.saturated {
					t.AppendRow(append(table.Row{name, regionName, s.values[n]}, one.medianRow()...))
					name, regionName = "", ""
				}
			}
		}
		t.AppendSeparator()
	}
	fmt.Fprintln(out)
	out.Table(t)
	var short []string
	for _, v := range s.points {
		for _, line := range v.tooShort() {
			if !slices.Contains(short, line) {
				short = append(short, line)
			}
		}
	}
	for _, line := range append(short, noInterval(most)...) {
		fmt.Fprintln(out, line)
	}
}

// repeats is how many runs the series with the most have.
func (s *sweep) repeats() int {
	most := 0
	for _, v := range s.points {
		for _, row := range v.series {
			for _, one := range row {
				if one != nil {
					most = max(most, len(one.runs))
				}
			}
		}
	}
	return most
}

// achievedCell writes how many operations a second a protocol answered, and how many arrived if these are not about as many.
func (v *view) achievedCell(protocol int) string {
	var all totals
	for _, s := range v.series[protocol] {
		if s != nil {
			all.add(s)
		}
	}
	switch {
	case all.regions == 0, !v.ofWrites() && !v.any():
		return ""
	case all.achieved < 0.98*all.offered:
		return rate(all.achieved) + " of " + rate(all.offered)
	}
	return rate(all.achieved)
}

// pairCell writes p50 and p99 without their unit.
func pairCell(s *series, mark marking) string {
	p50 := latencyCell(s, 50, s.Response.P50, mark)
	p99 := latencyCell(s, 99, s.Response.P99, mark)
	if p50 == p99 && s.saturated {
		return p50
	}
	return strings.ReplaceAll(p50+" / "+p99, " ms", "")
}

// verdict says, after why the result must not be believed, if so, what the setting does to each
// protocol: by how much p50 and p99 are greater than at the first point, and where most.
func (s *sweep) verdict() []string {
	var lines []string
	lines = append(lines, invalidLines(s.Result)...)
	if s.Experiment.Sweep.OfLoad() {
		lines = append(lines, s.throughputLines()...)
	}
	if !s.Experiment.Load.IsSearch() {
		shown, remark := s.testGrowth()
		for i, label := range s.points[0].labels {
			if said := s.growth(i, shown); said != "" {
				lines = append(lines, fmt.Sprintf("%s: %s.", label, said))
			}
		}
		if remark != "" {
			lines = append(lines, remark)
		}
	}
	for n, v := range s.points {
		if s.Experiment.Sweep.OfLoad() {
			v = v.unsaturated()
		}
		for _, one := range v.kinds() {
			for _, line := range one.errorLines() {
				lines = append(lines, fmt.Sprintf("%s %s: %s", s.Experiment.Sweep.Path, s.values[n], line))
			}
		}
	}
	return lines
}

// unsaturated is the same view without the protocols that were saturated.
func (v *view) unsaturated() *view {
	some := *v
	some.labels, some.series = nil, nil
	for i, label := range v.labels {
		if v.caveat(label) != "saturated" {
			some.labels, some.series = append(some.labels, label), append(some.series, v.series[i])
		}
	}
	return &some
}

// grown is a percentile of a protocol and a region at a point, beside the first point.
type grown struct {
	protocol, region, point int
	percentile              float64
}

// testGrowth tests which percentiles differ from those at the first point, over paired repeats, at an error rate of 5 % for all;
// nil if there are too few repeats. The remark says what was tested, or how many repeats it takes; it is empty if nothing was
// repeated.
func (s *sweep) testGrowth() (shown map[grown]bool, remark string) {
	var cells []grown
	var ps []float64
	fewest := math.MaxInt
	for protocol := range s.points[0].labels {
		for region, base := range s.points[0].series[protocol] {
			for point, v := range s.points {
				one := v.series[protocol][region]
				if point == 0 || base == nil || one == nil {
					continue
				}
				for _, p := range []percentile{p50, p99} {
					if from, to := pairsOf(base, one, p); len(from) > 0 {
						cells = append(cells, grown{protocol, region, point, p.at})
						ps = append(ps, signFlipP(logRatios(from, to), s.Experiment.Seed))
						fewest = min(fewest, len(from))
					}
				}
			}
		}
	}
	needed := pairsNeeded(len(cells))
	switch {
	case len(cells) == 0 || fewest == 1:
		return nil, ""
	case fewest < needed:
		return nil, fmt.Sprintf("Not tested: to show that one of %s grows takes %s, and there are %d.", plural(len(cells), "percentile"), plural(needed, "repeat"), fewest)
	}
	shown = map[grown]bool{}
	for i, rejected := range holm(ps) {
		shown[cells[i]] = rejected
	}
	return shown, fmt.Sprintf("Said to grow is what exceeds the first point by more than %.0f %% and is shown to differ (sign-flip tests of %s over %s, Holm's correction, error rate 5 %%).",
		100*(alike-1), plural(len(cells), "ratio"), plural(fewest, "repeat"))
}

// growth tells what becomes of a protocol's percentiles from the first point on, where it was not
// saturated. Shown, unless it is nil, says which of them differ.
func (s *sweep) growth(protocol int, shown map[grown]bool) string {
	var parts, saturated []string
	for n, v := range s.points {
		if v.caveat(v.labels[protocol]) == "saturated" {
			saturated = append(saturated, s.values[n])
		}
	}
	if len(saturated) > 0 {
		parts = append(parts, "saturated at "+list(saturated))
	}
	same := len(saturated) == 0
	for _, p := range []percentile{p50, p99} {
		most, where, known, chance := 1.0, "", false, false
		for region, name := range s.points[0].regions {
			base := s.points[0].series[protocol][region]
			if base == nil || base.confidence(p.at) == result.Withheld || p.of(base.Response) == 0 {
				continue // nothing is so many times as long as no time
			}
			for n, v := range s.points {
				one := v.series[protocol][region]
				if one == nil || one.confidence(p.at) == result.Withheld {
					continue
				}
				known = true
				ratio := p.of(one.Response) / p.of(base.Response)
				if shown != nil && n > 0 && !shown[grown{protocol, region, n, p.at}] {
					chance = chance || ratio > alike
				} else if ratio > most {
					most, where = ratio, fmt.Sprintf("from %s at %s", name, s.values[n])
				}
			}
		}
		if !known {
			continue
		}
		if most > alike {
			same = false
			parts = append(parts, fmt.Sprintf("p%g grows to %s what it is at %s (%s)", p.at, times(most), s.values[0], where))
		} else if chance {
			same = false
			parts = append(parts, fmt.Sprintf("p%g is not shown to grow", p.at))
		} else {
			parts = append(parts, fmt.Sprintf("p%g nowhere grows", p.at))
		}
	}
	if same && len(parts) == 2 { // of both percentiles
		return fmt.Sprintf("p50 and p99 nowhere grow above what they are at %s", s.values[0])
	}
	return strings.Join(parts, ", ")
}

// quantity is a value of a sweep that is a number with a unit, such as 500/s or 1.5%.
var quantity = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)([^0-9.]*)$`)

// places are where the points stand on the axis of the figure, from 0 to one less than there are. If the values are numbers of one
// unit that grow, they stand in proportion: to the numbers or, where the greatest is more than wideSweep times the least, to
// their logarithms. Else, and where two would then stand closer than marks allow, they stand at equal distances, in the order of the file.
func (s *sweep) places() []float64 {
	places, numbers, unit := make([]float64, len(s.values)), make([]float64, len(s.values)), ""
	proportional := len(s.values) > 2
	for i := range places {
		places[i] = float64(i)
	}
	for i, value := range s.values {
		parts := quantity.FindStringSubmatch(value)
		if parts == nil {
			return places
		}
		numbers[i], _ = strconv.ParseFloat(parts[1], 64) // the expression allows numbers only
		if numbers[i] != 0 {                             // a zero has any unit
			proportional = proportional && (unit == "" || unit == parts[2])
			unit = parts[2]
		}
		proportional = proportional && (i == 0 || numbers[i] > numbers[i-1])
	}
	if !proportional {
		return places
	}
	last := len(numbers) - 1
	if numbers[0] > 0 && numbers[last] > wideSweep*numbers[0] {
		for i := range numbers {
			numbers[i] = math.Log(numbers[i])
		}
	}
	inProportion := make([]float64, len(numbers))
	for i := range numbers {
		inProportion[i] = float64(last) * (numbers[i] - numbers[0]) / (numbers[last] - numbers[0])
		if i > 0 && inProportion[i]-inProportion[i-1] < float64(last)*closest {
			return places
		}
	}
	return inProportion
}

// closest is how close two points may stand, as a share of the axis; closer, their marks would cover each other.
const closest = 0.06

// wideSweep is by which factor the greatest value of a sweep exceeds the least where a linear axis would crowd the small ones.
const wideSweep = 50

// newChart is an empty chart whose points on the x axis are those of the sweep; see places.
func (s *sweep) newChart() *plot.Plot {
	chart := newPlot()
	chart.X.Min, chart.X.Max = -0.3, float64(len(s.values))-0.7
	places, ticks := s.places(), make(plot.ConstantTicks, len(s.values))
	for i, value := range s.values {
		ticks[i] = plot.Tick{Value: places[i], Label: value}
	}
	chart.X.Tick.Marker = ticks
	return chart
}

// scale is the y axis that some charts share.
type scale struct {
	low, high float64
	charts    []*plot.Plot
}

func newScale() *scale { return &scale{low: math.Inf(1)} }

// add adds lines to a chart that the scale must have room for.
func (a *scale) add(chart *plot.Plot, lines ...sweepLine) {
	for _, line := range lines {
		a.see(line.points)
		chart.Add(line)
	}
}

// see notes points that the scale must have room for.
func (a *scale) see(points plotter.XYs) {
	for _, point := range points {
		a.low, a.high = min(a.low, point.Y), max(a.high, point.Y)
	}
}

// set gives the charts their axes: logarithmic ones if what they show differs much, which it reports, and nothing of it takes no time.
func (a *scale) set() (logarithmic bool) {
	logarithmic = a.low > 0 && a.high > logFrom*a.low
	for _, chart := range a.charts {
		if logarithmic {
			chart.Y.Scale, chart.Y.Tick.Marker = plot.LogScale{}, logTicks{}
			chart.Y.Min, chart.Y.Max = a.low/1.3, a.high*1.3
		} else {
			setScale(&chart.Y, a.high, 7)
		}
	}
	return logarithmic
}

// figure shows, for each region, p50 and p99 of each protocol at each point; see places.
func (s *sweep) figure() *figure {
	f := &figure{
		title: s.points[0].title(" latency by " + s.Experiment.Sweep.Path + ": p50 solid, p99 dashed"), subtitle: subtitles(s.Result),
		legend: append(s.legend(), tripsEntry()), columns: columnsFor(len(s.points[0].regions)), dataHeight: 2.3 * vg.Inch, leastHeight: 1.2 * vg.Inch,
		xLabel: s.Experiment.Sweep.Path, upright: true, yLabel: timeName(s.Result) + " (ms)",
		data: s.data(),
	}
	switch most := s.repeats(); {
	case most >= runsForInterval:
		f.subtitle = append(f.subtitle, "Medians of runs, with their 95 % intervals as bars")
	case most > 1:
		f.subtitle = append(f.subtitle, fmt.Sprintf("All %d repeats merged; an interval takes %d", most, runsForInterval))
	}
	shared := newScale()
	for region, name := range s.points[0].regions {
		chart := s.newChart()
		chart.Add(s.points[0].tripsFrom(region))
		for i := range s.points[0].labels {
			for _, p := range []percentile{p99, p50} {
				points, intervals := s.line(i, region, p)
				for _, stretch := range points {
					shared.add(chart, sweepLine{stretch, s.points[0].looks[i], p.at == p99.at})
				}
				for _, one := range intervals {
					shared.low, shared.high = min(shared.low, one.low), max(shared.high, one.high)
				}
				chart.Add(sweepIntervals{intervals, s.points[0].looks[i]})
			}
		}
		shared.charts = append(shared.charts, chart)
		f.panels = append(f.panels, panel{title: name, plot: chart, over: 4})
	}
	if shared.set() {
		f.yLabel = timeName(s.Result) + " (ms, logarithmic)"
	}
	return f
}

// data are the percentiles of each protocol and region at each point, as far as they can be shown.
func (s *sweep) data() *figureData {
	data := newData(s.Experiment.Sweep.Path, "region", "protocol", "offered_per_s", "achieved_per_s", "p50_ms", "p50_is", "p99_ms", "p99_is", "floor_ms", "remark",
		"p50_median_of_runs_ms", "p50_low_ms", "p50_high_ms", "p99_median_of_runs_ms", "p99_low_ms", "p99_high_ms")
	for n, v := range s.points {
		for region, name := range v.regions {
			for i, label := range v.labels {
				one := v.series[i][region]
				if one == nil {
					continue
				}
				cells := []any{s.values[n], name, label, one.Rate(one.measured()), one.Throughput(one.measured())}
				for _, p := range []percentile{p50, p99} {
					if sure := one.confidence(p.at); sure == result.Withheld {
						cells = append(cells, "", sure)
					} else {
						cells = append(cells, time.Duration(p.of(one.Response)), sure)
					}
				}
				cells = append(cells, one.Floor, v.caveat(label))
				for _, p := range []percentile{p50, p99} {
					cells = append(cells, one.medianData(p)...)
				}
				data.add(cells...)
			}
		}
	}
	return data
}

// medianData are the median over runs of a percentile and its interval; empty if there are too few runs for one.
func (s *series) medianData(p percentile) []any {
	runs := s.byRepeat(p)
	if len(runs) < runsForInterval {
		return []any{"", "", ""}
	}
	m := medianOf(runs)
	return []any{number(m.value / 1e6), number(m.low / 1e6), number(m.high / 1e6)}
}

// logFrom is by which factor the greatest must exceed the least for an axis to be logarithmic.
const logFrom = 8

// line returns the percentile of a protocol at each point, broken where it cannot be shown, in milliseconds. Where there are
// enough runs for an interval it is the median over runs, with that interval; else that of all runs merged.
func (s *sweep) line(protocol, region int, p percentile) (stretches []plotter.XYs, intervals []sweepInterval) {
	stretches = []plotter.XYs{nil}
	places := s.places()
	for n, v := range s.points {
		last := &stretches[len(stretches)-1]
		one := v.series[protocol][region]
		if one == nil || one.confidence(p.at) == result.Withheld {
			if len(*last) > 0 {
				stretches = append(stretches, nil)
			}
			continue
		}
		value := time.Duration(p.of(one.Response))
		if runs := one.byRepeat(p); len(runs) >= runsForInterval {
			m := medianOf(runs)
			value = time.Duration(m.value)
			intervals = append(intervals, sweepInterval{places[n], millis(time.Duration(m.low)), millis(time.Duration(m.high))})
		}
		*last = append(*last, plotter.XY{X: places[n], Y: millis(value)})
	}
	return slices.DeleteFunc(stretches, func(one plotter.XYs) bool { return len(one) == 0 }), intervals
}

// sweepInterval is the interval of a median at a point, in milliseconds.
type sweepInterval struct{ x, low, high float64 }

// sweepIntervals are those of one percentile of a protocol.
type sweepIntervals struct {
	all []sweepInterval
	of  look
}

// Plot implements plot.Plotter. Bars of later protocols have narrower ends, so that bars that coincide show both.
func (l sweepIntervals) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	style := draw.LineStyle{Color: l.of.color(), Width: 0.9}
	half := sweepLine{of: l.of}.thinner(6, 0.75)
	for _, one := range l.all {
		at := x(one.x)
		c.StrokeLine2(style, at, y(one.low), at, y(one.high))
		for _, end := range []float64{one.low, one.high} {
			c.StrokeLine2(style, at-half, y(end), at+half, y(end))
		}
	}
}

// sweepLine is a percentile of a protocol: the line and a mark at each point.
type sweepLine struct {
	points plotter.XYs
	of     look
	dashed bool
}

func (l sweepLine) style() draw.LineStyle {
	style := draw.LineStyle{Color: l.of.color(), Width: max(0.5, l.thinner(3.8, 0.6))}
	if l.dashed {
		style.Width, style.Dashes = style.Width*0.6, []vg.Length{4, 3}
	}
	return style
}

// thinner is a size that shrinks from protocol to protocol: what is drawn first shows beside what
// coincides with it.
func (l sweepLine) thinner(first vg.Length, by float64) vg.Length {
	return first * vg.Length(math.Pow(by, float64(l.of.order)))
}

// Plot implements plot.Plotter.
func (l sweepLine) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	at := make([]vg.Point, len(l.points))
	for i, p := range l.points {
		at[i] = vg.Point{X: x(p.X), Y: y(p.Y)}
	}
	c.StrokeLines(l.style(), at)
	for _, p := range at {
		radius := max(2, l.thinner(4, 0.9))
		drawMark(c, p, radius, l.of, l.dashed)
	}
}

// legend names the protocols, and at which points they were saturated or invalid.
func (s *sweep) legend() []legendEntry {
	var entries []legendEntry
	for i, label := range s.points[0].labels {
		caveats := map[string][]string{}
		for n, v := range s.points {
			if c := v.caveat(label); c != "" {
				caveats[c] = append(caveats[c], s.values[n])
			}
		}
		name := label
		for _, c := range []string{"not run", "saturated", "invalid", "partial"} {
			if len(caveats[c]) > 0 {
				name += fmt.Sprintf(" (%s at %s)", c, list(caveats[c]))
			}
		}
		entries = append(entries, legendEntry{name, func(c draw.Canvas) {
			for _, p := range []struct {
				share  float64
				dashed bool
			}{{0.75, false}, {0.25, true}} { // p50 above p99
				l := sweepLine{of: s.points[0].looks[i], dashed: p.dashed}
				c.StrokeLine2(l.style(), c.Min.X, c.Y(p.share), c.Max.X, c.Y(p.share))
				drawMark(c, vg.Point{X: c.X(0.2 + 0.6*p.share), Y: c.Y(p.share)}, min(3, max(2, l.thinner(4, 0.9))), l.of, p.dashed)
			}
		}})
	}
	return entries
}

// logTicks labels a logarithmic axis at 1, 2 and 5 times the powers of ten; one that is shorter than a power of ten, more closely.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	if low <= 0 {
		return nil // there is no such axis
	}
	factors := []float64{1, 2, 5}
	if high < 10*low {
		factors = []float64{1, 1.5, 2, 3, 4, 6, 8} // so that the eye sees that steps are no equal differences
	}
	for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
		for _, factor := range factors {
			if value := factor * power; value >= low && value <= high {
				ticks = append(ticks, plot.Tick{Value: value, Label: strconv.FormatFloat(value, 'g', 6, 64)})
			}
		}
	}
	return ticks
}
