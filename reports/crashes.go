package reports

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"quorumbench/bench/result"
)

// This file sums up what crashes of replicas cost, over all repeats. The unit is the run here, too: crashes of one run
// share its leader and what clients have learnt, so a run with several contributes their median.

// crashGroup are the crashes of a protocol, in all repeats, that the experiment calls by the same word.
type crashGroup struct {
	label    string
	protocol int    // its number, for the colour
	point    string // of the sweep
	of       string // what crashed, in words
	word     string // the experiment's: leader, random or a region
	led      bool   // the protocol has a leader
	system   bool   // it is a system that was run as it is
	crashes  int
	times    []crashTime
}

// crashTime is one time of each crash of a group.
type crashTime struct {
	kind   string            // for programs: answer, new_leader or caught_up
	region string            // whose clients were answered; empty of the other kinds
	values []float64         // nanoseconds, +Inf for what did not happen until the end of the run; none where the time has no meaning
	byRun  map[int][]float64 // the same by repeat
}

// until completes the words "time until".
func (t *crashTime) until() string {
	switch t.kind {
	case "answer":
		return "a write from " + t.region + " is answered"
	case "new_leader":
		return "a replica leads again"
	}
	return "the replica has caught up"
}

func (t *crashTime) add(repeat int, d time.Duration) {
	value := float64(d)
	if d < 0 {
		value = math.Inf(1)
	}
	t.values = append(t.values, value)
	if t.byRun == nil {
		t.byRun = map[int][]float64{}
	}
	t.byRun[repeat] = append(t.byRun[repeat], value)
}

// median is the median over runs and its interval.
func (t *crashTime) median() estimate {
	var runs []repeated
	for repeat, values := range t.byRun {
		runs = append(runs, repeated{repeat, medianOfValues(values)})
	}
	return medianOf(runs)
}

// crashGroups gathers the crashes of a result by protocol, point and the experiment's word, in the order of the first.
func crashGroups(r *result.Result) []crashGroup {
	var groups []crashGroup
	for protocol, label := range r.Labels() {
		for _, point := range r.Points() {
			at := r
			if point != "" {
				at = r.At(point)
			}
			groups = append(groups, crashGroupsOf(at, label, protocol, point)...)
		}
	}
	return groups
}

func crashGroupsOf(r *result.Result, label string, protocol int, point string) []crashGroup {
	var groups []crashGroup
	victims := map[string][]string{} // by word
	for _, run := range r.RunsOf(label) {
		for _, c := range run.Crashes {
			word := r.CrashFault(c)
			i := slices.IndexFunc(groups, func(g crashGroup) bool { return g.word == word })
			if i < 0 {
				g := crashGroup{label: label, protocol: protocol, point: point, word: word, led: r.Experiment.Protocols[protocol].Leader != "", system: run.System != nil}
				for _, region := range run.Regions {
					g.times = append(g.times, crashTime{kind: "answer", region: region.Region})
				}
				g.times = append(g.times, crashTime{kind: "new_leader"}, crashTime{kind: "caught_up"})
				i, groups = len(groups), append(groups, g)
			}
			groups[i].add(run.Repeat, c)
			if !slices.Contains(victims[word], c.Region) {
				victims[word] = append(victims[word], c.Region)
			}
		}
	}
	for i := range groups {
		g := &groups[i]
		switch {
		case g.word == "random":
			g.of = "a random replica"
		case g.word == "leader" && g.led:
			g.of = "the leader"
		default:
			g.of = list(victims[g.word])
		}
	}
	return groups
}

func (g *crashGroup) add(repeat int, c result.Crash) {
	g.crashes++
	regions := len(g.times) - 2
	for i, outage := range c.Outages[:min(regions, len(c.Outages))] {
		g.times[i].add(repeat, outage)
	}
	if c.NewLeader != nil {
		g.times[regions].add(repeat, *c.NewLeader)
	}
	if c.Recovery != nil {
		g.times[regions+1].add(repeat, c.Recovery.CaughtUp)
	}
}

// runs is the number of runs with such a crash.
func (g *crashGroup) runs() int { return len(g.times[0].byRun) }

