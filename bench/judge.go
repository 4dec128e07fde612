package bench

import (
	"fmt"
	"time"
)

// The budgets that a run must keep to be believed.
const (
	// At least so much of the offered load must have been served in time.
	achievedShare = 0.98
	// The generator's lag at p99 may be this share of the median response, but is not held
	// against a run below a time that no latency over a wide area would show.
	lagShare = 0.05
	lagGrace = time.Millisecond
	// The emulator may release packets so late. Every wide-area round trip passes it twice.
	latenessP50 = 200 * time.Microsecond
	latenessP99 = 2 * time.Millisecond
)

// judge notes every reason not to believe the run.
func (a *attempt) judge() {
	run := &a.run
	invalid := func(format string, args ...any) {
		run.Invalid = append(run.Invalid, fmt.Sprintf(format, args...))
	}
	for _, c := range run.failed() {
		invalid("the check %q failed: %s", c.Name, c.Detail)
	}
	for i := range run.Regions {
		r := &run.Regions[i]
		for _, of := range r.series() {
			if !a.moved() && float64(of.Answered) < achievedShare*float64(of.Offered) {
				run.Saturated = true
				invalid("saturated: in %s %d of %d %ss were answered within %v, which is below %.0f %%: percentiles are of a queue that grows",
					r.Region, of.Answered, of.Offered, of.name, a.plan.Experiment.Load.Timeout, 100*achievedShare)
			}
			if budget := max(lagGrace, time.Duration(lagShare*float64(of.Response.P50))); !a.moved() && of.Lag.P99 > budget {
				run.Saturated = true
				invalid("saturated: in %s the load generator sent its %ss up to %v late (p99), more than %v",
					r.Region, of.name, of.Lag.P99.Round(time.Microsecond), budget.Round(time.Microsecond))
			}
			if dropped := of.Response.Dropped + of.Service.Dropped + of.Lag.Dropped; dropped > 0 {
				invalid("in %s the histograms refused %d values", r.Region, dropped)
			}
		}
	}
	if late := run.Network.Lateness; late.P50 > latenessP50 || late.P99 > latenessP99 {
		invalid("the emulator released packets %v (p50) and %v (p99) late, more than %v and %v: the machine is too busy",
			late.P50.Round(time.Microsecond), late.P99.Round(time.Microsecond), latenessP50, latenessP99)
	}
	if run.Network.Overflow > 0 {
		invalid("%d packets were not read in time: the machine is too busy", run.Network.Overflow)
	}
	if a.driver.HasLeader && !a.moved() && !a.clients[a.leader].leading.Load() {
		invalid("%s was not led from %s at the end", run.Protocol, a.protocol.Leader)
	}
}

// moved tells whether faults may have moved the leader, and kept replicas from answering.
func (a *attempt) moved() bool { return len(a.plan.Experiment.Faults) > 0 }

// Invalid lists the reasons not to believe a result, each with its run.
func (r *Result) Invalid() []string {
	var reasons []string
	for _, run := range r.Runs {
		for _, reason := range run.Invalid {
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

// Missed lists the thresholds of the experiment that were missed.
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
		for i, region := range r.Experiment.Regions {
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
