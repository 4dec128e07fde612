package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// loaded is a protocol at one point of a sweep over the load.
type loaded struct {
	value             string  // of the point
	offered, achieved float64 // operations a second, of all regions
	saturated         bool
	limit             string    // of the throughput; empty unless saturated
	series            []*series // by region
}

// loads are the points at which a protocol has run, by what was offered.
func (s *sweep) loads(protocol int) []loaded {
	var all []loaded
	for n, v := range s.points {
		one, sum := loaded{value: s.values[n], series: v.series[protocol]}, totals{}
		for _, series := range one.series {
			if series != nil {
				sum.add(series)
				one.saturated = one.saturated || series.saturated
			}
		}
		if sum.regions == 0 {
			continue
		}
		for _, run := range v.RunsOf(v.labels[protocol]) {
			if run.Limit != "" {
				one.limit = run.Limit
			}
		}
		one.offered, one.achieved = sum.offered, sum.achieved
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b loaded) int {
		switch {
		case a.offered < b.offered:
			return -1
		case a.offered > b.offered:
			return 1
		}
		return 0
	})
	return all
}

// kneeBy is how many times greater than at the least load a p99 is at most up to the knee.
const kneeBy = 2

// knee is the index of the knee among the loads of a protocol: the greatest load that it keeps up with, at which no run was
// saturated and, in every region, p99 (p50 where p99 is withheld throughout) is at most kneeBy times what it is at the least
// load. It is -1 if there is none, and beyond tells whether any load lies beyond it. A lesser load that misses this was
// disturbed by something other than the load, since more is kept up with.
func knee(loads []loaded) (at int, beyond bool) {
	for at = len(loads) - 1; at >= 0 && loads[at].misses(loads[0]) != ""; at-- {
	}
	return at, at < len(loads)-1
}

// isBlind tells whether it is withheld in every region how long operations take.
func (l loaded) isBlind() bool {
	return !slices.ContainsFunc(l.series, func(s *series) bool {
		return s != nil && (s.confidence(50) != result.Withheld || s.confidence(99) != result.Withheld)
	})
}

// misses says why a load is not kept up with, or nothing if it is.
func (l loaded) misses(least loaded) string {
	if l.saturated {
		answered := fmt.Sprintf("%s of %s/s are answered", rate(l.achieved), rate(l.offered))
		if l.achieved > l.offered {
			answered += ", with what had waited since the warm-up"
		}
		return answered + limitOf(l)
	}
	worst, why := float64(kneeBy), ""
	for region, s := range l.series {
		base := least.series[region]
		if s == nil || base == nil {
			continue
		}
		for _, p := range []percentile{p99, p50} {
			if base.confidence(p.at) == result.Withheld || s.confidence(p.at) == result.Withheld {
				continue
			}
			if by := p.of(s.Response) / p.of(base.Response); by > worst {
				worst, why = by, fmt.Sprintf("p%v from %s is %s what it is at the least load", p.at, s.Region, times(by))
			}
			break
		}
	}
	return why
}

// throughputLines say how much each protocol did, and what the limit was.
func (s *sweep) throughputLines() []string {
	if s.Experiment.Load.IsSearch() {
		return s.searchLines()
	}
	var lines []string
	for i, label := range s.points[0].labels {
		loads := s.loads(i)
		if len(loads) == 0 {
			continue
		}
		at, beyond := knee(loads)
		most := slices.MaxFunc(loads, func(a, b loaded) int { return int(a.achieved - b.achieved) })
		switch {
		case !beyond:
			lines = append(lines, fmt.Sprintf("%s keeps up with every load up to %s %ss/s; its knee lies beyond.", label, rate(most.achieved), s.noun()))
		case at < 0:
			lines = append(lines, fmt.Sprintf("%s is beyond its knee at the least load: %s.", label, loads[0].misses(loads[0])))
		default:
			lines = append(lines, fmt.Sprintf("%s has its knee at %s %ss/s (%s %s); at %s, %s.",
				label, rate(loads[at].achieved), s.noun(), s.Experiment.Sweep.Path, loads[at].value, loads[at+1].value, loads[at+1].misses(loads[0])))
		}
		var blind []string
		for _, l := range loads[:at+1] {
			if !l.saturated && l.isBlind() {
				blind = append(blind, l.value)
			}
		}
		if len(blind) > 0 {
			lines = append(lines, fmt.Sprintf("%s answers what is offered at %s, but how long it takes is withheld there, so that its knee may be lower.",
				label, list(blind)))
		}
		for _, l := range loads[:max(at, 0)] {
			if why := l.misses(loads[0]); why != "" {
				lines = append(lines, fmt.Sprintf("%s was disturbed at %s, since it keeps up with more: %s.", label, l.value, why))
			}
		}
	}
	return lines
}

