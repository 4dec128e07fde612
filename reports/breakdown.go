package reports

import (
	"fmt"
	"image/color"
	"iter"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// stageColors are the colours of the stages of a write's way, by result.StageNames: ways to and from
// a leader blue, to and from another replica that a client has asked violet, between replicas green,
// what costs extra warm, what is inside a replica grey or brown.
var stageColors = map[string]color.NRGBA{
	"to the leader": {0x8c, 0xc8, 0xf0, 0xff}, "back from the leader": {0x56, 0xa4, 0xd9, 0xff},
	"to another replica": {0xcc, 0xc0, 0xec, 0xff}, "back from another replica": {0xac, 0x9a, 0xdc, 0xff},
	"until put forward": {0xa8, 0xa8, 0xa8, 0xff},
	"retries":           {0xe0, 0x70, 0x20, 0xff},
	"prepare":           {0xf0, 0xb4, 0x3c, 0xff},
	"way out":           {0x4c, 0xb8, 0x94, 0xff}, "at the acceptor": {0x7a, 0x5c, 0x3c, 0xff}, "way back": {0x9c, 0xd8, 0xc0, 0xff},
	"round trip":     {0x74, 0xc8, 0xaa, 0xff},
	"decision":       {0xb4, 0x96, 0x6e, 0xff},
	"earlier writes": {0xd8, 0x96, 0xba, 0xff},
	"not told":       {0xdc, 0xdc, 0xdc, 0xff},
	"until applied":  {0xc4, 0xc4, 0xc4, 0xff},
}

// breakdowns are what is known of what writes waited for, by protocol and region.
func (v *view) breakdowns() iter.Seq[*result.Breakdown] {
	return func(yield func(*result.Breakdown) bool) {
		for _, row := range v.series {
			for _, s := range row {
				if s != nil && s.Breakdown != nil && !yield(s.Breakdown) {
					return
				}
			}
		}
	}
}

func (v *view) hasBreakdowns() bool {
	for range v.breakdowns() {
		return true
	}
	return false
}

// breakdownFigure shows what the writes of each region waited for under each protocol: the means of
// the stages, which add up to the mean response of the writes that were answered in time. What comes
// after the answer is drawn thinner. A saturated run is drawn: here waiting is what one wants to see.
func breakdownFigure(v *view) *figure {
	f := &figure{
		title: "What a write waits for: mean time in each stage", subtitle: subtitles(v.Result),
		legend: stageLegend(v), columns: 1, dataHeight: barRoom(len(v.labels)), leastHeight: leastBarRoom(len(v.labels)), xLabel: "time since the write arrived (ms)",
		data: newData("region", "protocol", "stage", "after_the_answer", "mean_ms"),
	}
	if every := v.sampled(); every > 1 {
		f.subtitle = append(f.subtitle, fmt.Sprintf("Of some protocols one write in %d was followed.", every))
	}
	answered, applied := 0.0, 0.0
	var panels []stagePanel
	for region, name := range v.regions {
		p := stagePanel{region: name}
		for i, label := range v.labels {
			b := stageBar{name: v.withCaveat(label)}
			if s := v.series[i][region]; s != nil {
				if b.spoilt = s.spoilt(50); !b.spoilt {
					b.known = s.Breakdown
				}
			}
			if b.known != nil {
				for _, stage := range b.known.Stages {
					f.data.add(name, label, stage.Name, stage.After, stage.Mean())
				}
			}
			answered, applied = max(answered, millis(b.total(false))), max(applied, millis(b.total(true)))
			f.rightEdge = max(f.rightEdge, valueRoom(b.value()))
			p.bars = append(p.bars, b)
		}
		panels = append(panels, p)
	}
	limit := min(applied, farAfter*answered)
	if limit == 0 {
		limit = 1
	}
	for i, p := range panels {
		f.panels = append(f.panels, p.panel(limit*1.02, i == len(panels)-1))
	}
	return f
}

// farAfter is how many times longer than the longest response the scale may be for what comes after
// the answer; what does not end on it is cut, and its length written there.
const farAfter = 1.5

// sampled is the greatest n such that only every n-th write was followed.
func (v *view) sampled() (every int64) {
	for b := range v.breakdowns() {
		every = max(every, b.Every)
	}
	return every
}

// stageLegend names the stages that occur, in the order of a write's way.
func stageLegend(v *view) []legendEntry {
	after := map[string]bool{} // the answer; of those that occur
	for b := range v.breakdowns() {
		for _, s := range b.Stages {
			after[s.Name] = s.After
		}
	}
	var legend []legendEntry
	for _, name := range result.StageNames() {
		late, occurs := after[name]
		if !occurs {
			continue
		}
		shown, said := stageColors[name], name
		height := vg.Length(1)
		if late {
			said, height = "after the answer: "+name, afterShare
		}
		legend = append(legend, legendEntry{said, func(c draw.Canvas) {
			middle, half := c.Center().Y, c.Size().Y*height/2
			fill(c, unthemed{shown}, vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: middle - half}, Max: vg.Point{X: c.Max.X, Y: middle + half}})
		}})
	}
	return legend
}

