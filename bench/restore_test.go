package bench_test

import (
	"encoding/json"
	"strings"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
)

// What a topology file and the points of a sweep say is in run.json, too: the same runs come of it, and without the jitter
// there it is refused.
func TestASweepOverTheNetworkRunsAgainFromItsResult(t *testing.T) {
	for _, sweep := range []string{"network.jitter: [false, true]", "network.local: [0s, measured, 50ms]"} {
		t.Run(sweep, func(t *testing.T) {
			stored := runsAgain(t, parse(t, `
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [mmp3, raft]
load: {rate: 20/s, duration: 2s, warmup: 0s}
network: {loss: 1%}
sweep: {`+sweep+`}
world: sim
`))
			stored.Topology.Jitter = nil
			_, err := experiment.Restore(stored.Experiment, stored.Topology, registry.Drivers)
			if jitter := strings.Contains(sweep, "jitter"); jitter != (err != nil) || jitter && !strings.Contains(err.Error(), "jitter") {
				t.Errorf("without jitter: %v", err)
			}
		})
	}
}

// runsAgain runs a plan, and again from what run.json has of the result, which it returns. Both have the same fingerprint.
func runsAgain(t *testing.T, plan *experiment.Plan) *result.Result {
	t.Helper()
	first, err := bench.Execute(t.Context(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	stored := &result.Result{}
	if err := json.Unmarshal(data, stored); err != nil {
		t.Fatal(err)
	}
	restored, err := experiment.Restore(stored.Experiment, stored.Topology, registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	second, err := bench.Execute(t.Context(), restored, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if first.Fingerprint == "" || first.Fingerprint != second.Fingerprint {
		t.Errorf("fingerprint %s, and %s from the result", first.Fingerprint, second.Fingerprint)
	}
	return stored
}
