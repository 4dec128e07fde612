package reports

import (
	"fmt"
	"math"
	"time"

	"quorumbench/bench/result"
)

// withheld remembers, for each percentile of a table, the fewest writes for which it was withheld.
type withheld struct {
	p50, p99 fewest
	kind     result.Kind // of the operations that are counted
}

type fewest struct {
	found bool
	count int64
}

func (w *withheld) note(s *series) {
	if s.saturated {
		return
	}
	w.kind = s.kind
	w.p50.note(50, s)
	w.p99.note(99, s)
}

func (f *fewest) note(percentile float64, s *series) {
	if result.ConfidenceIn(percentile, s.Response.Count) == result.Withheld && (!f.found || s.Response.Count < f.count) {
		*f = fewest{found: true, count: s.Response.Count}
	}
}

// footnotes says for each percentile that was withheld what it would take to have it.
func (w *withheld) footnotes(r *result.Result) []string {
	var lines []string
	for _, f := range []struct {
		fewest
		percentile float64
	}{{w.p50, 50}, {w.p99, 99}} {
		if !f.found {
			continue
		}
		lines = append(lines, fmt.Sprintf("p%g takes %s %ss from a region, and one had %s%s",
			f.percentile, count(result.SamplesNeeded(f.percentile)), w.kind, count(f.count), longEnough(r, w.kind, f.percentile, f.count)))
	}
	return lines
}

// longEnough says how long the runs would have to measure for the percentile of a kind of
// operations, at the rate that had: open loops offer a rate, closed ones have the one they reached.
func longEnough(r *result.Result, kind result.Kind, percentile float64, had int64) string {
	load, repeats := r.Experiment.Load, max(1, r.Experiment.Repeats)
	share := 1 - float64(load.Reads)
	switch kind {
	case result.Reads:
		share = float64(load.Reads + load.RMW.Share)
	case result.ReadModifyWrites:
		share = float64(load.RMW.Share)
	}
	perSecond := float64(load.LeastRate()) * load.MeanFactor() * share
	if load.IsClosed() {
		perSecond = float64(had) / (load.Duration.Seconds() * float64(repeats))
	}
	if perSecond <= 0 {
		return ""
	}
	seconds := math.Ceil(float64(result.SamplesNeeded(percentile)) / perSecond / float64(repeats))
	return fmt.Sprintf("; at this rate a run must measure for %s", span(time.Duration(seconds)*time.Second))
}
