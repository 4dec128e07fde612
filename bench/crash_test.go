package bench_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// In the shipped experiment the leader is away for ten seconds, long enough for an election. No write that arrives after
// the crash can be answered before a new leader leads.
func TestTheTimeToANewLeaderIsPartOfEveryOutage(t *testing.T) {
	plan, err := experiment.Read("failover", registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	plan.Experiment.Repeats = 2
	found, err := bench.Execute(context.Background(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const soonest = time.Second // a follower waits at least so long before it stands for election
	for _, run := range found.Runs {
		if len(run.Crashes) != 1 {
			t.Fatalf("%s: found %d crashes, want 1", run.Protocol, len(run.Crashes))
		}
		took, shortest := run.Crashes[0].NewLeader, slices.Min(run.Crashes[0].Outages)
		switch driver := registry.Drivers.Find(run.Protocol); {
		case !driver.HasLeader && took != nil:
			t.Errorf("%s: a new leader after %v, but the protocol has none", run.Protocol, *took)
		case driver.HasLeader && took == nil:
			t.Errorf("%s: nothing is told of a new leader", run.Protocol)
		case driver.HasLeader && (*took < soonest || *took >= shortest):
			t.Errorf("%s: a new leader after %v, want from %v to the first answer after %v", run.Protocol, *took, soonest, shortest)
		}
	}
}