// searchLines say what the searches for the highest rate have found, a line for each protocol.
func (s *sweep) searchLines() []string {
	var lines []string
	objective := objectiveOf(s.Result)
	for _, label := range s.points[0].labels {
		knees := slices.DeleteFunc(slices.Clone(s.Knees), func(k result.Knee) bool { return k.Protocol != label })
		if len(knees) == 0 {
			continue
		}
		low, high, leastMissed, least, why := knees[0].Kept, knees[0].Missed, knees[0].Missed, knees[0].Achieved, ""
		for _, k := range knees {
			low, high, leastMissed, least, why = min(low, k.Kept), max(high, k.Missed), min(leastMissed, k.Missed), min(least, k.Achieved), cmp.Or(why, k.Why)
		}
		said := fmt.Sprintf("%s keeps %s up to %s from each region (%s %ss/s in all)", label, objective, low, rate(least), s.noun())
		switch {
		case low == 0:
			said = fmt.Sprintf("%s does not keep %s even at %s from each region: %s", label, objective, leastMissed, why)
		case leastMissed == 0:
			said += ", the highest rate that is tried"
		default:
			said += fmt.Sprintf(", and not at %s: %s", high, why)
		}
		if len(knees) > 1 {
			said += fmt.Sprintf(" (the lowest and the highest of %d searches)", len(knees))
		}
		lines = append(lines, said+".")
	}
	return lines
}

// writeSearch writes a table with the rates that a search has tried with each protocol, and the slowest region at each.
func (s *sweep) writeSearch(out *Page, opts TableOptions) {
	mark := opts.marking(opts.Color)
	t := newTable("protocol", "load.rate", "offered/s", "achieved/s", "slowest p50", "slowest p99")
	for i, label := range s.points[0].labels {
		name := label
		for _, l := range s.loads(i) {
			row := table.Row{name, l.value, rate(l.offered), rate(l.achieved)}
			for _, p := range []percentile{p50, p99} {
				var slowest *series
				for _, one := range l.series {
					if one != nil && (slowest == nil || p.of(one.Response) > p.of(slowest.Response)) {
						slowest = one
					}
				}
				cell := latencyCell(slowest, p.at, time.Duration(p.of(slowest.Response)), mark)
				row = append(row, cell)
			}
			t.AppendRow(row)
			name = ""
		}
		t.AppendSeparator()
	}
	fmt.Fprintln(out)
	out.Table(t)
	fmt.Fprint(out, mark.explanation())
}

// objectiveOf writes an objective: p50 at most 80 ms and p99 at most 300 ms.
func objectiveOf(r *result.Result) string {
	o := r.Experiment.Load.SLO
	var parts []string
	for _, c := range []struct {
		name  string
		limit time.Duration
	}{{"p50", o.P50}, {"p99", o.P99}} {
		if c.limit > 0 {
			parts = append(parts, fmt.Sprintf("%s at most %s", c.name, ms(c.limit)))
		}
	}
	return strings.Join(parts, " and ")
}

func limitOf(l loaded) string {
	if l.limit == "" {
		return ""
	}
	return "; what limits it is " + l.limit
}

