package verify

import (
	"fmt"
	"time"

	"quorumbench/bench/result"
)

// The limits within which a run is valid.
const (
	// The least share of the offered load that must be answered in time.
	achievedShare = 0.98
	// The load generator's lag at p99 may be this share of the median response time, or lagGrace if that is
	// more: over a wide area such a lag makes no visible difference.
	lagShare = 0.05
	lagGrace = time.Millisecond
	// How late the emulator may release packets. Every wide-area round trip passes it twice.
	latenessP50 = 200 * time.Microsecond
	latenessP99 = 2 * time.Millisecond
)

// judge adds every reason not to believe the run to run.Invalid.
func (r *Record) judge(run *result.Run) {
	invalid := func(format string, args ...any) {
		run.Invalid = append(run.Invalid, fmt.Sprintf(format, args...))
	}
	for _, c := range run.Failed() {
		invalid("the check %q failed: %s", c.Name, c.Detail)
	}
	for i, one := range r.Replicas {
		if one.Failed != "" {
			invalid("the disk of the replica in %s failed %s", r.Region(i), one.Failed)
		}
	}
	if offered, answered := commands(run); offered > 0 && answered == 0 {
		invalid("nothing was answered within %v", r.Plan.Experiment.Load.Timeout)
	}
	r.judgeLoad(run, invalid)
	if late := run.Network.Lateness; late.P50 > latenessP50 || late.P99 > latenessP99 {
		invalid("the emulator released packets %v (p50) and %v (p99) late, more than %v and %v: the machine is too busy",
			late.P50.Round(time.Microsecond), late.P99.Round(time.Microsecond), latenessP50, latenessP99)
	}
	if run.Network.Overflow > 0 {
		invalid("%d packets were not read in time: the machine is too busy", run.Network.Overflow)
	}
	if leader := r.Plan.Region(r.Protocol.Leader); r.Driver().HasLeader && !r.mayMove() && !r.Replicas[leader].Leading.Load() {
		invalid("%s was not led from %s at the end", run.Protocol, r.Protocol.Leader)
	}
}

// commands counts what was offered by all regions, and what of it was answered in time.
func commands(run *result.Run) (offered, answered int64) {
	for i := range run.Regions {
		for _, of := range run.Regions[i].Series() {
			offered, answered = offered+of.Offered, answered+of.Answered
		}
	}
	return offered, answered
}

// judgeLoad adds the regions where the load was not issued or not answered in time.
func (r *Record) judgeLoad(run *result.Run, invalid func(format string, args ...any)) {
	for i := range run.Regions {
		region := &run.Regions[i]
		for _, of := range region.Series() {
			if !r.mayMove() && float64(of.Answered) < achievedShare*float64(of.Offered) {
				run.Saturated = true
				invalid("saturated: in %s %d of %d %ss were answered within %v, which is below %.0f %%: percentiles are of a queue that grows",
					region.Region, of.Answered, of.Offered, of.Name, r.Plan.Experiment.Load.Timeout, 100*achievedShare)
			}
			if budget := max(lagGrace, time.Duration(lagShare*float64(of.Response.P50))); !r.mayMove() && of.Lag.P99 > budget {
				run.Saturated = true
				invalid("saturated: in %s the load generator sent its %ss up to %v late (p99), more than %v",
					region.Region, of.Name, of.Lag.P99.Round(time.Microsecond), budget.Round(time.Microsecond))
			}
			if dropped := of.Response.Dropped + of.Service.Dropped + of.Lag.Dropped; dropped > 0 {
				invalid("in %s the histograms refused %d values", region.Region, dropped)
			}
		}
	}
}

// mayMove reports whether the run had faults, which may move the leader and delay answers.
func (r *Record) mayMove() bool { return len(r.Plan.Experiment.Faults) > 0 }
