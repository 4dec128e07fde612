package scenario_test

import (
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
)

var stress = flag.Uint64("stress", 100, "how many seeds of mmp3-stress to play")

// Whatever a fifth of lost messages does: every write is committed once, and the logs, the orders and
// the states of all replicas are the same. More seeds:
//
//	go test ./bench/scenario -run Stress -args -stress 10000
func TestStressComesOutAsExpectedWithManySeeds(t *testing.T) {
	var next atomic.Uint64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			script, err := scenario.Load("mmp3-stress", registry.Drivers)
			if err != nil {
				t.Error(err)
				return
			}
			for seed := next.Add(1); seed <= *stress; seed = next.Add(1) {
				script.Seed = seed
				run, err := script.Play()
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
