package reports

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/result"
)

// Data is what a page draws a result from: the sentences, the cells of its table, and the points of its figures. What a
// table withholds has no value here either. Times are in nanoseconds. For a simulated result it is the same in each run of
// the same seed.
type Data struct {
	Name      string     `json:"name"`
	Headline  string     `json:"headline"`
	World     string     `json:"world"` // simulated or live
	Seed      uint64     `json:"seed"`
	TimeName  string     `json:"time_name"` // response time; service time of a closed loop
	Swept     string     `json:"swept"`     // the path that the experiment sweeps over; empty without a sweep
	Points    []string   `json:"points"`    // of the sweep; one empty text without
	Protocols []string   `json:"protocols"` // labels, in the order of the experiment
	Styles    []int      `json:"styles"`    // of the protocols, from 0 to 15: their colours and dashes
	Regions   []string   `json:"regions"`   // with clients
	Warnings  []string   `json:"warnings"`  // why the figures must not be believed, or what was missed
	Verdict   []string   `json:"verdict"`
	Notes     []string   `json:"notes"`   // what drivers noted
	Quality   []string   `json:"quality"` // how far to trust the result
	Faults    []FaultBar `json:"faults"`
	Length    int64      `json:"length_ns"` // of the measured part
	Rows      []Row      `json:"rows"`
	Stages    []string   `json:"stages"` // names of the parts of a write's time, in their order

	Links  []LinkRow  `json:"links"`  // real ones between sites, over all runs; none if one process has run all regions
	Clocks []ClockRow `json:"clocks"` // of the sites

	Crashes     []CrashRow `json:"crashes"`      // what crashes of replicas cost, over all repeats
	CrashNotes  []string   `json:"crash_notes"`  // what its rows leave out, and what its intervals assume
	MostCrashes int        `json:"most_crashes"` // of the same replica under a protocol; 0 without crashes
}

// FaultBar is a fault on the axis of time since measuring began.
type FaultBar struct {
	At   int64  `json:"at_ns"`
	For  int64  `json:"for_ns"` // 0 if it has no end
	Text string `json:"text"`
}

// Row is what the clients of a region saw of a protocol, at a point of a sweep, over all repeats.
type Row struct {
	Protocol int     `json:"protocol"` // index of Data.Protocols
	Point    int     `json:"point"`    // index of Data.Points
	Region   int     `json:"region"`   // index of Data.Regions
	Kind     string  `json:"kind"`     // of operations: write, read or read-modify-write
	Caveat   string  `json:"caveat"`   // saturated, invalid or partial; empty if nothing is wrong
	Floor    int64   `json:"floor_ns"` // 0 of other operations than writes
	FloorMS  string  `json:"floor"`    // as a table has it
	Above    float64 `json:"above"`    // p50 ÷ floor; 0 if it is not known
	Quorum   int64   `json:"quorum_ns"`
	Trips    float64 `json:"trips"` // p50 in round trips to the nearest quorum; 0 if it is not known
	Offered  float64 `json:"offered_per_second"`
	Achieved float64 `json:"achieved_per_second"`
	Count    int64   `json:"count"`
	Errors   int64   `json:"errors"`

	Response Times `json:"response"`
	Service  Times `json:"service"`

	Timeline []Moment `json:"timeline"`      // of the first repeat
	Stages   []int64  `json:"stages"`        // mean time in each of Data.Stages before the answer; empty if not known
	Sampled  int64    `json:"sampled_every"` // the stages are those of every n-th write
}

// Times is a distribution of times.
type Times struct {
	Cells []Cell     `json:"cells"` // at PagePercentiles
	Curve [][2]int64 `json:"curve"` // points: percentile in thousandths, and the time; -1 for a gap
}

// PagePercentiles are the percentiles of which a row has cells.
var PagePercentiles = []float64{50, 90, 99, 99.9, 99.99}

// Cell is a percentile as it may be shown.
type Cell struct {
	Time  int64  `json:"ns"`    // 0 if it is withheld
	Bound int64  `json:"bound"` // how much of it may be the instrument's, at most
	Text  string `json:"text"`  // as a table has it
	State string `json:"state"` // solid, faint or withheld
	Why   string `json:"why"`   // it is withheld, or a lower bound

	// Of six repeats or more, between which times the median over the repeats lies with 95 % confidence; else 0, 0 and nothing.
	Low      int64  `json:"low"`
	High     int64  `json:"high"`
	Interval string `json:"interval"` // in words, the median with it
}

// Moment is a part of the measured time: median, and the band from p10 to p90.
type Moment struct {
	From, To, P10, P50, P90 int64
}

// MarshalJSON implements json.Marshaler: five numbers, since there are many.
func (m Moment) MarshalJSON() ([]byte, error) {
	return json.Marshal([]int64{m.From, m.To, m.P10, m.P50, m.P90})
}

