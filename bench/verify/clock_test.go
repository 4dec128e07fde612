package verify_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
	"quorumbench/protocols/registry"
)

// clocksRun is a run in virtual time in which all regions write and read the same few keys.
func clocksRun(t *testing.T) *verify.Record {
	t.Helper()
	plan, err := experiment.Parse("clocks.yaml", []byte(`
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [multipaxos]
load: {rate: 40/s, duration: 5s, warmup: 500ms, reads: 50%, keys: {count: 3}}
world: sim
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	record, err := run.Play(context.Background(), run.Config{Plan: plan, Protocol: plan.Experiment.Protocols[0]})
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// handedOver is a record in which each region is what a process of its own has handed over. That of the second region has a clock that
// was wrong by a time and gained some in each second, which the coordinator knows nothing of but the bound.
func handedOver(t *testing.T, wrong time.Duration, gains float64, bound time.Duration) *verify.Record {
	t.Helper()
	record := clocksRun(t)
	data, err := record.EncodePart(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := record.AddPart(1, data, func(at time.Duration) time.Duration { return at + wrong + time.Duration(gains*float64(at)) }); err != nil {
		t.Fatal(err)
	}
	record.Clocks = []verify.Clock{{}, {Bound: bound}, {}}
	return record
}

func TestClocksThatAreWrongDecideNothingWrongly(t *testing.T) {
	const none, far = 0, time.Hour
	for _, c := range []struct {
		wrong time.Duration
		gains float64
		bound time.Duration
		want  map[string][]result.Verdict // by check; any of them
	}{
		{0, 0, none, map[string][]result.Verdict{verify.CheckRealTime: {result.Passed}, verify.CheckLinearizable: {result.Passed}}},
		{0, 0, 50 * time.Microsecond, map[string][]result.Verdict{verify.CheckRealTime: {result.Passed}, verify.CheckLinearizable: {result.Passed}}},
		{5 * time.Millisecond, 0, 5 * time.Millisecond, map[string][]result.Verdict{verify.CheckRealTime: {result.Passed, result.Undecided}, verify.CheckLinearizable: {result.Passed, result.Undecided}}},
		{-5 * time.Millisecond, 0, 5 * time.Millisecond, map[string][]result.Verdict{verify.CheckRealTime: {result.Passed, result.Undecided}, verify.CheckLinearizable: {result.Passed, result.Undecided}}},
		{500 * time.Millisecond, 0, 500 * time.Millisecond, map[string][]result.Verdict{verify.CheckRealTime: {result.Undecided}, verify.CheckLinearizable: {result.Undecided}}},
		{-500 * time.Millisecond, 0, 500 * time.Millisecond, map[string][]result.Verdict{verify.CheckRealTime: {result.Undecided}, verify.CheckLinearizable: {result.Undecided}}},
		{0, 0.01, 60 * time.Millisecond, map[string][]result.Verdict{verify.CheckRealTime: {result.Passed, result.Undecided}, verify.CheckLinearizable: {result.Passed, result.Undecided}}},
		// A bound that is not kept: what was wrong in the clock is taken for a mistake of the protocol.
		{500 * time.Millisecond, 0, none, map[string][]result.Verdict{verify.CheckRealTime: {result.Failed}, verify.CheckLinearizable: {result.Failed}}},
		{0, 0, far, map[string][]result.Verdict{verify.CheckRealTime: {result.Undecided}, verify.CheckLinearizable: {result.Undecided}}},
	} {
		t.Run(fmt.Sprintf("%v %v within %v", c.wrong, c.gains, c.bound), func(t *testing.T) {
			checks := verify.Conclude(handedOver(t, c.wrong, c.gains, c.bound), false).Checks
			seen := 0
			for _, check := range checks {
				want, asked := c.want[check.Name]
				if !asked {
					continue
				}
				seen++
				fine := false
				for _, verdict := range want {
					fine = fine || check.Verdict == verdict
				}
				if !fine {
					t.Errorf("%s: %s: %s; want %v", check.Name, check.Verdict, check.Detail, want)
				}
			}
			if seen != len(c.want) {
				t.Errorf("found %d of %d checks", seen, len(c.want))
			}
		})
	}
}

// What a process hands over is all that the coordinator needs: the figures are the same as without it.
func TestARecordSurvivesItsHandover(t *testing.T) {
	whole, parted := clocksRun(t), clocksRun(t)
	for place := range 3 {
		data, err := whole.EncodePart(place)
		if err != nil {
			t.Fatal(err)
		}
		if err := parted.AddPart(place, data, func(at time.Duration) time.Duration { return at }); err != nil {
			t.Fatal(err)
		}
		if err := parted.AddPart((place+1)%3, data, func(at time.Duration) time.Duration { return at }); err == nil {
			t.Errorf("the record of place %d was taken for that of another one", place)
		}
		if err := parted.AddPart(place, data[:len(data)/2], func(at time.Duration) time.Duration { return at }); err == nil {
			t.Error("half of a record was taken for a record")
		}
	}
	a, b := verify.Conclude(whole, false), verify.Conclude(parted, false)
	for i := range a.Regions {
		x, y := a.Regions[i].Operations, b.Regions[i].Operations
		if x.Offered != y.Offered || x.Answered != y.Answered || x.Response.P50 != y.Response.P50 || x.Response.Sum != y.Response.Sum {
			t.Errorf("%s: found %+v; want %+v", a.Regions[i].Region, y.Response, x.Response)
		}
		if fmt.Sprint(a.Regions[i].Breakdown) != fmt.Sprint(b.Regions[i].Breakdown) {
			t.Errorf("%s: found the breakdown %+v; want %+v", a.Regions[i].Region, b.Regions[i].Breakdown, a.Regions[i].Breakdown)
		}
	}
	for i, check := range b.Checks {
		if want := a.Checks[i].Verdict; check.Verdict != want && check.Name != verify.CheckInvariants {
			t.Errorf("%s: %s: %s; want %s", check.Name, check.Verdict, check.Detail, want)
		}
	}
}
