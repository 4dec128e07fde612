package reports

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// denseFigure shows p50, p99 and floor of so many regions that their bars would not find room on a page: a line for each
// region, with a mark for each protocol.
func denseFigure(v *view) *figure {
	f := &figure{
		title: v.title(" latency by region"), subtitle: subtitles(v.Result), columns: 1,
		dataHeight: vg.Length(len(v.regions)) * 1.3 * leastPitch, leastHeight: leastBarRoom(len(v.regions)), xLabel: timeName(v.Result) + " (ms)",
	}
	p := densePanel{v}
	low, high := math.Inf(1), 0.0
	for _, row := range v.series {
		for _, s := range row {
			if s == nil || s.confidence(50) == result.Withheld {
				continue
			}
			low, high = min(low, millis(s.Response.P50)), max(high, millis(s.Response.P50))
			if s.Floor > 0 {
				low = min(low, millis(s.Floor))
			}
			if s.confidence(99) != result.Withheld {
				high = max(high, millis(s.Response.P99))
			}
		}
	}
	chart := barChart(v.regions, max(1, high*1.05), true)
	if high > logFrom*low && low > 0 {
		chart.X.Scale, chart.X.Tick.Marker = plot.LogScale{}, logTicks{}
		chart.X.Min, chart.X.Max = low/1.1, high*1.1
	}
	chart.Add(p)
	f.panels = []panel{{title: fmt.Sprintf("%d regions", len(v.regions)), plot: chart, over: 4}}
	for i, label := range v.labels {
		f.legend = append(f.legend, legendEntry{v.withCaveat(label), func(c draw.Canvas) { drawMark(c, c.Center(), denseMark, v.looks[i], false) }})
	}
	f.legend = append(f.legend,
		legendEntry{"mark: p50, open where it is uncertain; line: to p99", func(c draw.Canvas) {
			c.StrokeLine2(draw.LineStyle{Color: shade, Width: 0.7}, c.Min.X, c.Center().Y, c.Max.X, c.Center().Y)
		}},
		legendEntry{"floor of a protocol", func(c draw.Canvas) {
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.8}, c.Center().X, c.Center().Y-3, c.Center().X, c.Center().Y+3)
		}})
	return f
}

// denseMark is the radius of a protocol's mark, in points.
const denseMark = 2.9

// densePanel is the panel of such a figure.
type densePanel struct{ *view }

// Plot implements plot.Plotter.
func (p densePanel) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	for i, row := range p.series {
		for region, s := range row {
			if s == nil || s.confidence(50) == result.Withheld {
				continue
			}
			at := vg.Point{X: x(millis(s.Response.P50)), Y: y(barMiddle(region, len(p.regions)))}
			if s.confidence(99) != result.Withheld {
				c.StrokeLine2(draw.LineStyle{Color: faded(p.looks[i].color(), dimmedOpacity), Width: 0.9}, at.X, at.Y, x(millis(s.Response.P99)), at.Y)
			}
			if s.Floor > 0 {
				c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.8}, x(millis(s.Floor)), at.Y-3, x(millis(s.Floor)), at.Y+3)
			}
			drawMark(c, at, denseMark, p.looks[i], s.confidence(50) == result.Dimmed)
		}
	}
}
