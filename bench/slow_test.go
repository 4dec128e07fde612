package bench_test

import (
	"fmt"
	"strings"
	"testing"

	"quorumbench/bench/result"
	"quorumbench/bench/verify"
)

// Replicas and links that are too slow for the load are not taken for such that lose writes: when the run ends, they
// still have messages to handle. The check that nothing is lost is then not decided, and says why.
func TestSlownessIsNotTakenForLoss(t *testing.T) {
	undecided := 0
	for _, slowness := range []string{"simulation: {message_cost: 1ms}", "network: {rate: 500kbit/s, queue: 64KiB}"} {
		for seed := 1; seed <= 3; seed++ {
			found := simulate(t, fmt.Sprintf("%s%s\nload: {rate: 600/s, duration: 1s, warmup: 0s, timeout: 1s}\nseed: %d\n", threeRegions, slowness, seed))
			for _, run := range found.Runs {
				for _, c := range run.Failed() {
					t.Errorf("%s, seed %d, %s: %s: %s", run.Protocol, seed, slowness, c.Name, c.Detail)
				}
				for _, c := range run.Checks {
					if c.Verdict != result.Undecided {
						continue
					}
					if c.Name != verify.CheckNothingLost || c.Detail == "" {
						t.Errorf("%s: %s is not decided: %s", run.Protocol, c.Name, c.Detail)
					}
					if strings.Contains(c.Detail, "working off a backlog") || strings.Contains(c.Detail, "links of limited rate") {
						undecided++
					}
				}
				if !run.Saturated {
					t.Errorf("%s, seed %d, %s: the run is valid, though it was overloaded", run.Protocol, seed, slowness)
				}
			}
		}
	}
	if undecided == 0 {
		t.Error("no run ended with work to do: the test shows nothing")
	}
}