// throughputFigure shows, for each region, latency over the throughput of all regions, one curve a protocol, its knee
// ringed; and what was achieved of what was offered. The curves of another result of the same sweep, if there is one, are dotted.
func (s *sweep) throughputFigure(beside *sweep) *figure {
	unit := s.noun() + "s answered a second, in all regions"
	f := &figure{
		title: s.points[0].title(" latency over throughput: p50 solid, p99 dashed"), subtitle: subtitles(s.Result),
		columns: columnsFor(len(s.points[0].regions) + 1), dataHeight: 2.3 * vg.Inch, leastHeight: 1.2 * vg.Inch,
		xLabel: unit, yLabel: timeName(s.Result) + " (ms)",
		data: s.data(),
	}
	protocols := make([][]loaded, len(s.points[0].labels))
	top, hatched := 0.0, false
	for i := range protocols {
		protocols[i] = s.loads(i)
		for _, l := range protocols[i] {
			top, hatched = max(top, l.achieved), hatched || l.saturated
		}
	}
	theirs := make([][]loaded, len(protocols))
	if beside != nil {
		for i, label := range s.points[0].labels {
			theirs[i] = beside.loads(beside.protocol(label))
			for _, l := range theirs[i] {
				top = max(top, l.achieved)
			}
		}
	}
	shared, looks := newScale(), s.points[0].looks
	for region, name := range s.points[0].regions {
		chart := newPlot()
		chart.X.Min, chart.X.Max = 0, max(1, top*1.06)
		chart.X.Tick.Marker = roundTicks{most: 5}
		chart.Add(s.points[0].tripsFrom(region))
		for i, loads := range protocols {
			chart.Add(wallOf(looks[i], loads))
			for _, p := range []percentile{p99, p50} {
				for _, stretch := range throughputLine(loads, region, p) {
					shared.add(chart, sweepLine{stretch, looks[i], p.at == p99.at})
				}
			}
			for _, p := range []percentile{p99, p50} {
				for _, stretch := range throughputLine(theirs[i], region, p) {
					shared.see(stretch)
					chart.Add(besideLine{stretch, looks[i], p.at == p50.at})
				}
			}
			if at, beyond := knee(loads); beyond && at >= 0 {
				if s := loads[at].series[region]; s != nil && s.confidence(50) != result.Withheld {
					chart.Add(kneeMark{plotter.XY{X: loads[at].achieved, Y: p50.of(s.Response) / 1e6}})
				}
			}
		}
		shared.charts = append(shared.charts, chart)
		f.panels = append(f.panels, panel{title: name, plot: chart, over: 4})
	}
	if shared.set() {
		f.yLabel = timeName(s.Result) + " (ms, logarithmic)"
	}
	f.panels = append(f.panels, panel{title: "offered/s (up) and answered/s (across)", plot: offeredChart(protocols, looks, top), over: 4})
	f.legend = append(s.throughputLegend(protocols, hatched), tripsEntry())
	if beside != nil {
		f.data = dataBeside(s, beside)
		f.subtitle = append(f.subtitle, "beside it: "+subtitle(beside.Result))
		f.legend = append(f.legend, besideEntry(s.Result, beside.Result))
	}
	return f
}

// throughputLine is a percentile of a protocol over its throughput, broken where it cannot be shown.
func throughputLine(loads []loaded, region int, p percentile) []plotter.XYs {
	stretches := []plotter.XYs{nil}
	for _, l := range loads {
		last := &stretches[len(stretches)-1]
		s := l.series[region]
		if s == nil || s.confidence(p.at) == result.Withheld {
			if len(*last) > 0 {
				stretches = append(stretches, nil)
			}
			continue
		}
		*last = append(*last, plotter.XY{X: l.achieved, Y: p.of(s.Response) / 1e6})
	}
	return slices.DeleteFunc(stretches, func(one plotter.XYs) bool { return len(one) == 0 })
}

