package reports

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"quorumbench/bench/result"
)

// WriteJSON writes one value as an indented JSON document.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// resultJSON is what Table says of a result, for programs. run.json has everything that was recorded; this has what is made
// of it. Durations are in nanoseconds.
type resultJSON struct {
	Name     string       `json:"name"`
	Headline string       `json:"headline"`
	World    string       `json:"world"`
	Seed     uint64       `json:"seed"`
	Partial  bool         `json:"partial"`
	Shard    string       `json:"shard,omitempty"` // such as 2/4, if this is a part of the experiment
	Invalid  []string     `json:"invalid"`
	Missed   []string     `json:"missed"` // thresholds of the experiment
	Verdict  []string     `json:"verdict"`
	Series   []seriesJSON `json:"series"`
	Outages  []outageJSON `json:"outages"`
	Crashes  []crashJSON  `json:"crashes"`
	Notes    []string     `json:"notes"`
	Quality  []string     `json:"quality"`
	Checks   []checkJSON  `json:"checks"`
}

// seriesJSON is a row of the table: a protocol, a region, at a point of a sweep, of one kind of operations.
type seriesJSON struct {
	Protocol  string          `json:"protocol"`
	Point     string          `json:"point,omitempty"`
	Region    string          `json:"region"`
	Kind      string          `json:"kind"`             // write, read or read-modify-write
	Caveat    string          `json:"caveat,omitempty"` // saturated, invalid or partial
	P50       *percentileJSON `json:"p50"`              // null if it is withheld
	P99       *percentileJSON `json:"p99"`
	Floor     time.Duration   `json:"floor_ns,omitempty"`
	Trips     *float64        `json:"wan_round_trips,omitempty"`
	OfferedPS float64         `json:"offered_per_second"`
	PerSecond float64         `json:"achieved_per_second"`
	Offered   int64           `json:"offered"`
	Errors    int64           `json:"errors"`
}

// percentileJSON is a percentile that may be shown.
type percentileJSON struct {
	Value      time.Duration `json:"ns"` // of all repeats merged
	Bound      time.Duration `json:"bound_ns"`
	Uncertain  bool          `json:"uncertain"`   // what tables show faintly
	LowerBound bool          `json:"lower_bound"` // of writes without an answer
	Median     *estimateJSON `json:"median_of_runs,omitempty"`
}

// estimateJSON is an estimate, with its 95 % interval where it has one.
type estimateJSON struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low,omitempty"`
	High  float64 `json:"high,omitempty"`
	Runs  int     `json:"runs"` // that it rests on
}

// estimateOf is nil for a ratio to 0, which is no number of JSON.
func estimateOf(e estimate, runs int) *estimateJSON {
	for _, x := range []float64{e.value, e.low, e.high} {
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return nil
		}
	}
	return &estimateJSON{e.value, e.low, e.high, runs}
}

// outageJSON is how long the clients of a region had no answer after a crash.
type outageJSON struct {
	Protocol string           `json:"protocol"`
	Point    string           `json:"point,omitempty"`
	Repeat   int              `json:"repeat"`
	Crashed  string           `json:"crashed"`
	At       time.Duration    `json:"at_ns"`
	Region   string           `json:"region"`
	Length   *time.Duration   `json:"length_ns"`               // null if no write was answered any more
	Leader   *time.Duration   `json:"new_leader_ns,omitempty"` // -1 if none led until the end; missing if no leader crashed
	Recovery *result.Recovery `json:"recovery,omitempty"`
}

type checkJSON struct {
	Protocol string `json:"protocol"`
	Point    string `json:"point,omitempty"`
	Repeat   int    `json:"repeat"`
	result.Check
}

func shardName(r *result.Result) string {
	if r.Shard == nil {
		return ""
	}
	return r.Shard.String()
}