// afterShare is how thick what comes after the answer is, as a share of a bar.
const afterShare = 0.35

// stageBar is a protocol in a region.
type stageBar struct {
	name  string
	known *result.Breakdown // nil: nothing is known, or to be shown

	spoilt bool // too much of it may be the instrument's
}

// total is the mean response of the writes, or the mean time until they were applied, too.
func (b stageBar) total(after bool) (sum time.Duration) {
	if b.known == nil {
		return 0
	}
	for _, s := range b.known.Stages {
		if !s.After || after {
			sum += s.Mean()
		}
	}
	return sum
}

func (b stageBar) value() string {
	switch {
	case b.spoilt:
		return "the machine was busy"
	case b.known == nil:
		return "no write answered"
	}
	value := ms(b.total(false))
	if b.known.Retries > 0 {
		value += fmt.Sprintf(", %.2f retries", float64(b.known.Retries)/float64(b.known.Writes))
	}
	return value
}

// stagePanel is the data of a panel of stacked bars: one region.
type stagePanel struct {
	region string
	bars   []stageBar // from the top
}

func (p stagePanel) panel(limit float64, labelled bool) panel {
	names := make([]string, len(p.bars))
	for i, b := range p.bars {
		names[i] = b.name
	}
	chart := barChart(names, limit, labelled)
	chart.Add(p)
	return panel{title: p.region, plot: chart, unmarked: !labelled, over: 4, overlay: func(c draw.Canvas) {
		for i, b := range p.bars {
			writeValue(c, i, len(p.bars), b.value())
		}
	}}
}

// Plot implements plot.Plotter.
func (p stagePanel) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	for i, b := range p.bars {
		if b.known == nil {
			continue
		}
		var at time.Duration
		for _, s := range b.known.Stages {
			half := pitchOf(c, len(p.bars)) * 0.76 / 2
			if s.After {
				half *= afterShare
			}
			middle := y(barMiddle(i, len(p.bars)))
			from, to := x(millis(at)), min(x(millis(at+s.Mean())), c.Max.X)
			fill(c, unthemed{stageColors[s.Name]}, vg.Rectangle{Min: vg.Point{X: from, Y: middle - half}, Max: vg.Point{X: to, Y: middle + half}})
			label := strconv.FormatFloat(millis(s.Mean()), 'f', 1, 64)
			if !s.After && to-from > smallText.Width(label)+3 {
				style := aligned(smallText, text.XCenter, text.YBottom)
				style.Color = unthemed{ink} // on a stage's colour, which is light in all themes
				c.FillText(style, vg.Point{X: (from + to) / 2, Y: middle - 0.4*style.Font.Size}, label)
			}
			if s.After && millis(at+s.Mean()) > chart.X.Max {
				style := aligned(smallText, text.XRight, text.YBottom)
				c.FillText(style, vg.Point{X: to, Y: middle + half}, "+"+ms(s.Mean())+" →")
			}
			at += s.Mean()
		}
	}
}
