package result

import (
	"fmt"
	"slices"
	"time"
)

// Invalid lists the reasons not to believe the result, each with the run that it is about. That a run was saturated is none
// where the experiment sweeps over the load.
func (r *Result) Invalid() []string {
	var reasons []string
	for _, run := range r.Runs {
		of := run.Invalid
		if r.Experiment.Sweep == nil || !r.Experiment.Sweep.OfLoad() {
			of = slices.Concat(of, run.Overload)
		}
		for _, reason := range of {
			if r.Experiment.Repeats > 1 {
				reason = fmt.Sprintf("repeat %d: %s", run.Repeat+1, reason)
			}
			if run.Point != "" {
				reason = fmt.Sprintf("%s %s: %s", r.Experiment.Sweep.Path, run.Point, reason)
			}
			reasons = append(reasons, run.Protocol+": "+reason)
		}
	}
	return reasons
}

// Missed lists the regions that exceed a threshold of the experiment, a sentence each.
func (r *Result) Missed() []string {
	var missed []string
	if sweep := r.Experiment.Sweep; sweep != nil {
		for _, point := range sweep.Values {
			for _, one := range r.At(point).Missed() {
				missed = append(missed, fmt.Sprintf("%s %s: %s", sweep.Path, point, one))
			}
		}
		return missed
	}
	for _, label := range r.Labels() {
		for i, region := range r.Experiment.Clients {
			got, ok := r.Merged(label, i)
			if !ok {
				continue
			}
			for _, t := range []struct {
				name           string
				found, allowed time.Duration
			}{
				{"p50", got.Response.P50, r.Experiment.Thresholds.P50AboveFloor},
				{"p99", got.Response.P99, r.Experiment.Thresholds.P99AboveFloor},
			} {
				if above := t.found - got.Floor; t.allowed > 0 && above > t.allowed {
					missed = append(missed, fmt.Sprintf("%s in %s: %s is %v, %v above the floor; the threshold is %v",
						label, region, t.name, t.found.Round(time.Microsecond), above.Round(time.Microsecond), t.allowed))
				}
			}
		}
	}
	return missed
}
