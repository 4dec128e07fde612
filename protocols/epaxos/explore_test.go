package epaxos

import (
	"fmt"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

var (
	late1  = explore.Network{Orderly: true, Calm: true, Late: 1}
	late2  = explore.Network{Orderly: true, Calm: true, Late: 2}
	late3  = explore.Network{Orderly: true, Calm: true, Late: 3}
	hurry1 = explore.Network{Orderly: true, Late: 1}
	cut1   = explore.Network{Orderly: true, Calm: true, Late: 1, Cuts: 1}
)

var bounds = []exploretest.Bound{
	{Name: "a-anyhow", Commands: "a"},
	{Name: "a-anyhow-1timer", Commands: "a", Timers: 1},
	{Name: "ab-1late", Commands: "ab", Network: late1},
	{Name: "ab-2late-1timer", Commands: "ab", Timers: 1, Network: late2},
	{Name: "ab-1late-3timers", Commands: "ab", Timers: 3, Network: late1},
	{Name: "abc-1late", Commands: "abc", Network: late1},
	{Name: "aB-2late-2timers", Commands: "aB", Timers: 2, Network: late2},
	{Name: "ab-hurried-1late", Commands: "ab", Network: hurry1},
	{Name: "ab-cut-2timers", Commands: "ab", Timers: 2, Network: cut1},
	{Name: "ab-cut-3timers", Large: true, Commands: "ab", Timers: 3, Network: cut1},
	{Name: "abc-2late-2timers", Large: true, Commands: "abc", Timers: 2, Network: late2},
	{Name: "ab-3late-4timers", Large: true, Commands: "ab", Timers: 4, Network: late3},
	{Name: "aBc-2late-1timer", Large: true, Commands: "aBc", Timers: 1, Network: late2},
	{Name: "ab-kept0-2late-2timers", Commands: "ab", Timers: 2, Network: late2, Options: forgets},
	{Name: "ab-five-1late-1timer", Commands: "ad", Timers: 1, Network: late1, Change: five},
	{Name: "ab-2crashes-1late-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 2, Network: late1},
	{Name: "ab-crash-1late-2timers", Commands: "ab", Timers: 2, Crashes: 1, Network: late1},
}

var forgets = protocols.Choices{"kept": "0"}

func five(c *explore.Cluster) { c.Replicas = 5 }

var explored = explore.Cluster{
	Driver: Driver, Replicas: 3, PerKey: true, ReadsAside: true,
	// These are used within a step, or to count attempts and records; or tell which executed instance is forgotten next, of
	// which there are never enough.
	Ignored: []string{
		"replica.in", "replica.sent", "replica.entry", "replica.record", "replica.command", "replica.memory", "replica.walk", "instance.visit",
		"KeyWalk.logged", "KeyWalk.loggedBytes", "KeyWalk.snapshotBytes", "replica.recent", "replica.recentFrom", "replica.registers",
		"attempt.tries", "attempt.refusals", "instance.persisted",
	},
	TimerName: func(id protocols.TimerID) string {
		switch id {
		case watchTimer:
			return "of the watch"
		case snapshotTimer:
			return "of the snapshot"
		}
		return fmt.Sprintf("of attempt %d", id-firstAttempt)
	},
}

func TestExplore(t *testing.T) { exploretest.Run(t, explored, bounds) }

func TestExploredReplicasCanBeMadeAgain(t *testing.T) {
	exploretest.Replays(t, explored, exploretest.Bound{Commands: "aB", Timers: 1, Crashes: 1, Network: late1})
}
