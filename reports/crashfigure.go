package reports

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// crashPanel is one time, such as that until a write from a region is answered, of each group of crashes: a bar for the
// median of runs, a line for its interval, and a dot for each crash.
type crashPanel struct {
	groups []crashGroup
	looks  []look  // of the protocols
	time   int     // its number among the times of a group
	limit  float64 // the end of the scale, in milliseconds
}

// crashFigure shows how long clients waited after crashes, and how long replicas took to lead again and to catch up.
func crashFigure(r *result.Result) *figure {
	groups := crashGroups(r)
	f := &figure{title: "What crashes of replicas cost", subtitle: subtitles(r), columns: 1, xLabel: "time (ms)", dataHeight: barRoom(len(groups)), leastHeight: leastBarRoom(len(groups)), data: crashData(groups)}
	var panels []crashPanel
	for i := range groups[0].times {
		if slices.ContainsFunc(groups, func(g crashGroup) bool { return len(g.times[i].values) > 0 }) { // else there is no leader, or nothing was started again
			p := crashPanel{groups: groups, looks: looksOf(r), time: i}
			p.limit = p.greatest() * 1.05 / 1e6
			panels = append(panels, p)
		}
	}
	catchesUp := func(p crashPanel) bool { return groups[0].times[p.time].kind == "caught_up" }
	longest := 0.0 // of the outages and the elections, which go together; catching up is much shorter, or longer
	for _, p := range panels {
		if !catchesUp(p) {
			longest = max(longest, p.limit)
		}
	}
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = labelled(r, g.name())
	}
	for i, p := range panels {
		marked := i == len(panels)-1 || catchesUp(panels[i+1])
		if catchesUp(p) {
			f.xLabel += "; that to catch up on a scale of its own"
		} else {
			p.limit = longest
		}
		if p.limit == 0 {
			p.limit = 1 // nothing has an end
		}
		chart := barChart(names, p.limit, marked)
		chart.Add(p)
		for row := range groups {
			f.rightEdge = max(f.rightEdge, valueRoom(p.value(row)))
		}
		f.panels = append(f.panels, panel{title: labelled(r, "until "+groups[0].times[p.time].until()), plot: chart, unmarked: !marked, over: 3, overlay: p.overlay})
	}
	f.legend = crashLegend(groups)
	return f
}

// crashData are the medians over runs, a row for each time of each group of crashes. What did not happen until the end of the
// run is Inf.
func crashData(groups []crashGroup) *figureData {
	data := newData("protocol", "point", "crash", "until", "region", "median_of_runs_ms", "low_ms", "high_ms", "least_ms", "greatest_ms", "runs", "crashes")
	length := func(ns float64) string {
		if math.IsInf(ns, 1) {
			return "Inf"
		}
		return number(ns / 1e6)
	}
	for _, g := range groups {
		for _, one := range g.times {
			if len(one.values) == 0 {
				continue
			}
			m, low, high := one.median(), "", ""
			if m.hasInterval {
				low, high = length(m.low), length(m.high)
			}
			data.add(g.label, g.point, g.word, one.kind, one.region, length(m.value), low, high,
				length(slices.Min(one.values)), length(slices.Max(one.values)), int64(len(one.byRun)), int64(len(one.values)))
		}
	}
	return data
}

// greatest is the greatest time that has an end, in nanoseconds.
func (p crashPanel) greatest() float64 {
	most := 0.0
	for _, g := range p.groups {
		for _, value := range g.times[p.time].values {
			if !math.IsInf(value, 1) {
				most = max(most, value)
			}
		}
	}
	return most
}

// value is what stands beside a bar: the median and its interval, or why there is none.
func (p crashPanel) value(row int) string {
	g := &p.groups[row]
	one := &g.times[p.time]
	switch {
	case len(one.values) > 0:
	case one.kind == "caught_up" && g.system:
		return "not known"
	case one.kind == "caught_up":
		return "not started again"
	case g.led:
		return "no leader crashed"
	default:
		return "no leader"
	}
	m := one.median()
	if m.hasInterval && !math.IsInf(m.low, 1) {
		return lengthCell(m.value) + " (" + lengthsCell(m) + ")"
	}
	return lengthCell(m.value)
}

func (p crashPanel) overlay(c draw.Canvas) {
	for row := range p.groups {
		writeValue(c, row, len(p.groups), p.value(row))
	}
}

// Plot implements plot.Plotter. A time without an end is faint, reaches to the edge, and has no dot.
func (p crashPanel) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	at := func(ns float64) vg.Length { return min(x(min(ns/1e6, 2*p.limit)), c.Max.X) }
	half := pitchOf(c, len(p.groups)) * barShare / 2
	for row, g := range p.groups {
		one := &g.times[p.time]
		if len(one.values) == 0 {
			continue
		}
		m, middle, shown := one.median(), y(barMiddle(row, len(p.groups))), p.looks[g.protocol].color()
		if math.IsInf(m.value, 1) {
			shown = faded(shown, dimmedOpacity)
		}
		fill(c, shown, vg.Rectangle{
			Min: vg.Point{X: c.Min.X, Y: middle - half}, Max: vg.Point{X: at(m.value), Y: middle + half},
		})
		if m.hasInterval && !math.IsInf(m.low, 1) {
			drawInterval(c, at(m.low), at(m.high), middle, half)
		}
		if len(one.values) > 1 {
			for _, value := range one.values {
				if !math.IsInf(value, 1) {
					drawDot(c, vg.Point{X: at(value), Y: middle})
				}
			}
		}
	}
}

// drawInterval draws a horizontal line with an end at both sides, on a bar of which half is half the height.
func drawInterval(c draw.Canvas, from, to, y, half vg.Length) {
	style := draw.LineStyle{Color: ink, Width: 0.9}
	drawTail(c, style, from, to, y, half)
	c.StrokeLine2(style, from, y-half*tailShare, from, y+half*tailShare)
}

// drawDot draws a dot with a light rim, which shows on bars as well as beside them.
func drawDot(c draw.Canvas, at vg.Point) {
	c.DrawGlyph(draw.GlyphStyle{Color: color.White, Radius: 2, Shape: draw.CircleGlyph{}}, at)
	c.DrawGlyph(draw.GlyphStyle{Color: ink, Radius: 1.3, Shape: draw.CircleGlyph{}}, at)
}

func crashLegend(groups []crashGroup) []legendEntry {
	most, interval := 0, false
	for _, g := range groups {
		most, interval = max(most, g.crashes), interval || g.runs() >= runsForInterval
	}
	if most == 1 {
		return nil // a bar is a crash
	}
	legend := []legendEntry{
		{"median of runs", func(c draw.Canvas) { fill(c, color.Gray{0xaa}, c.Rectangle) }},
		{"a crash", func(c draw.Canvas) { drawDot(c, c.Center()) }},
	}
	if interval {
		return append(legend, legendEntry{"95 % interval of the median", func(c draw.Canvas) { drawInterval(c, c.Min.X, c.Max.X, c.Center().Y, c.Size().Y/2) }})
	}
	return append(legend, legendEntry{name: fmt.Sprintf("(an interval takes %d repeats)", runsForInterval)})
}
