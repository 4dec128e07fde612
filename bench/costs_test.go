package bench_test

import (
	"testing"
	"time"
)

// What a write costs beyond its floor follows from the steps it takes: mmp3 persists at the
// proposer, at the other replica and at the proposer again, and sends a proposal, an answer and
// two commits; Raft persists at a follower, and at the leader while its entries travel.
func TestCostsAddUpAlongTheWayOfAWrite(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		protocol, costs string
		above           time.Duration
	}{
		{"mmp3", "{persist_cost: 5ms}", 15 * ms},
		{"mmp3", "{message_cost: 1ms}", (1 + 2 + 3) * ms},
		{"raft", "{persist_cost: 5ms}", 5 * ms},
		{"multipaxos", "{persist_cost: 5ms}", 5 * ms},
	} {
		// One client alone: no write waits for another.
		found := simulate(t, threeRegions+"protocols: ["+c.protocol+"]\nload: {rate: 1/s, duration: 20s, warmup: 3s}\nsimulation: "+c.costs+"\n")
		leader := found.Runs[0].Regions[0] // where a leader is, if there is one
		if got := leader.Response.Min - leader.Floor; got != c.above {
			t.Errorf("%s with %s: a write takes %v above its floor, not %v", c.protocol, c.costs, got, c.above)
		}
	}
}