func describeResult(r *result.Result) *resultJSON {
	d := &resultJSON{
		Name: r.Experiment.Name, Headline: headline(r), World: worldName(r), Seed: r.Experiment.Seed, Partial: r.Partial,
		Invalid: some(r.Invalid()), Missed: some(r.Missed()), Verdict: some(Verdict(r)), Notes: some(measureLines(r)), Quality: some(Quality(r)),
		Shard: shardName(r), Series: []seriesJSON{}, Outages: []outageJSON{}, Crashes: describeCrashes(r), Checks: []checkJSON{},
	}
	for _, point := range r.Points() {
		at := r
		if point != "" {
			at = r.At(point)
		}
		v := viewOf(at)
		for _, one := range v.kinds() {
			d.Series = append(d.Series, one.describe(point)...)
		}
	}
	for _, run := range r.Runs {
		for _, c := range run.Checks {
			d.Checks = append(d.Checks, checkJSON{run.Protocol, run.Point, run.Repeat, c})
		}
		for _, c := range run.Crashes {
			for i, length := range c.Outages {
				one := outageJSON{Protocol: run.Protocol, Point: run.Point, Repeat: run.Repeat, Crashed: c.Region, At: c.At,
					Region: run.Regions[i].Region, Leader: c.NewLeader, Recovery: c.Recovery}
				if length >= 0 {
					one.Length = &length
				}
				d.Outages = append(d.Outages, one)
			}
		}
	}
	return d
}

// some is the list, empty in place of nil, which JSON writes as null.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (v *view) describe(point string) []seriesJSON {
	var all []seriesJSON
	for i, label := range v.labels {
		for _, s := range v.series[i] {
			if s == nil {
				continue
			}
			one := seriesJSON{
				Protocol: label, Point: point, Region: s.Region, Kind: s.noun(), Caveat: v.caveat(label), Floor: s.Floor,
				P50: s.describe(p50), P99: s.describe(p99), OfferedPS: s.Rate(s.measured()), PerSecond: s.Throughput(s.measured()),
				Offered: s.Offered, Errors: s.Errors,
			}
			if n, ok := s.trips(); ok {
				one.Trips = &n
			}
			all = append(all, one)
		}
	}
	return all
}

// describe returns a percentile, nil if it is withheld.
func (s *series) describe(p percentile) *percentileJSON {
	confidence := s.confidence(p.at)
	if confidence == result.Withheld {
		return nil
	}
	d := &percentileJSON{
		Value: time.Duration(p.of(s.Response)), Bound: s.Bound(p.at),
		Uncertain: confidence == result.Dimmed, LowerBound: s.unanswered(p.at),
	}
	if values := s.byRepeat(p); len(values) > 1 {
		d.Median = estimateOf(medianOf(values), len(values))
	}
	return d
}

// comparedJSON is a row of a comparison.
type comparedJSON struct {
	Title  string          `json:"protocol,omitempty"` // that all members run
	What   string          `json:"what,omitempty"`     // another kind of operations than writes, a point of a sweep
	Member string          `json:"member"`
	Region string          `json:"region"`
	Floor  time.Duration   `json:"floor_ns,omitempty"`
	P50    *percentileJSON `json:"p50"`
	P50By  *estimateJSON   `json:"p50_ratio"` // to the first member, null without one
	P99    *percentileJSON `json:"p99"`
	P99By  *estimateJSON   `json:"p99_ratio"`
}

func describeComparisons(all []comparison) []comparedJSON {
	rows := []comparedJSON{}
	for _, c := range all {
		for region, name := range c.members[0].regions {
			first := c.members[0].series[region]
			for i, m := range c.members {
				s := m.series[region]
				if s == nil {
					continue
				}
				row := comparedJSON{Title: c.title, What: c.what, Member: m.name, Region: name, Floor: s.Floor, P50: s.describe(p50), P99: s.describe(p99)}
				if i > 0 && first != nil {
					for p, into := range map[*percentile]**estimateJSON{&p50: &row.P50By, &p99: &row.P99By} {
						if ratio, n := ratioOf(first, s, *p, m.seed); n > 0 {
							*into = estimateOf(ratio, n)
						}
					}
				}
				rows = append(rows, row)
			}
		}
	}
	return rows
}
