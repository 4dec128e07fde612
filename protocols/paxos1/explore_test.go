package paxos1

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

// Package explore plays everything that can happen to small clusters within these bounds, and checks in
// every state that a value is accepted under its ballot at two replicas at most, that all replicas apply
// the same versions of each key, that a command answered before another of its key was issued takes effect
// before it, reads included, that each is answered once an incarnation, and that from every state the
// cluster finishes.
//
// Two proposers that travel have few messages: bounds called anyhow have the network that does anything. In
// the others messages keep their order, but for those that are late or lost. How often a proposer has
// tried, and how long it waits, are no part of a state.
//
// Not tried are logs that are long enough for a snapshot on disk, and commands that name a version.

var (
	hurry2 = explore.Network{Orderly: true, Late: 2}
	late1  = explore.Network{Orderly: true, Calm: true, Late: 1}
	late2  = explore.Network{Orderly: true, Calm: true, Late: 2}
	late3  = explore.Network{Orderly: true, Calm: true, Late: 3}
	cut1   = explore.Network{Orderly: true, Calm: true, Late: 1, Cuts: 1}
)

// The small bounds have 0.2 million states.
var bounds = []exploretest.Bound{
	{Name: "ab-anyhow", Commands: "ab"},
	{Name: "aB-anyhow-1timer", Commands: "aB", Timers: 1},
	{Name: "a-anyhow-crash-1timer", Commands: "a", Timers: 1, Crashes: 1},
	{Name: "ab-3late-3timers", Commands: "ab", Timers: 3, Network: late3},
	{Name: "aB-3late-3timers", Commands: "aB", Timers: 3, Network: late3},
	{Name: "abc-2late-2timers", Commands: "abc", Timers: 2, Network: late2},
	{Name: "aBc-2late-2timers", Commands: "aBc", Timers: 2, Network: late2},
	{Name: "keys-1late-1timer", Commands: "a/xb/yC/xa/y", Timers: 1, Network: late1},
	{Name: "ab-cut-3timers", Commands: "ab", Timers: 3, Network: cut1},
	{Name: "ab-hurried-crash-2late-1timer", Commands: "ab", Timers: 1, Crashes: 1, Network: hurry2},
	{Name: "ab-2crashes-1late-2timers", Commands: "ab", Timers: 2, Crashes: 2, Network: late1},
	{Name: "ab-again-crash-1late", Commands: "a+bcb", Timers: 1, Crashes: 1, Network: late1},
	{Name: "ab-slow-crash-1late-1timer", Commands: "ab", Timers: 1, Crashes: 1, Network: late1, Change: slow},

	{Name: "aB-revert-anyhow-1timer", Commands: "aB", Timers: 1, Options: reverts},
	{Name: "aBC-revert-2late-2timers", Commands: "aBC", Timers: 2, Network: late2, Options: reverts},
	{Name: "aB-revert-crash-1late-1timer", Commands: "aB", Timers: 1, Crashes: 1, Network: late1, Options: reverts},

	{Name: "ab-anyhow-1timer", Large: true, Commands: "ab", Timers: 1},
	{Name: "aB-anyhow-2timers", Large: true, Commands: "aB", Timers: 2},
	{Name: "ab-anyhow-crash", Large: true, Commands: "ab", Crashes: 1},
	{Name: "abc-3late-3timers", Large: true, Commands: "abc", Timers: 3, Network: late3},
	{Name: "aBc-3late-3timers", Large: true, Commands: "aBc", Timers: 3, Network: late3},
	{Name: "ab-2crashes-3late-3timers", Large: true, Commands: "ab", Timers: 3, Crashes: 2, Network: late3},
}

var reverts = protocols.Choices{"revert": "on"}

var explored = explore.Cluster{
	Driver: Driver, Replicas: 3, PerKey: true, ReadsAside: true,
	// These are used within a step, or to count attempts and records.
	Ignored: []string{"Replica.in", "Replica.sent", "Replica.entry", "Replica.record", "Replica.memory", "Replica.freeInstances", "KeyWalk.logged", "KeyWalk.loggedBytes", "KeyWalk.snapshotBytes", "Request.attempts", "Request.lostVersions"},
}

func TestExplore(t *testing.T) { exploretest.Run(t, explored, bounds) }

func TestExploredReplicasCanBeMadeAgain(t *testing.T) {
	exploretest.Replays(t, explored, exploretest.Bound{Commands: "aB", Timers: 1, Crashes: 1, Network: late1})
}

func slow(c *explore.Cluster) { c.SlowDisks = true }
