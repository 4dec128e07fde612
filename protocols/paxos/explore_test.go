package paxos

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

// Package explore plays everything that can happen to small clusters within these bounds, and checks in
// every state that what was accepted under one ballot is one value, that all replicas apply the same
// versions of each key, that a command answered before another of its key was issued takes effect before
// it, reads included, that each is answered once an incarnation, and that from every state the cluster
// finishes.
//
// Two proposers send so many messages that all orders of them are too many: only one has the network that
// does anything. In the other bounds messages keep their order, but for those that are late or lost. How
// often a proposer has tried, and how long it waits, are no part of a state; so the bounds on timers are
// reached where more of them lead to nothing new.
//
// Not tried are logs that are long enough for a snapshot on disk, and commands that name a version.

var (
	hurry1 = explore.Network{Orderly: true, Late: 1}
	hurry2 = explore.Network{Orderly: true, Late: 2}
	late1  = explore.Network{Orderly: true, Calm: true, Late: 1}
	late2  = explore.Network{Orderly: true, Calm: true, Late: 2}
	late3  = explore.Network{Orderly: true, Calm: true, Late: 3}
	late4  = explore.Network{Orderly: true, Calm: true, Late: 4}
	cut1   = explore.Network{Orderly: true, Calm: true, Late: 1, Cuts: 1}
)

// The small bounds have 0.3 million states.
var bounds = []exploretest.Bound{
	{Name: "a-anyhow", Commands: "a"},
	{Name: "a-anyhow-3timers", Commands: "a", Timers: 3, Large: true},
	{Name: "ab-hurried-1late-1timer", Commands: "ab", Timers: 1, Network: hurry1},
	{Name: "ab-3late-3timers", Commands: "ab", Timers: 3, Network: late3},
	{Name: "aB-3late-3timers", Commands: "aB", Timers: 3, Network: late3},
	{Name: "abc-1late-2timers", Commands: "abc", Timers: 2, Network: late1},
	{Name: "aBA-2late-2timers", Commands: "aBA", Timers: 2, Network: late2},
	{Name: "keys-1late-1timer", Commands: "a/xb/yC/xa/y", Timers: 1, Network: late1},
	{Name: "ab-cut-3timers", Commands: "ab", Timers: 3, Network: cut1},
	{Name: "ab-crash-2late-2timers", Commands: "ab", Timers: 2, Crashes: 1, Network: late2},
	{Name: "ab-again-crash-1late", Commands: "a+bcb", Timers: 1, Crashes: 1, Network: late1},
	{Name: "ab-slow-crash-1late-1timer", Commands: "ab", Timers: 1, Crashes: 1, Network: late1, Change: slow},
	{Name: "ab-five-2late-1timer", Commands: "ab", Timers: 1, Network: late2, Change: five},
	{Name: "ab-revert-2late-2timers", Commands: "ab", Timers: 2, Network: late2, Options: reverts},
	{Name: "aB-revert-3late-3timers", Commands: "aB", Timers: 3, Network: late3, Options: reverts},
	{Name: "aB-revert-crash-1late", Commands: "aB", Timers: 1, Crashes: 1, Network: late1, Options: reverts},
	{Name: "ab-broadcast-2late-1timer", Commands: "ab", Timers: 1, Network: late2, Options: broadcasts},
	{Name: "aB-broadcast-crash-1late-1timer", Commands: "aB", Timers: 1, Crashes: 1, Network: late1, Options: broadcasts},
	{Name: "ab-five-broadcast-1late", Commands: "ab", Network: late1, Options: broadcasts, Change: five},
	{Name: "aB-silent-1late-3timers", Commands: "aB", Timers: 3, Network: late1, Options: silent},

	{Name: "ab-hurried-2late-1timer", Large: true, Commands: "ab", Timers: 1, Network: hurry2},
	{Name: "ab-4late-4timers", Large: true, Commands: "ab", Timers: 4, Network: late4},
	{Name: "abc-2late-2timers", Large: true, Commands: "abc", Timers: 2, Network: late2},
	{Name: "aBc-2late-2timers", Large: true, Commands: "aBc", Timers: 2, Network: late2},
	{Name: "ab-2crashes-2late-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 2, Network: late2},
	{Name: "ab-five-3late-2timers", Large: true, Commands: "ab", Timers: 2, Network: late3, Change: five},
	{Name: "abC-revert-2late-2timers", Large: true, Commands: "abC", Timers: 2, Network: late2, Options: reverts},
	{Name: "aB-revert-crash-2late", Large: true, Commands: "aB", Timers: 2, Crashes: 1, Network: late2, Options: reverts},
}

var (
	reverts    = protocols.Choices{"revert": "on"}
	broadcasts = protocols.Choices{"learn": "broadcast"}
	silent     = protocols.Choices{"refusals": "silent"}
)

var explored = explore.Cluster{
	Driver: Driver, Replicas: 3, PerKey: true, ReadsAside: true,
	// These are used within a step, or to count attempts and records.
	Ignored: []string{"Replica.in", "Replica.sent", "Replica.entry", "Replica.record", "Replica.memory", "Replica.freeInstances", "KeyWalk.logged", "KeyWalk.loggedBytes", "KeyWalk.snapshotBytes", "Request.attempts", "Proposal.Tries", "Request.lostVersions"},
}

func TestExplore(t *testing.T) { exploretest.Run(t, explored, bounds) }

func TestExploredReplicasCanBeMadeAgain(t *testing.T) {
	exploretest.Replays(t, explored, exploretest.Bound{Commands: "aB", Timers: 1, Crashes: 1, Network: late1})
}

func slow(c *explore.Cluster) { c.SlowDisks = true }
func five(c *explore.Cluster) { c.Replicas = 5 }
