package scenario_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
)

// Whatever a fifth of lost messages does: every write is committed once, and the logs, the orders and
// the states of all replicas are the same. More seeds: quorumbench scenario mmp3-stress --seeds 10000.
func TestStressComesOutAsExpectedWithManySeeds(t *testing.T) {
	const seeds = 100
	script, err := scenario.Load("mmp3-stress", registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	var next atomic.Uint64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed := next.Add(1); seed <= seeds; seed = next.Add(1) {
				run, err := script.PlaySeed(seed)
				if err == nil {
					err = run.Check()
				}
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
	workers.Wait()
}
