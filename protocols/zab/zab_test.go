package zab_test

import (
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/prototest/leadertest"
	"quorumbench/protocols/zab"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, zab.Driver) }

func TestAReplicaCatchesUpOverSlowLinks(t *testing.T) { prototest.CatchesUpSlowly(t, zab.Driver) }

// Three round trips until broadcast begins, and one one-way delay until the followers know; then forward, propose,
// acknowledge, commit.
func TestLeaderConformance(t *testing.T) { leadertest.ConformanceOf(t, zab.Driver, 11) }

func TestConformanceWithSyncReads(t *testing.T) {
	prototest.Conformance(t, prototest.With(zab.Driver, protocols.Choices{"reads": "sync"}))
}

// Reads are sequentially consistent then, which the suite holds them against.
func TestConformanceWithLocalReads(t *testing.T) {
	prototest.Conformance(t, prototest.With(zab.Driver, protocols.Choices{"reads": "local"}))
}

// Votes of one round may elect two, since a replica may vote again for a better one. Then one leads at once (rule 3): the other does
// not come forward later with a higher epoch of its own, for which the leader would have to stop.
func TestOfTwoThatAreElectedAtOnceOneLeads(t *testing.T) {
	const ms = time.Millisecond
	delays := protocols.Delays{
		{0, 31 * ms, 35 * ms, 76 * ms, 58 * ms}, {31 * ms, 0, 70 * ms, 50 * ms, 89 * ms}, {35 * ms, 70 * ms, 0, 111 * ms, 92 * ms},
		{76 * ms, 50 * ms, 111 * ms, 0, 128 * ms}, {58 * ms, 89 * ms, 92 * ms, 128 * ms, 0},
	}
	for seed := range uint64(12) {
		c := prototest.NewCluster(t, zab.Driver, prototest.Network{Delays: delays}, 0, seed)
		c.Run(10 * time.Second)
		c.Crash(0)
		c.Run(30 * time.Second)
		for id := range protocols.NodeID(5) {
			if n := c.Marked(protocols.MarkDeposed, id); n > 0 {
				t.Errorf("seed %d: replica %d has come to lead, and was deposed", seed, id)
			}
		}
	}
}

func BenchmarkWrite(b *testing.B) { leadertest.BenchmarkWrite(b, zab.Driver) }
