package verify

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

const ms = time.Millisecond

// operations are those of ten seconds.
func operations(offered, answered, completed int64, p50 time.Duration) result.Operations {
	times := result.Summary{Count: offered, P50: p50, P90: p50, P99: p50, P999: p50, P9999: p50}
	return result.Operations{Offered: offered, Answered: answered, Errors: offered - answered, Completed: completed, Response: times, Service: times}
}

func TestThreeFindingsHaveThreeWordings(t *testing.T) {
	late := operations(1000, 1000, 1000, 100*ms)
	late.Late.P50 = 6 * ms
	lagging := operations(1000, 900, 900, 3000*ms)
	lagging.Service.P50, lagging.Lag.P50 = 100*ms, 2900*ms
	for _, test := range []struct {
		name      string
		load      experiment.Load
		run       result.Run
		want      string // begins the only reason
		limit     string // ends it
		saturated bool
	}{
		{"fine", experiment.Load{}, result.Run{Regions: []result.RegionRun{{Operations: operations(1000, 1000, 990, 100*ms)}}}, "", "", false},
		{"chance", experiment.Load{}, result.Run{Regions: []result.RegionRun{{Operations: operations(100, 100, 90, 300*ms)}}}, "", "", false},
		{"a queue grows", experiment.Load{}, result.Run{Regions: []result.RegionRun{{Operations: operations(10000, 10000, 9000, 300*ms)}}},
			"saturated: in  1000 writes a second arrived and 900 were answered", "the limit was the protocol", true},
		{"no answers", experiment.Load{}, result.Run{Regions: []result.RegionRun{{Operations: operations(1000, 900, 900, 300*ms)}}},
			"saturated: in  900 of 1000 writes were answered", "the limit was the protocol", true},
		{"the processors are full", experiment.Load{}, result.Run{Usage: &result.Usage{Own: 0.7, Others: 0.15}, Regions: []result.RegionRun{{Operations: operations(1000, 900, 900, 300*ms)}}},
			"saturated", "the machine: this process used 70 % of the processors and other programs 15 %", true},
		{"the emulator is late", experiment.Load{}, result.Run{Network: result.NetworkRun{Lateness: result.Summary{P50: 2 * ms}}, Regions: []result.RegionRun{{Operations: operations(1000, 900, 900, 300*ms)}}},
			"saturated", "the limit was the machine", true},
		{"the generator is late", experiment.Load{}, result.Run{Regions: []result.RegionRun{{Operations: lagging}}},
			"saturated", "the limit was the load generator", true},
		{"a closed loop", experiment.Load{Arrivals: experiment.Closed}, result.Run{Regions: []result.RegionRun{{Operations: operations(10000, 10000, 9000, 300*ms)}}}, "", "", false},
		{"one median is spoilt", experiment.Load{}, result.Run{Regions: []result.RegionRun{{Operations: operations(1000, 1000, 1000, 100*ms)}, {Operations: late}}}, "", "", false},
		{"every median is spoilt", experiment.Load{}, result.Run{Usage: &result.Usage{Own: 0.5, Others: 0.4}, Regions: []result.RegionRun{{Operations: late}}},
			"the machine was busy", "this process used 50 % of the processors and other programs 40 %", false},
		{"packets are lost", experiment.Load{}, result.Run{Network: result.NetworkRun{Overflow: 3}, Regions: []result.RegionRun{{Operations: operations(1000, 1000, 1000, 100*ms)}}},
			"the machine was busy: 3 packets were not read in time", "", false},
		{"replicas disagree", experiment.Load{}, result.Run{Checks: []result.Check{{Name: CheckSameOrder, Verdict: result.Failed, Detail: "x"}}}, "the check \"same order\" failed: x", "", false},
	} {
		plan := &experiment.Plan{Experiment: experiment.Experiment{Load: test.load}}
		test.run.Measured = 10 * time.Second
		r := &Record{Plan: plan}
		invalid := func(format string, args ...any) { addReason(&test.run, format, args...) }
		r.judgeChecks(&test.run, invalid)
		r.judgeLoad(&test.run, invalid)
		r.judgeInstrument(&test.run, invalid)
		reasons := slices.Concat(test.run.Invalid, test.run.Overload)
		switch {
		case test.want == "" && len(reasons) > 0, test.want != "" && len(reasons) != 1:
			t.Errorf("%s: %q", test.name, reasons)
		case test.want != "" && (!strings.HasPrefix(reasons[0], test.want) || !strings.HasSuffix(reasons[0], test.limit)):
			t.Errorf("%s: %q, want %q … %q", test.name, reasons[0], test.want, test.limit)
		}
		if test.run.Saturated != test.saturated {
			t.Errorf("%s: saturated is %t", test.name, test.run.Saturated)
		}
	}
}

func TestARateThatRisesIsNoQueue(t *testing.T) {
	of := operations(10000, 10000, 9500, 300*ms)
	packed := func(n int) *result.PackedHistogram {
		var p result.Packer
		for range n {
			p.Add(300 * ms)
		}
		return p.Pack(nil)
	}
	of.Intervals = []result.Interval{{Length: time.Second, Response: packed(100)}, {Length: time.Second, Response: packed(1900)}}
	if queueGrows(&of, 10*time.Second) {
		t.Error("540 writes more are under way at the end, since more arrive; 500 are missing")
	}
	of.Completed = 9000
	if !queueGrows(&of, 10*time.Second) {
		t.Error("540 writes more are under way at the end, since more arrive; 1,000 are missing")
	}
}