// DataOf returns what a page draws a result from.
func DataOf(r *result.Result) *Data {
	d := &Data{
		Name: r.Experiment.Name, Headline: subtitle(r), World: worldName(r), Seed: r.Experiment.Seed, TimeName: timeName(r), Points: r.Points(),
		Protocols: some(r.Labels()), Styles: r.Styles(), Verdict: []string{}, Notes: some(measureLines(r)), Quality: some(Quality(r)),
		Warnings: []string{}, Length: int64(r.Experiment.Load.Duration), Stages: result.StageNames(), Faults: []FaultBar{}, Rows: []Row{},
	}
	if r.Experiment.Sweep != nil {
		d.Swept = r.Experiment.Sweep.Path
	}
	d.Warnings = append(d.Warnings, invalidLines(r)...)
	if r.Shard != nil {
		d.Warnings = append(d.Warnings, fmt.Sprintf("SHARD %v: only some of the experiment's runs are here.", r.Shard))
	}
	if r.Partial {
		d.Warnings = append(d.Warnings, "PARTIAL: the run was interrupted; the figures are of what was measured until then.")
	}
	for _, missed := range r.Missed() {
		d.Warnings = append(d.Warnings, "MISSED: "+missed)
	}
	for _, line := range Verdict(r) {
		if !slices.Contains(d.Warnings, line) {
			d.Verdict = append(d.Verdict, line)
		}
	}
	for _, left := range LeftOut(r) {
		d.Notes = append(d.Notes, "figure left out: "+left)
	}
	d.Crashes, d.CrashNotes, d.MostCrashes = crashRows(r)
	d.Links, d.Clocks = siteRows(r)
	for i := range r.Experiment.Faults {
		f := &r.Experiment.Faults[i]
		d.Faults = append(d.Faults, FaultBar{int64(f.At), int64(f.For), f.String()})
	}
	for n, point := range d.Points {
		at := r
		if point != "" {
			at = r.At(point)
		}
		v := viewOf(at)
		if n == 0 {
			d.Regions = some(v.regions)
		}
		for _, one := range v.kinds() {
			d.Rows = append(d.Rows, one.rows(n)...)
		}
	}
	return d
}

