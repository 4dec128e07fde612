package reports

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// trusted is what is known of how exact the runs of a protocol were: of each measure, that of the worst run and region.
type trusted struct {
	label             string
	lag, lateness     result.Summary // p50 and p99
	offered, achieved float64        // operations a second, of all regions, of the run that achieved the least share
	least, typical    time.Duration  // response less floor: the least of all, and the greatest median
	known             bool
	probes            result.Summary // p50 and p99: how late probes were before the load, of a system; zero without
	probed            bool
}

// trustOf goes through the runs of each protocol.
func trustOf(r *result.Result) []trusted {
	var all []trusted
	for _, label := range r.Labels() {
		t := trusted{label: label, least: -1}
		for _, run := range r.RunsOf(label) {
			late := run.Network.Lateness
			t.lateness.P50, t.lateness.P99 = max(t.lateness.P50, late.P50), max(t.lateness.P99, late.P99)
			if run.System != nil && run.System.Certificate != nil {
				p50, p99 := run.System.Certificate.Late()
				t.probes.P50, t.probes.P99, t.probed = max(t.probes.P50, p50), max(t.probes.P99, p99), true
			}
			var offered, achieved float64
			for i := range run.Regions {
				region := &run.Regions[i]
				t.lag.P50, t.lag.P99 = max(t.lag.P50, region.Lag.P50), max(t.lag.P99, region.Lag.P99)
				offered, achieved = offered+region.Rate(run.Measured), achieved+region.Throughput(run.Measured)
				if region.Floor > 0 && region.Response.Count > 0 {
					if above := region.Response.Min - region.Floor; t.least < 0 || above < t.least {
						t.least = max(0, above)
					}
					t.typical = max(t.typical, region.Response.P50-region.Floor)
				}
			}
			if offered > 0 && (!t.known || achieved/offered < t.achieved/t.offered) {
				t.offered, t.achieved, t.known = offered, achieved, true
			}
		}
		all = append(all, t)
	}
	return all
}

// trustFigure shows how exact the instrument of a live run was: how late the load generator sent and the emulator released,
// how much of what was offered was answered, and how far above the delays of the experiment's links writes were.
func trustFigure(r *result.Result) *figure {
	all := trustOf(r)
	f := &figure{
		title: "How exact the instrument was: the worst region and run of each protocol", subtitle: subtitles(r), columns: 2, narrowest: 240, dataHeight: barRoom(len(all)), leastHeight: leastBarRoom(len(all)),
		data: newData("protocol", "lag_p50_ms", "lag_p99_ms", "lateness_p50_ms", "lateness_p99_ms", "offered_per_s", "achieved_per_s", "least_above_floor_ms", "p50_above_floor_ms"),
	}
	probed := slices.ContainsFunc(all, func(t trusted) bool { return t.probed })
	if probed {
		f.data.header = append(f.data.header, "probe_p50_ms", "probe_p99_ms")
	}
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.label
		cells := []any{t.label, t.lag.P50, t.lag.P99, t.lateness.P50, t.lateness.P99, t.offered, t.achieved, max(0, t.least), t.typical}
		switch {
		case t.probed:
			cells = append(cells, t.probes.P50, t.probes.P99)
		case probed:
			cells = append(cells, "", "")
		}
		f.data.add(cells...)
	}
	type side struct {
		title    string
		from, to func(trusted) float64
		limit    float64 // marked by a line; 0 without
		value    func(trusted) string
	}
	pair := func(a, b time.Duration) string { return ms(a) + " / " + ms(b) }
	sides := []side{
		{"generator: a write was sent late by (ms)", func(t trusted) float64 { return millis(t.lag.P50) }, func(t trusted) float64 { return millis(t.lag.P99) }, 0,
			func(t trusted) string { return pair(t.lag.P50, t.lag.P99) }},
		{"emulator: a packet was released late by (ms)", func(t trusted) float64 { return millis(t.lateness.P50) }, func(t trusted) float64 { return millis(t.lateness.P99) }, 0,
			func(t trusted) string { return pair(t.lateness.P50, t.lateness.P99) }},
		{"answered of what was offered (%)", trusted.share, trusted.share, 98,
			func(t trusted) string { return fmt.Sprintf("%s of %s/s", rate(t.achieved), rate(t.offered)) }},
		{"links and replicas: a write was above its floor by (ms)", func(t trusted) float64 { return millis(max(0, t.least)) }, func(t trusted) float64 { return millis(t.typical) }, 0,
			func(t trusted) string { return pair(max(0, t.least), t.typical) }},
	}
	if probed {
		sides = append(sides, side{"network: a probe before the load was late by (ms)", func(t trusted) float64 { return t.probe(t.probes.P50) }, func(t trusted) float64 { return t.probe(t.probes.P99) }, 0,
			func(t trusted) string {
				if !t.probed {
					return "not a system"
				}
				return pair(t.probes.P50, t.probes.P99)
			}})
	}
	for _, s := range sides {
		p := spanPanel{limit: s.limit, looks: looksOf(r)}
		most := s.limit
		for _, t := range all {
			p.spans = append(p.spans, [2]float64{s.from(t), s.to(t)})
			p.values = append(p.values, s.value(t))
			if to := s.to(t); !math.IsNaN(to) {
				most = max(most, to)
			}
			f.rightEdge = max(f.rightEdge, valueRoom(s.value(t)))
		}
		if most == 0 {
			most = 1
		}
		chart := barChart(names, most*1.06, true)
		chart.X.Tick.Marker = roundTicks{most: 4}
		chart.Add(p)
		f.panels = append(f.panels, panel{title: s.title, plot: chart, over: 4, overlay: p.overlay})
	}
	f.legend = []legendEntry{
		{"p50 and p99; of writes above their floor, the least and p50", func(c draw.Canvas) { drawSpan(c, shade, c.Min.X+4, c.Max.X-4, c.Center().Y) }},
		{"98 %: below, a run is saturated", func(c draw.Canvas) { c.StrokeLine2(tripLine, c.Center().X, c.Min.Y, c.Center().X, c.Max.Y) }},
	}
	return f
}

// probe is how late probes were, in milliseconds; NaN where none were sent.
func (t trusted) probe(late time.Duration) float64 {
	if !t.probed {
		return math.NaN()
	}
	return millis(late)
}

func (t trusted) share() float64 {
	if t.offered == 0 {
		return 0
	}
	return 100 * t.achieved / t.offered
}

// spanPanel is a panel of horizontal spans, one for each protocol.
type spanPanel struct {
	spans  [][2]float64
	values []string
	limit  float64
	looks  []look
}

// Plot implements plot.Plotter.
func (p spanPanel) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	if p.limit > 0 {
		c.StrokeLine2(tripLine, x(p.limit), c.Min.Y, x(p.limit), c.Max.Y)
	}
	for i, span := range p.spans {
		if math.IsNaN(span[0]) {
			continue
		}
		drawSpan(c, p.looks[i].color(), x(span[0]), x(span[1]), y(barMiddle(i, len(p.spans))))
	}
}

func (p spanPanel) overlay(c draw.Canvas) {
	for i, value := range p.values {
		writeValue(c, i, len(p.values), value)
	}
}

// drawSpan draws a thick line between two dots.
func drawSpan(c draw.Canvas, shown color.Color, from, to, y vg.Length) {
	c.StrokeLine2(draw.LineStyle{Color: shown, Width: 4}, from, y, to, y)
	for _, at := range []vg.Length{from, to} {
		c.DrawGlyph(draw.GlyphStyle{Color: shown, Radius: 3.4, Shape: draw.CircleGlyph{}}, vg.Point{X: at, Y: y})
	}
}
