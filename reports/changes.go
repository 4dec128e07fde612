package reports

import (
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/result"
)

// change is a change of the voters in one run, and the time around it in which nothing else happened.
type change struct {
	protocol int // its number
	number   int // of the fault that asked for it, from 1
	steps    int // memberships that were committed for it
	// All since measuring began. Begin is that of the last fault or membership before, end that of the next fault after.
	begin, asked, done, end time.Duration
	unfinished              bool // what was asked for was not committed until the next change, or the end: that is when done is
}

// changes are those of the first run of each protocol, in the order of time.
func (v *view) changes() []change {
	var all []change
	for protocol, label := range v.labels {
		if runs := v.RunsOf(label); len(runs) > 0 {
			for _, c := range changesOf(runs[0].Faults, v.Experiment.Load.Duration) {
				c.protocol = protocol
				all = append(all, c)
			}
		}
	}
	return all
}

// changesOf finds the changes among the marks of a run that measured for so long. A change is done when the last membership is
// committed that has nothing left to be done, before anything else is asked for.
func changesOf(marks []result.FaultMark, measured time.Duration) []change {
	var all []change
	asked := 0 // faults of the experiment so far
	for i, mark := range marks {
		if ofLeader(mark) {
			continue
		}
		asked++
		if mark.Membership != result.ChangeAsked {
			continue
		}
		c := change{number: asked, asked: mark.At, unfinished: true, end: measured}
		if i > 0 {
			c.begin = max(0, marks[i-1].At)
		}
		for _, next := range marks[i+1:] {
			if !ofLeader(next) {
				if !c.unfinished || next.Membership == result.ChangeAsked {
					c.end = min(next.At, measured)
					break
				}
				continue
			}
			c.steps++
			if next.Membership == result.GoalCommitted {
				c.done, c.unfinished = next.At, false
			}
		}
		if c.unfinished || c.done > measured {
			c.done, c.unfinished = c.end, true
		}
		all = append(all, c)
	}
	return all
}

// ofLeader tells whether a mark is what a leader did, and not a fault of the experiment.
func ofLeader(mark result.FaultMark) bool {
	return mark.Membership == result.StepCommitted || mark.Membership == result.GoalCommitted
}

// phase is a time before, during or after a change, and the operations of a region in it.
type phase struct {
	name     string
	from, to time.Duration // of the moments that were counted
	response *hdrhistogram.Histogram
}

// phases are what the intervals of a region say of a change: those before and after it whole, and those in which any part of it was.
func (c *change) phases(intervals []result.Interval) []phase {
	during := fmt.Sprintf("during [%d]", c.number)
	all := []phase{{name: fmt.Sprintf("before [%d]", c.number)}, {name: during}, {name: fmt.Sprintf("after [%d]", c.number)}}
	for _, one := range intervals {
		var p *phase
		switch from, to := one.Start, one.Start+one.Length; {
		case one.Response == nil:
			continue
		case from >= c.begin && to <= c.asked:
			p = &all[0]
		case to > c.asked && from <= c.done:
			p = &all[1]
		case from > c.done && to <= c.end:
			p = &all[2]
		default:
			continue
		}
		if p.response == nil {
			p.from = one.Start
		}
		p.to = one.Start + one.Length
		p.response = mergeInto(p.response, one.Response.Histogram())
	}
	return all
}

// bar is the phase as a bar with the longest operation at the end of its tail.
func (p *phase) bar(prefix string, v *view, c *change) bar {
	b := bar{name: prefix + p.name, color: v.looks[c.protocol].color(), sure50: result.Withheld, sure99: result.Withheld, value: "too few " + v.noun() + "s"}
	if p.response == nil {
		return b
	}
	if b.sure50 = result.ConfidenceIn(50, p.response.TotalCount()); b.sure50 != result.Withheld {
		b.p50, b.p99, b.sure99 = result.Percentile(p.response, 50), time.Duration(p.response.Max()), result.Solid
		b.value = fmt.Sprintf("%s, at most %s", ms(b.p50), ms(b.p99))
	}
	return b
}

// membershipFigure shows what operations took before, during and after each change of the voters.
func membershipFigure(v *view) *figure {
	changes := v.changes()
	var panels []barPanel
	data := newData("region", "protocol", "fault", "steps", "asked_s", "done_s", "phase", "from_s", "to_s", "writes", "p50_ms", "longest_ms")
	for region, name := range v.regions {
		p := barPanel{region: name}
		for i := range changes {
			c := &changes[i]
			s, label, prefix := v.series[c.protocol][region], v.labels[c.protocol], ""
			if s == nil {
				continue
			}
			if len(v.labels) > 1 {
				prefix = label + ", "
			}
			for _, one := range c.phases(s.runs[0].Regions[s.region].Of(v.kind).Intervals) {
				b := one.bar(prefix, v, c)
				p.bars = append(p.bars, b)
				cells := []any{name, label, int64(c.number), int64(c.steps), c.asked.Seconds(), "", one.name, one.from.Seconds(), one.to.Seconds(), int64(0), "", ""}
				if !c.unfinished {
					cells[5] = c.done.Seconds()
				}
				if one.response != nil {
					cells[9] = one.response.TotalCount()
				}
				if b.sure50 != result.Withheld {
					cells[10], cells[11] = b.p50, b.p99
				}
				data.add(cells...)
			}
		}
		panels = append(panels, p)
	}
	what := v.title(" latency before, during and after changes of the membership")
	if v.Experiment.Repeats > 1 {
		what += fmt.Sprintf(", of the first of %d repeats", v.Experiment.Repeats)
	}
	f := barFigure(what, append(subtitles(v.Result), v.changeList(changes)), timeName(v.Result), panels)
	f.data = data
	f.legend = slices.DeleteFunc(f.legend, func(e legendEntry) bool { return e.name == tripsName })
	for i := range f.legend {
		if f.legend[i].name == "p99" {
			f.legend[i].name = "the longest"
		}
	}
	return f
}

// changeList tells how long the changes took, by the numbers of the faults that asked for them.
func (v *view) changeList(changes []change) string {
	text := "changes:"
	for i, c := range changes {
		if i > 0 {
			text += ";"
		}
		if len(v.labels) > 1 {
			text += " " + v.labels[c.protocol]
		}
		text += fmt.Sprintf(" [%d]", c.number)
		switch {
		case c.unfinished && c.steps > 0:
			text += fmt.Sprintf(" not to its end, %d memberships committed", c.steps)
		case c.unfinished:
			text += " not committed"
		case c.steps == 1:
			text += fmt.Sprintf(" one membership committed in %s", ms(c.done-c.asked))
		default:
			text += fmt.Sprintf(" %d memberships committed in %s", c.steps, ms(c.done-c.asked))
		}
	}
	for _, row := range v.series {
		for _, s := range row {
			if s != nil && len(s.runs[0].Regions[s.region].Of(v.kind).Intervals) > 0 {
				length := s.runs[0].Regions[s.region].Of(v.kind).Intervals[0].Length
				return text + fmt.Sprintf("; during: all %ss that arrived in a span of %s with a part of the change in it", v.noun(), ms(length))
			}
		}
	}
	return text
}
