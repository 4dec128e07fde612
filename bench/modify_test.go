package bench_test

import (
	"context"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
	"quorumbench/protocols/registry"
)

// Two plain read-modify-writes that read the same value lose one of their writes; of atomic ones only one takes effect. Under
// every protocol the checks, that of linearizability among them, pass for both.
func TestAtomicReadModifyWritesLoseNothing(t *testing.T) {
	for _, atomic := range []string{"false", "true"} {
		plan, err := experiment.Parse("test.yaml", []byte(threeRegions+
			"load: {rate: 3/s, duration: 40s, rmw: {share: 100%, atomic: "+atomic+"}, keys: {count: 6}, timeout: 10s}\n"), registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		for _, protocol := range plan.Experiment.Protocols {
			record, err := run.Play(context.Background(), run.Config{Plan: plan, Protocol: protocol})
			if err != nil {
				t.Fatal(err)
			}
			lost, done := lostWrites(record)
			if (lost > 0) != (atomic == "false") || done < 200 {
				t.Errorf("%s, atomic: %s: %d of %d read-modify-writes have lost the write of another", protocol.Label, atomic, lost, done)
			}
			for _, c := range verify.Conclude(record, false).Checks {
				if c.Verdict != result.Passed {
					t.Errorf("%s, atomic: %s: the check %q: %s %s", protocol.Label, atomic, c.Name, c.Verdict, c.Detail)
				}
			}
		}
	}
}

// lostWrites counts the read-modify-writes that took effect, and those of them that had read the same value as one before.
func lostWrites(record *verify.Record) (lost, done int) {
	type read struct{ key, value uint64 }
	seen := map[read]bool{}
	for _, c := range record.Clients {
		for _, m := range c.Modifications() {
			if m.Answered == result.Never {
				continue
			}
			s := c.Samples.At(int(m.Read) - 1)
			r := read{s.Key, s.Value}
			if seen[r] {
				lost++
			}
			seen[r] = true
			done++
		}
	}
	return lost, done
}

// Without conflicts a read-modify-write takes as long as its read and its write one after the other, under every protocol.
func TestAReadModifyWriteTakesTwoOperations(t *testing.T) {
	protocols, keys := ownKeys()
	found := simulate(t, threeRegions+protocols+"load: {rate: 20/s, duration: 5s, mix: ycsb-f, keys: {"+keys+", exponent: 0.01}}\n")
	for _, run := range found.Runs {
		for _, region := range run.Regions {
			least := region.Floor + region.Reads.Response.Min
			if got := region.ReadModifyWrites; got.Offered < 20 || got.Errors > 0 || got.Response.Min < least || got.Response.Max > region.Floor+region.Reads.Response.Max+time.Microsecond {
				t.Errorf("%s in %s: %d, %v to %v; reads %v to %v, writes %v to %v", run.Protocol, region.Region, got.Offered, got.Response.Min, got.Response.Max,
					region.Reads.Response.Min, region.Reads.Response.Max, region.Response.Min, region.Response.Max)
			}
			if region.Offered < region.ReadModifyWrites.Offered*8/10 || region.Reads.Offered < region.ReadModifyWrites.Offered+20 {
				t.Errorf("%s in %s: %d writes and %d reads, of which %d belong to read-modify-writes", run.Protocol, region.Region, region.Offered, region.Reads.Offered, region.ReadModifyWrites.Offered)
			}
		}
	}
}
