package verify

import (
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Conclude sums a run up, checks what its replicas did, and tells why its figures must not be believed, if
// so. Partial is true of a run that was interrupted.
func Conclude(r *Record, partial bool) result.Run {
	load := &r.Plan.Experiment.Load
	run := result.Run{
		Protocol: r.Protocol.Label, Point: r.Plan.Point, Repeat: r.Repeat,
		Started: r.Started, Measured: r.Until - load.Warmup, Partial: partial,
		Network: r.Network, Faults: r.Faults,
	}
	traces, delays := r.Traces(), protocols.Delays(r.Plan.Topology.OneWay)
	var measures []result.Measures
	for i, c := range r.Clients {
		region := result.RegionRun{
			Region: r.Region(i), Floor: r.Driver().Floor(r.Plan.Replica(r.Protocol, i)),
			Quorum:     delays.QuorumRoundTrip(protocols.NodeID(i), quorum.Majority(quorum.First(len(r.Clients)))),
			Operations: c.Operations(false, r.Until), Breakdown: traces.Breakdown(i, c.Writes(r.Until)),
		}
		if load.Reads > 0 {
			region.Reads = c.Operations(true, r.Until)
		}
		run.Regions = append(run.Regions, region)
		run.Network.Messages += r.Replicas[i].Messages
		measures = append(measures, r.Replicas[i].Measures)
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
