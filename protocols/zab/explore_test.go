package zab

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

// Package explore plays everything that can happen to small clusters within these bounds, and checks in every state
// that replicas with the same transaction have the same up to it, that all replicas apply the same at each
// place, that a command answered before another was issued is applied before it, that each is answered
// once an incarnation, and that from every state the cluster finishes: every command is answered and applied
// at every replica.
//
// R0 is configured to lead, and is the only candidate at first. Messages keep their order, but for those that are late or
// lost, or a replica is cut off; and timers fire and commands come when nothing is under way.
//
// Not tried are batches, histories whose beginning is removed while the cluster runs, and what takes two measurements of the time:
// a follower that gives up a leader that it has not heard for half an election timeout, and answers that are overdue.

var (
	calm  = explore.Network{Orderly: true, Calm: true}
	late1 = explore.Network{Orderly: true, Calm: true, Late: 1}
	late2 = explore.Network{Orderly: true, Calm: true, Late: 2}
	cut1  = explore.Network{Orderly: true, Calm: true, Cuts: 1}
)

var bounds = []exploretest.Bound{
	{Name: "ab-1late", Commands: "ab", Network: late1},
	{Name: "a-1late-1timer", Commands: "a", Timers: 1, Network: late1},
	{Name: "a-3timers", Commands: "a", Timers: 3, Network: calm},
	{Name: "a-crash-2timers", Commands: "a", Timers: 2, Crashes: 1, Network: calm},
	{Name: "aB-sync-1late", Commands: "aB", Network: late1, Options: protocols.Choices{"reads": "sync"}},
	{Name: "aB-local-crash-1timer", Commands: "aB", Timers: 1, Crashes: 1, Network: calm, Options: protocols.Choices{"reads": "local"}, Change: stale},

	{Name: "ab-2late", Large: true, Commands: "ab", Network: late2},
	{Name: "a-cut-2timers", Large: true, Commands: "a", Timers: 2, Network: cut1},
	{Name: "ab-2crashes-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 2, Network: calm},
	{Name: "a-again-crash-2timers", Large: true, Commands: "a+ab", Timers: 2, Crashes: 1, Network: calm},
	{Name: "ab-slow-crash-1timer", Large: true, Commands: "ab", Timers: 1, Crashes: 1, Network: calm, Change: slow},
}

var explored = explore.Cluster{
	Driver: Driver, Replicas: 3, Repairs: true, ReadsAside: true,
	// These are used within a step.
	Ignored: []string{"replica.scratch", "lead.matches", "history.commands"},
	TimerName: func(id protocols.TimerID) string {
		return map[protocols.TimerID]string{
			electionTimer: "of the election", heartbeatTimer: "of the heartbeat", forwardTimer: "of what is forwarded", snapshotTimer: "of the snapshot",
		}[id]
	},
}

func TestExplore(t *testing.T) { exploretest.Run(t, explored, bounds) }

func TestExploredReplicasCanBeMadeAgain(t *testing.T) {
	exploretest.Replays(t, explored, exploretest.Bound{Commands: "a", Timers: 1, Crashes: 1, Network: calm})
}

func stale(c *explore.Cluster) { c.Stale = true }

func slow(c *explore.Cluster) { c.SlowDisks = true }
