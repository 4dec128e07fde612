package verify

import (
	"time"

	"quorumbench/bench/result"
)

// Conclude sums a run up, checks it, and lists the reasons why its figures must not be believed. Partial says that
// the run was interrupted.
func Conclude(r *Record, partial bool) result.Run {
	load := &r.Plan.Experiment.Load
	run := result.Run{
		Protocol: r.Protocol.Label, Point: r.Plan.Point, Repeat: r.Repeat,
		Started: r.Started, Measured: r.Until - load.Warmup, Partial: partial,
		Network: r.Network, Usage: r.Usage, Work: r.Work, Faults: r.Faults, System: r.System, Links: r.Links,
	}
	for i, c := range r.Clocks {
		run.Clocks = append(run.Clocks, result.Clock{Region: r.Region(i), Bound: c.Bound, Drift: c.Drift, Wall: c.Wall})
	}
	traces, measures := r.Traces(), r.ClientMeasures
	for _, one := range r.Replicas {
		run.Network.Messages += one.Messages
		measures = append(measures, one.Measures)
	}
	for i, c := range r.Clients {
		region := result.RegionRun{
			Region: r.Plan.Experiment.Clients[i], Floor: r.Plan.Floor(r.Protocol, i), Quorum: r.Plan.QuorumRoundTrip(i),
			Operations: c.Operations(result.Writes, r.Until), Breakdown: traces.Breakdown(i, r.beside(i), c.Writes(r.Until)),
		}
		if load.Reads > 0 || load.RMW.Share > 0 {
			region.Reads = c.Operations(result.Reads, r.Until)
		}
		if load.RMW.Share > 0 {
			region.ReadModifyWrites = c.Operations(result.ReadModifyWrites, r.Until)
		}
		if r.Lateness != nil {
			late, hops := func(p float64) time.Duration { return result.Percentile(r.Lateness, p) }, r.Plan.Hops(r.Protocol, i)
			for _, kind := range result.Kinds { // a read passes no more links than a write, and a read-modify-write more in proportion
				of := region.Of(kind)
				if of.Offered == 0 && kind != result.Writes {
					continue
				}
				of.Late = result.LateOf(late, hops, region.Floor, of.Response)
			}
		}
		run.Regions = append(run.Regions, region)
	}
	run.Measures = result.SumMeasures(measures)
	checks, orders := r.check(false)
	run.Checks, run.Crashes = checks, r.crashes(orders)
	for _, c := range run.Failed() {
		if c.Name == CheckLinearizable {
			run.History = r.explain()
		}
	}
	r.judge(&run)
	return run
}
