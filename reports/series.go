package reports

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/result"
)

// series is what the clients of one region saw of one protocol: the runs, and all of them merged.
type series struct {
	result.RegionRun
	runs      []result.Run
	region    int
	kind      result.Kind // of its Operations
	saturated bool
}

// view is a result as reports read it: merged once, by protocol and region.
type view struct {
	*result.Result
	kind    result.Kind // of operations
	labels  []string
	looks   []look      // of the protocols, in the order of labels
	regions []string    // as the runs name them, which tells apart the places of a region
	series  [][]*series // by protocol and region; nil if the protocol has not run
}

func viewOf(r *result.Result) *view {
	v := &view{Result: r, kind: result.Writes, labels: r.Labels(), looks: looksOf(r), regions: r.Experiment.Clients}
	if len(r.Runs) > 0 {
		v.regions = nil
		for _, region := range r.Runs[0].Regions {
			v.regions = append(v.regions, region.Region)
		}
	}
	for _, label := range v.labels {
		runs := r.RunsOf(label)
		saturated := slices.ContainsFunc(runs, func(run result.Run) bool { return run.Saturated })
		row := make([]*series, len(v.regions))
		for region := range row {
			if merged, ok := r.Merged(label, region); ok {
				row[region] = &series{RegionRun: merged, runs: runs, region: region, kind: result.Writes, saturated: saturated}
			}
		}
		v.series = append(v.series, row)
	}
	return v
}

// as is the same view of the operations of another kind than writes, and reports whether there were any. No floor is known of
// them.
func (v *view) as(kind result.Kind) (of *view, any bool) {
	other := *v
	other.kind, other.series = kind, nil
	for _, row := range v.series {
		changed := make([]*series, len(row))
		for i, s := range row {
			if s != nil {
				one := *s
				one.kind, one.Operations, one.Floor, one.Breakdown = kind, *s.Of(kind), 0, nil
				changed[i], any = &one, any || one.Offered > 0
			}
		}
		other.series = append(other.series, changed)
	}
	return &other, any
}

// any reports whether there were operations of the view's kind.
func (v *view) any() bool {
	for _, row := range v.series {
		if slices.ContainsFunc(row, func(s *series) bool { return s != nil && s.Offered > 0 }) {
			return true
		}
	}
	return false
}

// kinds are the views of all kinds of operations of which there were any, from that of the writes; if there were none at all, that of
// the writes.
func (v *view) kinds() []*view {
	var all []*view
	for _, views := range kindsOf([]*view{v}) {
		all = append(all, views[0])
	}
	return all
}

// kindsOf are the views by kind of operations, of those kinds of which there were any in some view of writes; if there were none at
// all, the views of the writes.
func kindsOf(writes []*view) [][]*view {
	var all [][]*view
	if slices.ContainsFunc(writes, (*view).any) {
		all = append(all, writes)
	}
	for _, kind := range result.Kinds[1:] {
		var of []*view
		some := false
		for _, v := range writes {
			one, any := v.as(kind)
			of, some = append(of, one), some || any
		}
		if some {
			all = append(all, of)
		}
	}
	if all == nil {
		return [][]*view{writes}
	}
	return all
}

// ofWrites reports whether the view is that of writes, which have a floor and a breakdown.
func (v *view) ofWrites() bool { return v.kind == result.Writes }

// noun is what the view is of.
func (v *view) noun() string { return string(v.kind) }

// title begins a figure's title.
func (v *view) title(rest string) string { return capital(v.noun()) + rest }

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// only is the same view of some regions, by their index.
func (v *view) only(regions []int) *view {
	if regions == nil {
		return v
	}
	some := *v
	some.regions, some.series = nil, nil
	for _, region := range regions {
		some.regions = append(some.regions, v.regions[region])
	}
	for _, row := range v.series {
		var part []*series
		for _, region := range regions {
			part = append(part, row[region])
		}
		some.series = append(some.series, part)
	}
	return &some
}

