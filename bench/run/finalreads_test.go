package run_test

import (
	"context"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
	"quorumbench/protocols/registry"
)

// While the last writes are committed, the way to one replica is cut. It learns of them by reading their keys when the load is
// over, if the run is to wait until all replicas have applied the same.
func TestReplicasThatMissedCommitsReadTheirKeys(t *testing.T) {
	for _, protocol := range []string{"paxos", "paxos1", "fastpaxos"} {
		for _, await := range []bool{false, true} {
			plan, err := experiment.Parse("mine.yaml", []byte(`
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [`+protocol+`]
load: {rate: 10/s, duration: 5s, warmup: 0s, keys: {count: 100}}
world: sim
faults: [{at: 1s, cut: [us-east-1, ap-northeast-1], for: 4s}]
`), registry.Drivers)
			if err != nil {
				t.Fatal(err)
			}
			record, err := run.Play(context.Background(), run.Config{Plan: plan, Protocol: plan.Experiment.Protocols[0], AwaitLevel: await})
			if err != nil {
				t.Fatal(err)
			}
			if behind := record.KeysBehind(); (len(behind) > 0) == await {
				t.Errorf("%s: waiting for the replicas: %t; behind are %v", protocol, await, behind)
			}
			for _, c := range verify.Check(record) {
				if c.Verdict != result.Passed {
					t.Errorf("%s: %s: %s: %s", protocol, c.Name, c.Verdict, c.Detail)
				}
			}
		}
	}
}