func (v *view) rows(point int) []Row {
	var rows []Row
	for i, label := range v.labels {
		for region, s := range v.series[i] {
			if s == nil {
				continue
			}
			row := Row{
				Protocol: i, Point: point, Region: region, Kind: v.noun(), Caveat: v.caveat(label), Floor: int64(s.Floor), Quorum: int64(s.Quorum),
				Offered: round3(s.Rate(s.measured())), Achieved: round3(s.Throughput(s.measured())), Count: s.Offered, Errors: s.Errors,
				Response: s.times(v.Result, false), Service: s.times(v.Result, true), Timeline: s.moments(), Stages: []int64{},
			}
			if s.Floor > 0 {
				row.FloorMS = ms(s.Floor)
			}
			if n, ok := s.aboveFloor(); ok {
				row.Above = round3(n)
			}
			if n, ok := s.trips(); ok {
				row.Trips = round3(n)
			}
			if s.Breakdown != nil {
				row.Sampled = s.Breakdown.Every
				row.Stages = make([]int64, len(result.StageNames()))
				for _, stage := range s.Breakdown.Stages {
					if at := slices.Index(result.StageNames(), stage.Name); at >= 0 && !stage.After {
						row.Stages[at] = int64(stage.Mean())
					}
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func round3(x float64) float64 { return math.Round(x*1000) / 1000 }

// serviceConfidence is the confidence in a percentile of the service times, which the generator's lag is no part of.
func (s *series) serviceConfidence(percentile float64) (confidence result.Confidence, bound time.Duration) {
	at := s.Service.At(percentile)
	late := s.Bound(percentile) - max(0, s.Response.At(percentile)-at)
	bound = min(max(0, late), at)
	only := result.Operations{Response: s.Service, Late: result.Percentiles{P50: bound, P90: bound, P99: bound, P999: bound, P9999: bound}}
	return only.Confidence(percentile), bound
}

// times returns the cells and the curve of the response or the service times, of a series of r.
func (s *series) times(r *result.Result, service bool) Times {
	summary := &s.Response
	if service {
		summary = &s.Service
	}
	confidence := func(percentile float64) (result.Confidence, time.Duration) {
		switch {
		case s.saturated:
			return result.Withheld, 0
		case service:
			return s.serviceConfidence(percentile)
		}
		return s.Confidence(percentile), s.Bound(percentile)
	}
	t := Times{Curve: [][2]int64{}}
	for _, p := range PagePercentiles {
		sure, bound := confidence(p)
		cell := Cell{State: "withheld", Text: withheldMark}
		switch {
		case sure != result.Withheld:
			cell = Cell{Time: int64(summary.At(p)), Bound: int64(bound), Text: lessBound(summary.At(p), bound), State: "solid"}
			if sure == result.Dimmed {
				cell.State = "faint"
			}
			if s.unanswered(p) {
				cell.Text, cell.Why = "> "+ms(summary.At(p)), "so many "+s.noun()+"s had no answer: they were waited for that long"
			}
			cell.addInterval(s.repeats(p, service))
		case s.saturated:
			cell.Text, cell.Why = "saturated", "more was offered than was answered: the percentile would be that of a queue that grows"
		case summary.Count == 0:
			cell.Why = "no " + s.noun() + " was measured"
		case result.ConfidenceIn(p, summary.Count) == result.Withheld:
			cell.Why = "it takes " + count(result.SamplesNeeded(p)) + " " + s.noun() + "s, and there are " + count(summary.Count) + longEnough(r, s.kind, p, summary.Count)
		default:
			cell.Text, cell.Why = "busy", "the machine was too busy: more than 5 % may be the instrument's"
		}
		t.Cells = append(t.Cells, cell)
	}
	h := s.merged(service)
	if h == nil {
		return t
	}
	const step = 0.04 // of a nine
	gap := true
	for i := 0; ; i++ {
		percentile := percentileAt(float64(i) * step)
		if result.ConfidenceIn(percentile, h.TotalCount()) == result.Withheld || s.saturated {
			return t
		}
		sure, _ := confidence(percentile)
		if sure == result.Withheld {
			if !gap {
				t.Curve = append(t.Curve, [2]int64{int64(math.Round(percentile * 1000)), -1})
			}
			gap = true
			continue
		}
		gap = false
		t.Curve = append(t.Curve, [2]int64{int64(math.Round(percentile * 1000)), int64(result.Percentile(h, percentile))})
	}
}

// repeats returns a percentile, 0 to 100, of the response or the service times of each repeat in which it is not withheld.
func (s *series) repeats(percentile float64, service bool) []repeated {
	var values []repeated
	for i := range s.runs {
		run := &s.runs[i]
		of := run.Regions[s.region].Of(s.kind)
		summary, confidence := &of.Response, of.Confidence
		if service {
			one := series{RegionRun: run.Regions[s.region]}
			one.Operations = *of
			summary, confidence = &of.Service, func(percentile float64) result.Confidence {
				sure, _ := one.serviceConfidence(percentile)
				return sure
			}
		}
		if confidence(percentile) != result.Withheld {
			values = append(values, repeated{run.Repeat, float64(summary.At(percentile))})
		}
	}
	return values
}

// addInterval adds the interval of the median over repeats, if there are enough of them.
func (c *Cell) addInterval(repeats []repeated) {
	if len(repeats) == 0 {
		return
	}
	if m := medianOf(repeats); m.hasInterval {
		c.Low, c.High = int64(m.low), int64(m.high)
		c.Interval = fmt.Sprintf("median of %s %s, 95 %% interval %s to %s", plural(len(repeats), "repeat"), lengthCell(m.value), lengthCell(m.low), lengthCell(m.high))
	}
}

// merged merges the histograms of all repeats, of response or service times; nil if there are none.
func (s *series) merged(service bool) (merged *hdrhistogram.Histogram) {
	for i := range s.Intervals {
		of := s.Intervals[i].Response
		if service {
			of = s.Intervals[i].Service
		}
		if of != nil {
			merged = mergeInto(merged, of.Histogram())
		}
	}
	return merged
}

// mostMoments bounds how many parts a row's timeline has.
const mostMoments = 80

// moments is how the latency of the first repeat went over the measured time.
func (s *series) moments() []Moment {
	steps := coarsened(s.runs[0].Regions[s.region].Of(s.kind).Intervals)
	every := max(1, (len(steps)+mostMoments-1)/mostMoments)
	moments := []Moment{}
	for i := 0; i < len(steps); i += every {
		together := steps[i]
		for _, next := range steps[i+1 : min(i+every, len(steps))] {
			together.to = next.to
			together.response = mergeInto(together.response, next.response)
		}
		at := func(percentile float64) int64 { return int64(result.Percentile(together.response, percentile)) }
		moments = append(moments, Moment{seconds(together.from), seconds(together.to), at(10), at(50), at(90)})
	}
	return moments
}

func seconds(s float64) int64 { return int64(math.Round(s * 1e9)) }

// CSV returns the table of a result as comma-separated values.
func CSV(r *result.Result) ([]byte, error) {
	var b bytes.Buffer
	err := Table(&b, r, TableOptions{Output: Output{Format: FormatCSV}})
	return b.Bytes(), err
}

// Describe returns the table of a result as a JSON document: see docs/results.md.
func Describe(r *result.Result) ([]byte, error) {
	var b bytes.Buffer
	err := WriteJSON(&b, describeResult(r))
	return b.Bytes(), err
}

// Versions tells what program made the result, and on what machine.
func Versions(r *result.Result) [][2]string {
	m := &r.Machine
	rows := [][2]string{
		{"quorumbench", cmp.Or(m.Tool, "unknown")}, {"Go", cmp.Or(m.Go, "unknown")},
		{"machine", m.OS + "/" + m.Arch + ", " + plural(m.CPUs, "CPU")},
		{"topology", r.Topology.Name + dated(r.Topology.Measured)},
	}
	if r.Experiment.IsSimulated() {
		return append(rows, [2]string{"fingerprint", cmp.Or(r.Fingerprint, "none")})
	}
	return append(rows, [2]string{"started", r.Started.UTC().Format(time.RFC3339)}, [2]string{"finished", r.Finished.UTC().Format(time.RFC3339)})
}

func dated(measured string) string {
	if measured == "" {
		return ""
	}
	return ", measured " + measured
}
