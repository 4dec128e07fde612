package multipaxos_test

import (
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/multipaxos"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/prototest/leadertest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, multipaxos.Driver) }

func TestAReplicaCatchesUpOverSlowLinks(t *testing.T) {
	prototest.CatchesUpSlowly(t, multipaxos.Driver)
}

func TestLeaderConformance(t *testing.T) { leadertest.Conformance(t, multipaxos.Driver) }

// Phase-2 quorums may have any size, since those of phase 1 make up for it.
func TestConformanceWithFlexibleQuorums(t *testing.T) {
	for phase2 := 1; phase2 <= 5; phase2++ {
		t.Run(fmt.Sprintf("phase2 %d", phase2), func(t *testing.T) {
			driver := prototest.With(multipaxos.Driver, protocols.Choices{"phase2": fmt.Sprint(phase2)})
			driver.Validate = func(c protocols.Config) error {
				if c.Size() != 5 {
					return fmt.Errorf("found %d replicas; accepted: 5", c.Size())
				}
				return nil
			}
			// Two dead replicas leave no quorum for one phase or the other, unless both have three.
			driver.NotSurvived = protocols.Faults{DeadMinority: phase2 != 3}
			prototest.Conformance(t, driver)
		})
	}
}

func TestConformanceWithAPreferredLeader(t *testing.T) {
	prototest.Conformance(t, prototest.With(multipaxos.Driver, protocols.Choices{"preferred": "on"}))
}

func BenchmarkWrite(b *testing.B) { leadertest.BenchmarkWrite(b, multipaxos.Driver) }

const ms = time.Millisecond

// cluster starts replicas that are all 30 ms away from each other.
func cluster(t *testing.T, n int, chosen protocols.Choices, seed uint64) *prototest.Cluster {
	delays := make(protocols.Delays, n)
	for i := range delays {
		delays[i] = make([]time.Duration, n)
		for j := range delays[i] {
			if i != j {
				delays[i][j] = 30 * ms
			}
		}
	}
	return prototest.NewCluster(t, prototest.With(multipaxos.Driver, chosen), prototest.Network{Delays: delays}, 0, seed)
}

func TestAPreferredLeaderTakesTheLeadershipBack(t *testing.T) {
	for preferred, want := range map[string]int{"off": 1, "on": 2} {
		for seed := range uint64(10) {
			c := cluster(t, 5, protocols.Choices{"preferred": preferred}, seed)
			c.Run(2 * time.Second)
			c.Crash(0)
			c.Put(1, 1, "k", "for the next")
			c.RunUntilAnswered(20 * time.Second)
			c.Restart(0)
			var since []protocols.CommandID
			for i := range 500 {
				c.At(c.Now()+time.Duration(i)*17*ms, func() {
					at := protocols.NodeID(1 + i%4)
					since = append(since, c.Put(at, uint64(at), fmt.Sprint("key ", i), "v"))
				})
			}
			c.Run(c.Now() + 10*time.Second)
			c.RunUntilAnswered(0)
			c.CheckConverged()
			if got := c.Marked(protocols.MarkLeading, 0); got != want {
				t.Errorf("seed %d, preferred %s: the configured leader came to lead %d times, want %d", seed, preferred, got, want)
			}
			for _, id := range since {
				// 120 ms from a follower to the leader and back, and two round trips (rule 14).
				if got := c.Answers[id].Latency; got > (120+120)*ms {
					t.Errorf("seed %d, preferred %s: %v takes %v", seed, preferred, id, got)
				}
			}
		}
	}
}

// With phase2 1, phase 1 needs all replicas: while one is down, the configured leader leaves the
// leadership to the one who has it and can do its work alone (rule 14).
func TestAPreferredLeaderDoesNotDeposeWhomItCannotReplace(t *testing.T) {
	for phase2, replicas := range map[string]int{"1": 3, "2": 5} {
		for seed := range uint64(10) {
			c := cluster(t, replicas, protocols.Choices{"preferred": "on", "phase2": phase2}, seed)
			c.Run(2 * time.Second)
			c.Crash(0)
			c.Run(c.Now() + 5*time.Second) // the others stand
			c.Restart(0)
			c.Run(c.Now() + time.Second) // one of them leads, and the first has not followed it for long enough
			leader, others := protocols.Nobody, []protocols.NodeID{}
			for id := range protocols.NodeID(replicas) {
				if c.Marked(protocols.MarkLeading, id) > 0 && id != 0 {
					leader = id
				}
			}
			for id := range protocols.NodeID(replicas) {
				if id != 0 && id != leader {
					others = append(others, id)
				}
			}
			down := others[:replicas/2] // so many that no phase-1 quorum is left
			for _, id := range down {
				c.Crash(id)
			}
			for i := range 200 {
				c.At(c.Now()+time.Duration(i)*50*ms, func() { c.Put(leader, 1, fmt.Sprint("key ", i%10), "v") })
			}
			c.Run(c.Now() + 10*time.Second)
			c.RunUntilAnswered(ms * 100)
			if got := c.Marked(protocols.MarkLeading, 0); got != 1 {
				t.Errorf("phase2 %s, seed %d: without a phase-1 quorum, the configured leader came to lead %d times", phase2, seed, got)
			}
			for _, m := range c.Replicas[leader].Marks {
				if m.Event == protocols.MarkDeposed {
					t.Errorf("phase2 %s, seed %d: replica %d is deposed at %v, and nobody can follow it", phase2, seed, leader, m.At)
				}
			}
			for _, id := range down {
				c.Restart(id)
			}
			c.Run(c.Now() + 5*time.Second)
			if got := c.Marked(protocols.MarkLeading, 0); got != 2 {
				t.Errorf("phase2 %s, seed %d: when all are up, the configured leader came to lead %d times, want twice", phase2, seed, got)
			}
			c.Put(0, 2, "k", "v")
			c.RunUntilAnswered(time.Second)
			c.Run(c.Now() + time.Second)
			c.CheckConverged()
		}
	}
}

// What a replica keeps does not grow with the number of writes.
func TestDisksDoNotGrowForEver(t *testing.T) {
	c := cluster(t, 3, nil, 1)
	for i := range 2000 {
		c.At(time.Duration(i)*5*ms, func() { c.Put(protocols.NodeID(i%3), uint64(i%3)+1, fmt.Sprint("key ", i%10), "v") })
	}
	for at := time.Second; at < 12*time.Second; at += time.Second {
		c.Run(at)
		for id, r := range c.Replicas {
			if len(r.Disk.Kept) > 102 {
				t.Fatalf("at %v replica %d has %d records on disk; between snapshots are 100 instances", at, id, len(r.Disk.Kept))
			}
		}
	}
	c.CheckConverged()
}

func TestAReplicaFarBehindCatchesUp(t *testing.T) {
	for seed := range uint64(20) {
		c := cluster(t, 3, nil, seed)
		c.Run(time.Second)
		c.Crash(2)
		write := func(count int) {
			for i := range count {
				c.At(c.Now()+time.Duration(i)*5*ms, func() { c.Put(1, 1, fmt.Sprint("key ", i%10), fmt.Sprint("v", i)) })
			}
			c.Run(c.Now() + time.Duration(count)*5*ms)
			c.RunUntilAnswered(10 * time.Second)
		}
		write(350)
		c.Restart(2)
		if seed%2 == 0 {
			c.Crash(0) // replica 2 is needed to elect the next leader, or is it
		}
		c.Run(c.Now() + 10*time.Second)
		write(10)
		c.Run(c.Now() + time.Second)
		c.CheckConverged()
		adopted := adoptedBy(c, 2)
		if adopted == 0 {
			t.Errorf("seed %d: replica 2 has applied every command instead of adopting a state", seed)
		}
	}
}

// adoptedBy counts the states that a replica has adopted in its present incarnation.
func adoptedBy(c *prototest.Cluster, id protocols.NodeID) (n int) {
	for _, commit := range c.Replicas[id].Commits {
		if commit.Adopted {
			n++
		}
	}
	return n
}

// With all for phase 2 a candidate is a phase-1 quorum by itself, and leads before its ballot is durable. A
// crash may take the ballot, which is then used again: nobody may have heard of it.
func TestALeaderByItselfIsNotHeardBeforeItsBallotIsDurable(t *testing.T) {
	const ms = time.Millisecond
	delays := protocols.Delays{{0, 10 * ms, 10 * ms}, {10 * ms, 0, 10 * ms}, {10 * ms, 10 * ms, 0}}
	for seed := range uint64(10) { // a crash while the disk is busy keeps a part of the records
		driver := multipaxos.Driver
		driver.Options = func(int) any { return &multipaxos.Options{Phase2: 3} }
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: delays, Persist: 20 * ms}, 0, seed+1)
		c.Put(0, 1, "k", "v")
		c.Run(5 * ms)
		c.Crash(0)
		c.Run(30 * ms)
		c.Restart(0)
		c.Put(0, 2, "k", "w")
		c.RunUntilAnswered(time.Minute)
		c.Run(c.Now() + 5*time.Second)
		c.Check()
	}
}

func TestConformanceWithRevert(t *testing.T) {
	prototest.Conformance(t, prototest.With(multipaxos.Driver, protocols.Choices{"revert": "on"}))
}