// offeredChart shows what was offered over what was achieved: below saturation, points on the diagonal.
func offeredChart(protocols [][]loaded, looks []look, top float64) *plot.Plot {
	chart := newPlot()
	most := top
	for _, loads := range protocols {
		for _, l := range loads {
			most = max(most, l.offered)
		}
	}
	chart.X.Min, chart.X.Max = 0, max(1, top*1.06)
	chart.X.Tick.Marker = roundTicks{most: 5}
	setScale(&chart.Y, most, 7)
	chart.Add(&plotter.Line{XYs: plotter.XYs{{}, {X: min(top, most), Y: min(top, most)}}, LineStyle: paleTripLine})
	for i, loads := range protocols {
		chart.Add(wallOf(looks[i], loads))
		var kept, lost plotter.XYs // lost begins with the last point that was kept
		for _, l := range loads {
			point := plotter.XY{X: l.achieved, Y: l.offered}
			if l.saturated {
				lost = append(lost, point)
			} else {
				kept, lost = append(kept, point), plotter.XYs{point}
			}
		}
		chart.Add(sweepLine{lost, looks[i], true}, sweepLine{kept, looks[i], false})
	}
	return chart
}

// wall is the throughput up to which a protocol kept up, where it was saturated by more: a hatched strip to the right of it.
type wall struct {
	at float64 // NaN without saturation
	of look
}

func wallOf(of look, loads []loaded) wall {
	w, saturated := wall{0, of}, false
	for _, l := range loads {
		if saturated = saturated || l.saturated; !l.saturated {
			w.at = max(w.at, l.achieved)
		}
	}
	if !saturated {
		w.at = math.NaN()
	}
	return w
}

// wallWidth is how broad the strip is, in points.
const wallWidth = 7

// Plot implements plot.Plotter.
func (w wall) Plot(c draw.Canvas, chart *plot.Plot) {
	if math.IsNaN(w.at) {
		return
	}
	x, _ := chart.Transforms(&c)
	hatch(c, vg.Rectangle{Min: vg.Point{X: x(w.at), Y: c.Min.Y}, Max: vg.Point{X: min(c.Max.X, x(w.at)+wallWidth), Y: c.Max.Y}}, w.of)
}

// hatch fills a rectangle with thin slanting lines in the colour of a protocol, which slant the other way for every second.
func hatch(c draw.Canvas, area vg.Rectangle, of look) {
	style := draw.LineStyle{Color: faded(of.color(), dimmedOpacity), Width: 0.5}
	height := area.Max.Y - area.Min.Y
	for x := area.Min.X - height; x < area.Max.X; x += 6 {
		// The line from (x, bottom) to (x+height, top), cut to the rectangle.
		from, to := max(x, area.Min.X), min(x+height, area.Max.X)
		if from >= to {
			continue
		}
		low, high := area.Min.Y+from-x, area.Min.Y+to-x
		if of.order%2 == 1 {
			low, high = area.Max.Y-(from-x), area.Max.Y-(to-x)
		}
		c.StrokeLine2(style, from, low, to, high)
	}
}

// kneeMark is a ring around the p50 at a protocol's knee.
type kneeMark struct {
	at plotter.XY
}

// Plot implements plot.Plotter.
func (k kneeMark) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	ring(c, vg.Point{X: x(k.at.X), Y: y(k.at.Y)})
}

func ring(c draw.Canvas, at vg.Point) {
	c.DrawGlyph(draw.GlyphStyle{Color: ink, Radius: 6, Shape: draw.RingGlyph{}}, at)
}

// throughputLegend names the protocols, each with its knee.
func (s *sweep) throughputLegend(protocols [][]loaded, hatched bool) []legendEntry {
	entries, looks := s.legend(), s.points[0].looks
	for i := range entries {
		name := s.points[0].labels[i]
		at, beyond := knee(protocols[i])
		switch {
		case len(protocols[i]) == 0:
			name += " (not run)"
		case beyond && at >= 0:
			name += fmt.Sprintf(": knee at %s/s", rate(protocols[i][at].achieved))
			if l := protocols[i][at+1].limit; l != "" {
				name += ", limited by " + l
			}
		case !beyond:
			name += fmt.Sprintf(": no knee up to %s/s", rate(protocols[i][at].achieved))
		}
		entries[i].name = name
	}
	entries = append(entries, legendEntry{fmt.Sprintf("knee: beyond it always saturated, or p99 over %d times that at the least load", kneeBy), func(c draw.Canvas) { ring(c, c.Center()) }})
	if hatched {
		entries = append(entries, legendEntry{"hatched: saturated by more", func(c draw.Canvas) { hatch(c, c.Rectangle, looks[0]) }})
	}
	return entries
}
