package fastpaxos

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

// Package explore plays everything that can happen to small clusters within these bounds, and checks in every state what it
// checks of paxos, and that nothing else is accepted or chosen where a fast quorum has accepted a value under the fast ballot.
//
// With three replicas a fast quorum is all of them, so that a value may have been chosen whenever one acceptor of two tells it. With
// four, fast quorums are three, and with five, four; only there recovery finds values that cannot have been chosen.

var (
	hurry1 = explore.Network{Orderly: true, Late: 1}
	late1  = explore.Network{Orderly: true, Calm: true, Late: 1}
	late2  = explore.Network{Orderly: true, Calm: true, Late: 2}
	late3  = explore.Network{Orderly: true, Calm: true, Late: 3}
	cut1   = explore.Network{Orderly: true, Calm: true, Late: 1, Cuts: 1}
)

var bounds = []exploretest.Bound{
	{Name: "a-anyhow", Commands: "a"},
	{Name: "ab-hurried-1late-1timer", Commands: "ab", Timers: 1, Network: hurry1},
	{Name: "ab-3late-2timers", Commands: "ab", Timers: 2, Network: late3},
	{Name: "aB-2late-2timers", Commands: "aB", Timers: 2, Network: late2},
	{Name: "abc-1late-1timer", Commands: "abc", Timers: 1, Network: late1},
	{Name: "aBA-1late-2timers", Commands: "aBA", Timers: 2, Network: late1},
	{Name: "ab-cut-2timers", Commands: "ab", Timers: 2, Network: cut1},
	{Name: "ab-crash-1late-1timer", Commands: "ab", Timers: 1, Crashes: 1, Network: late1},
	{Name: "ab-again-crash-1late", Commands: "a+bcb", Timers: 1, Crashes: 1, Network: late1},
	{Name: "ab-slow-crash-1late-1timer", Commands: "ab", Timers: 1, Crashes: 1, Network: late1, Change: slow},
	{Name: "ab-four-2late-1timer", Commands: "ab", Timers: 1, Network: late2, Change: four},
	{Name: "ab-five-2late-1timer", Commands: "ab", Timers: 1, Network: late2, Change: five},
	{Name: "aB-five-1late-2timers", Commands: "aB", Timers: 2, Network: late1, Change: five},
	{Name: "aB-keep-2late-2timers", Commands: "aB", Timers: 2, Network: late2, Options: keeps},

	{Name: "ab-3late-3timers", Large: true, Commands: "ab", Timers: 3, Network: late3},
	{Name: "abc-2late-2timers", Large: true, Commands: "abc", Timers: 2, Network: late2},
	{Name: "aBc-2late-2timers", Large: true, Commands: "aBc", Timers: 2, Network: late2},
	{Name: "ab-2crashes-2late-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 2, Network: late2},
	{Name: "abc-four-2late-1timer", Large: true, Commands: "abc", Timers: 1, Network: late2, Change: four},
	{Name: "ab-five-3late-2timers", Large: true, Commands: "ab", Timers: 2, Network: late3, Change: five},
	{Name: "aBc-five-1late-1timer", Large: true, Commands: "aBc", Timers: 1, Network: late1, Change: five},
}

// keeps leaves promises that nobody needs any more.
var keeps = protocols.Choices{"revert": "off"}

var explored = explore.Cluster{
	Driver: Driver, Replicas: 3, PerKey: true, ReadsAside: true,
	// These are used within a step, or to count attempts and records.
	Ignored: []string{"Replica.in", "Replica.sent", "Replica.entry", "Replica.record", "Replica.memory", "Replica.freeInstances", "KeyWalk.logged", "KeyWalk.loggedBytes", "KeyWalk.snapshotBytes", "Request.attempts", "Proposal.Tries", "Request.lostVersions"},
}

func TestExplore(t *testing.T) { exploretest.Run(t, explored, bounds) }

func TestExploredReplicasCanBeMadeAgain(t *testing.T) {
	exploretest.Replays(t, explored, exploretest.Bound{Commands: "ab", Timers: 1, Crashes: 1, Network: late1})
}

func slow(c *explore.Cluster) { c.SlowDisks = true }
func four(c *explore.Cluster) { c.Replicas = 4 }
func five(c *explore.Cluster) { c.Replicas = 5 }