// name is the protocol and what crashed.
func (g *crashGroup) name() string {
	name := g.label + ": " + g.of
	if g.point != "" {
		name += ", at " + g.point
	}
	return name
}

// lengthCell writes a length of time in nanoseconds, +Inf as never.
func lengthCell(ns float64) string {
	if math.IsInf(ns, 1) {
		return "never"
	}
	return ms(time.Duration(ns))
}

// lengthsCell writes an interval of lengths of time; nothing without one.
func lengthsCell(m estimate) string {
	switch low, high := lengthCell(m.low), lengthCell(m.high); {
	case !m.hasInterval:
		return ""
	case math.IsInf(m.low, 1):
		return low
	default:
		return low + " to " + high
	}
}

// writeCrashes writes a row for each time of each group of crashes; nothing if nothing crashed.
func writeCrashes(out *Page, r *result.Result) {
	groups := crashGroups(r)
	if len(groups) == 0 {
		return
	}
	most := slices.MaxFunc(groups, func(a, b crashGroup) int { return a.crashes - b.crashes }).crashes
	header := []any{"protocol: crash of", "time until", "median of runs", "95 % interval", "least", "greatest", "runs", "crashes"}
	if most == 1 {
		header = []any{"protocol: crash of", "time until", "time"}
	}
	t := newTable(header...)
	never := false
	for _, g := range groups {
		first := g.name()
		for _, one := range g.times {
			if len(one.values) == 0 {
				continue
			}
			never = never || slices.Max(one.values) == math.Inf(1)
			m := one.median()
			row := table.Row{first, one.until(), lengthCell(m.value), lengthsCell(m), lengthCell(slices.Min(one.values)), lengthCell(slices.Max(one.values)), len(one.byRun), len(one.values)}
			t.AppendRow(row[:len(header)])
			first = ""
		}
		t.AppendSeparator()
	}
	fmt.Fprintln(out, "\nCrashes of replicas: times count from the crash, the time to catch up from the start after it")
	out.Table(t)
	for _, line := range crashNotes(groups, never) {
		fmt.Fprintln(out, line)
	}
}

// CrashRow is a time that crashes of replicas took, over all repeats.
type CrashRow struct {
	Protocol int    `json:"protocol"` // index of Data.Protocols
	Point    int    `json:"point"`    // index of Data.Points
	Region   int    `json:"region"`   // index of Data.Regions: whose clients were answered; -1 of other times
	Of       string `json:"of"`       // what crashed
	Until    string `json:"until"`    // completes "time until"

	Median   Length `json:"median"` // over runs
	Low      Length `json:"low"`    // of its 95 % interval; without one Median
	High     Length `json:"high"`
	Interval string `json:"interval"` // in words; empty without one
	Least    Length `json:"least"`
	Greatest Length `json:"greatest"`
	Runs     int    `json:"runs"`
	Crashes  int    `json:"crashes"`
}

// Length is a length of time.
type Length struct {
	Time int64  `json:"ns"` // math.MaxInt64 of what did not happen by the end of the run
	Text string `json:"text"`
}

func lengthOf(ns float64) Length {
	if math.IsInf(ns, 1) {
		return Length{math.MaxInt64, lengthCell(ns)}
	}
	return Length{int64(ns), lengthCell(ns)}
}

// crashRows are the rows of a page's table of crashes, what stands below it, and how many crashes a group has at most.
func crashRows(r *result.Result) (rows []CrashRow, notes []string, most int) {
	rows, notes = []CrashRow{}, []string{}
	groups, never := crashGroups(r), false
	for _, g := range groups {
		most = max(most, g.crashes)
		for i, one := range g.times {
			if len(one.values) == 0 {
				continue
			}
			m, greatest := one.median(), slices.Max(one.values)
			never = never || math.IsInf(greatest, 1)
			row := CrashRow{Protocol: g.protocol, Point: slices.Index(r.Points(), g.point), Region: -1, Of: g.of, Until: one.until(), Median: lengthOf(m.value),
				Low: lengthOf(m.value), High: lengthOf(m.value), Interval: lengthsCell(m),
				Least: lengthOf(slices.Min(one.values)), Greatest: lengthOf(greatest), Runs: len(one.byRun), Crashes: len(one.values)}
			if one.kind == "answer" {
				row.Region = i
			}
			if m.hasInterval {
				row.Low, row.High = lengthOf(m.low), lengthOf(m.high)
			}
			rows = append(rows, row)
		}
	}
	if len(groups) > 0 {
		notes = append(notes, crashNotes(groups, never)...)
	}
	return rows, notes, most
}

