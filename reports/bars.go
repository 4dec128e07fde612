package reports

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// bar is a line of a bar panel: a median with its p99 and its floor, or nothing and why.
type bar struct {
	name     string
	color    color.NRGBA
	p50, p99 time.Duration
	floor    time.Duration
	sure50   result.Confidence // withheld: there is no bar
	sure99   result.Confidence
	value    string // what stands beside the bar, or why there is none

	series *series // that it is of; nil if it has not run, or the bar is of a part of a run
}

// barOf returns the bar of one protocol in one region; s is nil if it has not run.
func barOf(s *series, name string, c color.NRGBA) bar {
	b := bar{name: name, color: c, series: s}
	switch {
	case s == nil:
		b.value = "not run"
	case s.saturated:
		b.value = "saturated"
	case s.spoilt(50):
		b.value = "the machine was busy"
	case s.confidence(50) == result.Withheld:
		b.value = "too few " + s.noun() + "s"
	default:
		b.p50, b.p99, b.floor = s.Response.P50, s.Response.P99, s.Floor
		b.sure50, b.sure99 = s.confidence(50), s.confidence(99)
		b.value = latencyText(s, 50, b.p50)
		if n, ok := s.trips(); ok {
			b.value += fmt.Sprintf(" = %.1f RT", n)
		}
		b.value += ", " + rate(s.Throughput(s.measured())) + "/s"
	}
	return b
}

// tailText is the p99; of writes without an answer, what it exceeds.
func (b bar) tailText() string {
	if b.series != nil && b.series.unanswered(99) {
		return "> " + ms(b.p99)
	}
	return ms(b.p99)
}

// faint reports whether any percentile shown rests on few samples.
func (b bar) faint() bool { return b.sure50 == result.Dimmed || b.sure99 == result.Dimmed }

// barPanel is the data of a panel of horizontal bars: one region.
type barPanel struct {
	region string
	quorum time.Duration // one round trip; 0 if the quorum is the replica itself
	bars   []bar         // from the top
}

// The measures of a bar panel, in points.
const (
	barShare  = 0.62 // of the pitch
	barsAbove = 13   // for the names of the round trips
)

// farTail is how many times further than everything else a p99 may lie and still be drawn to
// scale; beyond, an arrow and its value stand for it.
const farTail = 3

// farApart is how many times longer than another a scale may be for panels to share it: on a
// common one the bars of the shorter would be too short to read.
const farApart = 20

// barFigure draws panels of bars under one another, on one scale if that can be read. Times names what they show.
func barFigure(title string, subtitle []string, times string, panels []barPanel) *figure {
	f := &figure{title: title, subtitle: subtitle, legend: barLegend(panels), columns: 1, xLabel: times + " (ms)", data: barData(panels)}
	most, shortest, longest := 0, math.Inf(1), 0.0
	for _, p := range panels {
		most = max(most, len(p.bars))
		shortest, longest = min(shortest, p.limit()), max(longest, p.limit())
		for _, b := range p.bars {
			f.rightEdge = max(f.rightEdge, valueRoom(b.value))
		}
	}
	f.dataHeight, f.leastHeight = barRoom(most), leastBarRoom(most)
	shared := longest <= farApart*shortest
	if !shared {
		f.xLabel += ", each region on a scale of its own"
	}
	for i, p := range panels {
		if shared {
			f.panels = append(f.panels, p.panel(longest, i == len(panels)-1))
		} else {
			f.panels = append(f.panels, p.panel(p.limit(), true))
		}
	}
	return f
}

// barData are the bars, a row each.
func barData(panels []barPanel) *figureData {
	data := newData("region", "bar", "p50_ms", "p50_may_be_less_by_ms", "p50_is", "p99_ms", "p99_may_be_less_by_ms", "p99_is",
		"floor_ms", "round_trip_ms", "offered_per_s", "achieved_per_s", "remark")
	for _, p := range panels {
		for _, b := range p.bars {
			cells := []any{p.region, b.name}
			if b.series == nil {
				data.add(append(cells, "", "", "withheld", "", "", "withheld", "", "", "", "", b.value)...)
				continue
			}
			s := b.series
			for _, one := range []struct {
				percentile float64
				at         time.Duration
				sure       result.Confidence
			}{{50, b.p50, b.sure50}, {99, b.p99, b.sure99}} {
				if one.sure == result.Withheld {
					cells = append(cells, "", "", one.sure)
				} else {
					cells = append(cells, one.at, s.Bound(one.percentile), one.sure)
				}
			}
			remark := ""
			if b.sure50 == result.Withheld {
				remark = b.value
			}
			data.add(append(cells, s.Floor, s.Quorum, s.Rate(s.measured()), s.Throughput(s.measured()), remark)...)
		}
	}
	return data
}

// limit is the end of the scale that the panel asks for, in milliseconds.
func (p barPanel) limit() float64 {
	near, far := 2*p.quorum, time.Duration(0)
	for _, b := range p.bars {
		near = max(near, b.p50, b.floor)
		if b.sure99 != result.Withheld {
			far = max(far, b.p99)
		}
	}
	if far > farTail*near {
		far = farTail * near / 2
	}
	if limit := millis(max(near, far)); limit > 0 {
		return limit * 1.05
	}
	return 1
}

// panel makes the plot, on a scale from 0 to limit milliseconds; labelled gives the scale numbers.
func (p barPanel) panel(limit float64, labelled bool) panel {
	names := make([]string, len(p.bars))
	for i, b := range p.bars {
		names[i] = b.name
	}
	chart := barChart(names, limit, labelled)
	chart.Add(p)
	title := p.region
	if p.quorum > 0 {
		title += " (1 RT = " + ms(p.quorum) + ")"
	}
	return panel{title: title, plot: chart, unmarked: !labelled, over: barsAbove, overlay: func(c draw.Canvas) { p.overlay(c, limit) }}
}