// spread chooses so many regions, from the one with the least median of all protocols to the one with the greatest, evenly by
// their rank. They stay in their order.
func (v *view) spread(n int) []int {
	mean := func(region int) (sum time.Duration) {
		for _, row := range v.series {
			if s := row[region]; s != nil {
				sum += s.Response.P50
			}
		}
		return sum
	}
	ranked := make([]int, len(v.regions))
	for region := range ranked {
		ranked[region] = region
	}
	slices.SortStableFunc(ranked, func(a, b int) int { return cmp.Compare(mean(a), mean(b)) })
	var chosen []int
	for i := range n {
		at := 0
		if n > 1 {
			at = i * (len(ranked) - 1) / (n - 1)
		}
		chosen = append(chosen, ranked[at])
	}
	slices.Sort(chosen)
	return chosen
}

// of returns the series of a protocol, by region.
func (v *view) of(label string) []*series { return v.series[slices.Index(v.labels, label)] }

func (s *series) noun() string { return string(s.kind) }

// confidence tells what may be made of a response percentile, 0 to 100, of the series: nothing if
// it is that of a queue that grows.
func (s *series) confidence(percentile float64) result.Confidence {
	if s.saturated {
		return result.Withheld
	}
	return s.Confidence(percentile)
}

// spoilt reports whether a percentile, 0 to 100, is withheld since the machine was busy.
func (s *series) spoilt(percentile float64) bool { return !s.saturated && s.Spoilt(percentile) }

// measured is for how long all runs together were measured.
func (s *series) measured() (sum time.Duration) {
	for i := range s.runs {
		sum += s.runs[i].Measured
	}
	return sum
}

// unanswered reports whether a response percentile, 0 to 100, is that of writes without an answer: the time for which they
// were waited for, which is less than an answer would have taken.
func (s *series) unanswered(percentile float64) bool {
	return s.Errors > 0 && float64(s.Offered-s.Errors) < percentile/100*float64(s.Offered)
}

// aboveFloor is p50 ÷ floor; ok is false without a floor, or without a p50 to be shown that
// has answers.
func (s *series) aboveFloor() (ratio float64, ok bool) { return s.over(s.Floor) }

// trips is p50 ÷ the round trip to the nearest quorum; ok is false without either.
func (s *series) trips() (ratio float64, ok bool) { return s.over(s.Quorum) }

func (s *series) over(d time.Duration) (float64, bool) {
	if d <= 0 || s.confidence(50) == result.Withheld || s.unanswered(50) {
		return 0, false
	}
	return float64(s.Response.P50) / float64(d), true
}

// histogram merges the response histograms of all repeats; nil if there are none.
func (s *series) histogram() *hdrhistogram.Histogram {
	return mergedOf(s.Intervals)
}

// mergedOf merges the response histograms of intervals; nil if there are none.
func mergedOf(intervals []result.Interval) (merged *hdrhistogram.Histogram) {
	for _, interval := range intervals {
		if interval.Response == nil {
			continue
		}
		if merged == nil {
			merged = result.NewHistogram()
		}
		interval.Response.AddTo(merged)
	}
	return merged
}

// mergeInto adds the values of h to merged, which may be nil, and returns it; h stays as it is.
func mergeInto(merged, h *hdrhistogram.Histogram) *hdrhistogram.Histogram {
	if h == nil {
		return merged
	}
	if merged == nil {
		return hdrhistogram.Import(h.Export())
	}
	merged.Merge(h)
	return merged
}

// caveat says in a word or two what is wrong with the runs of a protocol; empty if nothing is.
func (v *view) caveat(label string) string {
	runs := v.RunsOf(label)
	any := func(is func(result.Run) bool) bool { return slices.ContainsFunc(runs, is) }
	switch {
	case len(runs) == 0:
		return "not run"
	case any(func(run result.Run) bool { return run.Saturated }):
		return "saturated"
	case invalid(runs):
		return "invalid"
	case any(func(run result.Run) bool { return run.Partial }):
		return "partial"
	}
	return ""
}

func invalid(runs []result.Run) bool {
	return slices.ContainsFunc(runs, func(run result.Run) bool { return len(run.Invalid) > 0 || run.Saturated })
}

// reservation is the caveat, in brackets, of figures that are shown all the same; those of which
// there is nothing to show say themselves why.
func (v *view) reservation(label string) string {
	if c := v.caveat(label); c == "invalid" || c == "partial" {
		return " (" + c + ")"
	}
	return ""
}

// withCaveat is the label, and the caveat in brackets.
func (v *view) withCaveat(label string) string {
	if c := v.caveat(label); c != "" {
		return label + " (" + c + ")"
	}
	return label
}
