package bench_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"quorumbench/bench/result"
)

// What a write costs beyond its floor follows from the steps it takes: mmp3 handles a command, an acceptor its proposal, and
// the proposer the answer, each in a batch with a write to the disk; it sends a proposal, an answer and two commits. Raft
// persists at a follower, and at the leader while its entries travel.
func TestCostsAddUpAlongTheWayOfAWrite(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		protocol, costs, durability string
		above                       time.Duration
	}{
		{"mmp3", "{persist_cost: 5ms}", "memory", 15 * ms},
		{"mmp3", "{message_cost: 1ms}", "memory", (1 + 2 + 3) * ms},
		{"mmp3", "{command_cost: 1ms}", "memory", 1 * ms},
		{"mmp3", "{batch_cost: 1ms}", "memory", 3 * ms},
		{"mmp3", "{batch_cost: 1ms, processors: 3}", "memory", 3 * ms},
		{"mmp3", "{sync_cost: 5ms}", "fsync", 15 * ms},
		{"mmp3", "{sync_cost: 5ms}", "memory", 0}, // where nothing is synced
		{"raft", "{persist_cost: 5ms}", "memory", 5 * ms},
		{"multipaxos", "{persist_cost: 5ms}", "memory", 5 * ms},
	} {
		// One client alone: no write waits for another.
		found := simulate(t, threeRegions+"protocols: ["+c.protocol+"]\nload: {rate: 1/s, duration: 20s, warmup: 3s}\nsimulation: "+c.costs+"\ndurability: "+c.durability+"\n")
		leader := found.Runs[0].Regions[0] // where a leader is, if there is one
		if got := leader.Response.Min - leader.Floor; got != c.above {
			t.Errorf("%s with %s: a write takes %v above its floor, not %v", c.protocol, c.costs, got, c.above)
		}
	}
}

// The bytes of a value are sent in a proposal and received by an acceptor: each byte more of it costs a write of mmp3 these
// two, and no more.
func TestBytesCostWhereTheyAreSentAndReceived(t *testing.T) {
	least := func(size int) time.Duration {
		found := simulate(t, fmt.Sprintf("%sprotocols: [mmp3]\nload: {rate: 1/s, duration: 20s, warmup: 3s, value_size: %dB}\nsimulation: {byte_cost: 0.5us}\n", threeRegions, size))
		return found.Runs[0].Regions[0].Response.Min
	}
	const more = 10_000
	per := float64(least(20_000+more)-least(20_000)) / more / 500
	if math.Abs(per-math.Round(per)) > 0.01 || per < 2 {
		t.Errorf("each byte more of a value costs a write %v times what a byte costs, want at least 2 times, and a whole number", per)
	}
}

const oneRegion = "topology: aws-2020-06-05\nregions: [us-east-1, us-east-1, us-east-1]\nworld: sim\nprotocols: [{name: raft, leader: us-east-1}]\n"

// completed is how many writes a second all regions of the first run have answered.
func completed(r *result.Result) float64 {
	run, all := &r.Runs[0], int64(0)
	for i := range run.Regions {
		all += run.Regions[i].Completed
	}
	return float64(all) / run.Measured.Seconds()
}

// All replicas of a run share the processors, as those of a live run share the machine's.
func TestThroughputIsWhatTheProcessorsAllow(t *testing.T) {
	of := func(costs string) *result.Result {
		return simulate(t, oneRegion+"load: {arrivals: closed, clients: 20, duration: 300ms, warmup: 100ms}\nsimulation: {"+costs+"}\n")
	}
	one, two, own := of("message_cost: 100us, processors: 1"), of("message_cost: 100us, processors: 2"), of("message_cost: 100us")
	if a, b := completed(one), completed(two); b < 1.5*a || b > 2.05*a {
		t.Errorf("%.0f writes/s with one processor, %.0f with two", a, b)
	}
	if a, b := completed(two), completed(own); b < a {
		t.Errorf("%.0f writes/s with two processors, %.0f where each of three replicas has its own", a, b)
	}
	if used := one.Runs[0].Usage.Own; used < 0.99 || used > 1 {
		t.Errorf("a closed loop uses %v of the only processor", used)
	}
	if own.Runs[0].Usage != nil {
		t.Errorf("usage of processors that are not shared: %+v", own.Runs[0].Usage)
	}
	// While a batch takes long, many messages come, which are the next batch: twice the cost of a batch does not halve what is
	// done.
	if cheap, dear := completed(of("batch_cost: 100us, processors: 1")), completed(of("batch_cost: 200us, processors: 1")); dear < 0.55*cheap || dear > cheap {
		t.Errorf("%.0f writes/s at 100us a batch, %.0f at 200us", cheap, dear)
	}
}

// A batch has at most 64 messages, commands and timers, as in a live run: with 10 ms for each, one processor handles 6400 a
// second, however many clients there are.
func TestABatchHasALimit(t *testing.T) {
	found := simulate(t, oneRegion+"load: {arrivals: closed, clients: 1000, duration: 1s, warmup: 0s}\nsimulation: {batch_cost: 10ms, processors: 1}\n")
	if done := completed(found); done < 100 || done > 6400 {
		t.Errorf("%.0f writes/s", done)
	}
}

// Messages of a batch that wait for a slow disk are paid once, and not again with each batch that comes meanwhile.
func TestEachMessageIsPaidOnce(t *testing.T) {
	found := simulate(t, oneRegion+"load: {rate: 300/s, duration: 10s, warmup: 0s}\nsimulation: {message_cost: 100us, persist_cost: 20ms, processors: 3}\n")
	run := &found.Runs[0]
	paid := run.Usage.Own * 3 * run.Measured.Seconds()
	want := 2 * float64(run.Network.Messages) * 100e-6 // sent and received
	if math.Abs(paid/want-1) > 0.03 {
		t.Errorf("%d messages were paid with %.3f s, want %.3f s", run.Network.Messages, paid, want)
	}
}

func TestASaturatedSimulationNamesItsProcessors(t *testing.T) {
	found := simulate(t, oneRegion+"load: {rate: 2000/s, duration: 2s, warmup: 0s, timeout: 1s}\nsimulation: {message_cost: 200us, processors: 2}\n")
	if run := &found.Runs[0]; !run.Saturated || run.Limit != "the machine" {
		t.Errorf("saturated: %v, by %q", run.Saturated, run.Limit)
	}
}