// Plot implements plot.Plotter.
func (p barPanel) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	at := func(d time.Duration) vg.Length { return min(x(millis(d)), c.Max.X) }
	half := pitchOf(c, len(p.bars)) * barShare / 2
	for i, b := range p.bars {
		middle := y(barMiddle(i, len(p.bars)))
		if b.sure50 == result.Withheld {
			continue
		}
		shown := b.color
		if b.sure50 == result.Dimmed {
			shown = faded(shown, dimmedOpacity)
		}
		fill(c, shown, vg.Rectangle{
			Min: vg.Point{X: c.Min.X, Y: middle - half},
			Max: vg.Point{X: at(b.p50), Y: middle + half},
		})
		if b.sure99 == result.Withheld {
			continue
		}
		tail := draw.LineStyle{Color: ink, Width: 0.9}
		if b.sure99 == result.Dimmed {
			tail.Color = dim
		}
		if x(millis(b.p99)) > c.Max.X {
			drawFarTail(c, tail, at(b.p50), middle, half, b.tailText())
		} else {
			drawTail(c, tail, at(b.p50), at(b.p99), middle, half)
		}
	}
	for trips := 1; trips <= 2 && p.quorum > 0; trips++ {
		line := at(time.Duration(trips) * p.quorum)
		c.StrokeLine2(tripLine, line, c.Min.Y, line, c.Max.Y)
	}
	for i, b := range p.bars {
		if b.sure50 != result.Withheld && b.floor > 0 {
			drawFloor(c, vg.Point{X: at(b.floor), Y: y(barMiddle(i, len(p.bars)))})
		}
	}
}

// overlay writes the values beside the bars and the names of the round trips above their lines.
func (p barPanel) overlay(c draw.Canvas, limit float64) {
	for i, b := range p.bars {
		writeValue(c, i, len(p.bars), b.value)
	}
	if p.quorum <= 0 {
		return
	}
	style := aligned(remarkText, text.XCenter, text.YBottom)
	one, two := c.X(millis(p.quorum)/limit), c.X(2*millis(p.quorum)/limit)
	y := c.Max.Y + 2
	c.FillText(style, vg.Point{X: one, Y: y}, "1 RT")
	if two-one > style.Width("2 RT")+sampleGap {
		c.FillText(style, vg.Point{X: two, Y: y}, "2 RT")
	}
}

// tailShare is how far the end of a tail reaches to both sides of its line, as a share of half a bar's height.
const tailShare = 0.7

// drawTail draws the way from p50 to p99 and marks its end; half is half the height of the bar.
func drawTail(c draw.Canvas, style draw.LineStyle, from, to, y, half vg.Length) {
	tailHeight := half * tailShare
	c.StrokeLine2(style, from, y, to, y)
	c.StrokeLine2(style, to, y-tailHeight, to, y+tailHeight)
}

// drawFarTail draws an arrow from p50 beyond the scale, and the value of p99 that lies there.
func drawFarTail(c draw.Canvas, style draw.LineStyle, from, y, half vg.Length, p99 string) {
	to, tailHeight := c.Max.X, half*tailShare
	c.StrokeLine2(style, from, y, to, y)
	c.StrokeLines(style, []vg.Point{{X: to - 1.5*tailHeight, Y: y + tailHeight}, {X: to, Y: y}, {X: to - 1.5*tailHeight, Y: y - tailHeight}})
	c.FillText(aligned(smallText, text.XRight, text.YBottom), vg.Point{X: to - 2*tailHeight, Y: y + 1}, p99)
}

// drawFloor draws a diamond with a light rim, which shows on bars as well as beside them.
func drawFloor(c draw.Canvas, at vg.Point) {
	for _, d := range []struct {
		half  vg.Length
		color color.Color
	}{{4.6, color.White}, {3.4, ink}} {
		c.FillPolygon(d.color, []vg.Point{
			{X: at.X - d.half, Y: at.Y}, {X: at.X, Y: at.Y - d.half}, {X: at.X + d.half, Y: at.Y}, {X: at.X, Y: at.Y + d.half},
		})
	}
}

// tripsName is what legends call the dashed lines.
const tripsName = "1 and 2 round trips (RT) to the nearest quorum"

func barLegend(panels []barPanel) []legendEntry {
	legend := []legendEntry{
		{"p50", func(c draw.Canvas) { fill(c, color.Gray{0xaa}, c.Rectangle) }},
		{"p99", func(c draw.Canvas) {
			drawTail(c, draw.LineStyle{Color: ink, Width: 0.9}, c.Min.X, c.Max.X, c.Center().Y, c.Size().Y/2)
		}},
		{tripsName, func(c draw.Canvas) {
			for _, share := range []float64{0.3, 0.7} {
				c.StrokeLine2(tripLine, c.X(share), c.Min.Y, c.X(share), c.Max.Y)
			}
		}},
	}
	any := func(is func(bar) bool) bool {
		return slices.ContainsFunc(panels, func(p barPanel) bool { return slices.ContainsFunc(p.bars, is) })
	}
	if any(func(b bar) bool { return b.floor > 0 }) {
		legend = slices.Insert(legend, 2, legendEntry{"floor of the protocol", func(c draw.Canvas) { drawFloor(c, c.Center()) }})
	}
	if any(bar.faint) {
		legend = append(legend, faintEntry("faint: fewer than 100 samples beyond the percentile, or more than 1 % may be the instrument's"))
	}
	return legend
}