// crashNotes says what the table of crashes leaves out, and what its intervals assume.
func crashNotes(groups []crashGroup, never bool) []string {
	var lines []string
	if never {
		lines = append(lines, "never: not by the end of the run")
	}
	var leaderless, spared, absent, unknown []string
	fewest, most := math.MaxInt, 0
	for _, g := range groups {
		fewest, most = min(fewest, g.runs()), max(most, g.runs())
		add := func(to *[]string, name string) {
			if !slices.Contains(*to, name) {
				*to = append(*to, name)
			}
		}
		for _, one := range g.times {
			switch {
			case len(one.values) > 0:
			case one.kind == "caught_up" && g.system:
				add(&unknown, g.label)
			case one.kind == "caught_up":
				add(&absent, g.name())
			case one.kind == "new_leader" && !g.led:
				add(&leaderless, g.label)
			case one.kind == "new_leader":
				add(&spared, g.name())
			}
		}
	}
	if len(leaderless) > 0 {
		lines = append(lines, "no time to a new leader: no leader in "+list(leaderless))
	}
	if len(spared) > 0 {
		lines = append(lines, "no time to a new leader: none was recorded of "+list(spared)+" (the replica did not lead, or the result is older)")
	}
	if len(absent) > 0 {
		lines = append(lines, "no time to catch up: not started again in "+list(absent))
	}
	if len(unknown) > 0 {
		lines = append(lines, "no time to catch up: what a system's node has applied is not known of "+list(unknown))
	}
	if most > 1 {
		lines = append(lines, noInterval(fewest)...)
	}
	return lines
}

// crashJSON is a time of the crashes of a protocol, over all repeats. Times are null for what did not happen until the end
// of the run.
type crashJSON struct {
	Protocol string         `json:"protocol"`
	Point    string         `json:"point,omitempty"`
	Crash    string         `json:"crash"` // leader, random or a region
	Until    string         `json:"until"` // answer, new_leader or caught_up
	Region   string         `json:"region,omitempty"`
	Median   *time.Duration `json:"median_of_runs_ns"`
	Interval bool           `json:"has_interval"` // from low to high, of 95 %
	Low      *time.Duration `json:"low_ns"`
	High     *time.Duration `json:"high_ns"`
	Least    *time.Duration `json:"least_ns"`
	Greatest *time.Duration `json:"greatest_ns"`
	Runs     int            `json:"runs"`
	Crashes  int            `json:"crashes"`
	Never    int            `json:"never"` // of how many of them it did not happen
}

func describeCrashes(r *result.Result) []crashJSON {
	all := []crashJSON{}
	for _, g := range crashGroups(r) {
		for _, one := range g.times {
			if len(one.values) == 0 {
				continue
			}
			m := one.median()
			d := crashJSON{Protocol: g.label, Point: g.point, Crash: g.word, Until: one.kind, Region: one.region, Interval: m.hasInterval,
				Median: finite(m.value), Least: finite(slices.Min(one.values)), Greatest: finite(slices.Max(one.values)), Runs: len(one.byRun), Crashes: len(one.values)}
			if m.hasInterval {
				d.Low, d.High = finite(m.low), finite(m.high)
			}
			for _, value := range one.values {
				if math.IsInf(value, 1) {
					d.Never++
				}
			}
			all = append(all, d)
		}
	}
	return all
}

// finite is nil for +Inf.
func finite(ns float64) *time.Duration {
	if math.IsInf(ns, 1) {
		return nil
	}
	d := time.Duration(ns)
	return &d
}
