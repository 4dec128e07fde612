package sharded

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

// What can happen within a group is explored in the packages of raft and multipaxos. Here the groups share replicas, their
// disks and their timers, on a calm network. All commands of an exploration have one key, so that one group is at work, and
// the others hold their elections beside it.
var bounds = []exploretest.Bound{
	{Name: "a", Commands: "a", Network: calm},
	{Name: "a-crash", Commands: "a", Crashes: 1, Network: calm},
	{Name: "b-1timer", Commands: "b", Timers: 1, Network: calm},
}

var calm = explore.Network{Orderly: true, Calm: true}

func TestExplore(t *testing.T) {
	exploretest.Run(t, explore.Cluster{
		Driver: Driver, Replicas: 3, Repairs: true,
		// Used within a step only, or as raft's exploration says.
		Ignored: []string{"replica.in", "replica.message", "replica.record", "replica.command", "group.out",
			"replica.scratch", "replica.matches", "replica.keepPace", "entryLog.commands", "peer.batchBytes"},
		TimerName: func(id protocols.TimerID) string { return "of a group" },
	}, bounds)
}
