package multipaxos

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Package explore plays everything that can happen to small clusters within these bounds, and checks in
// every state that under one ballot one command is accepted at a place, that all replicas apply the same at
// each place, that a command answered before another was issued is applied before it, that each is
// answered once an incarnation, and that from every state the cluster finishes: every command is answered
// and applied at every replica.
//
// R0 is configured to lead and stands at once. Only bounds called anyhow have the network that does
// anything. In the others messages keep their order, but for those that are late or lost, or a replica is
// cut off; and on calm networks timers fire and commands come when nothing is under way.
//
// Not tried are batches, logs that are truncated while the cluster runs, and what takes two measurements
// of the time: a question for what is missing that is asked again.

var (
	calm   = explore.Network{Orderly: true, Calm: true}
	late1  = explore.Network{Orderly: true, Calm: true, Late: 1}
	late2  = explore.Network{Orderly: true, Calm: true, Late: 2}
	late3  = explore.Network{Orderly: true, Calm: true, Late: 3}
	cut1   = explore.Network{Orderly: true, Calm: true, Cuts: 1}
	hurry0 = explore.Network{Orderly: true}
	hurry1 = explore.Network{Orderly: true, Late: 1}
)

// The small bounds have 0.4 million states.
var bounds = []exploretest.Bound{
	{Name: "a-anyhow", Commands: "a"},
	{Name: "ab-hurried-1late", Commands: "ab", Network: hurry1},
	{Name: "ab-hurried-1timer", Commands: "ab", Timers: 1, Network: hurry0},
	{Name: "ab-2late", Commands: "ab", Network: late2},
	{Name: "bc-1late-1timer", Commands: "bc", Timers: 1, Network: late1},
	{Name: "aB-2late-1timer", Commands: "aB", Timers: 1, Network: late2},
	{Name: "a-1late-3timers", Commands: "a", Timers: 3, Network: late1},
	{Name: "ab-4timers", Commands: "ab", Timers: 4, Network: calm},
	{Name: "a-cut-3timers", Commands: "a", Timers: 3, Network: cut1},
	{Name: "a-2crashes-2timers", Commands: "a", Timers: 2, Crashes: 2, Network: calm},
	{Name: "a-again-crash-2timers", Commands: "a+ab", Timers: 2, Crashes: 1, Network: calm},
	{Name: "ab-slow-crash-1timer", Commands: "ab", Timers: 1, Crashes: 1, Network: calm, Change: slow},
	{Name: "ab-three-slow-crash", Commands: "ab", Crashes: 1, Network: hurry0, Options: phase2("3"), Change: slow},
	{Name: "a-one-1late-2timers", Commands: "a", Timers: 2, Network: late1, Options: phase2("1")},
	{Name: "a-three-1late-2timers", Commands: "a", Timers: 2, Network: late1, Options: phase2("3")},
	{Name: "a-five-1late-1timer", Commands: "a", Timers: 1, Network: late1, Options: phase2("2"), Change: five},
	{Name: "a-preferred-1late-2timers", Commands: "a", Timers: 2, Pauses: 1, Network: late1,
		Options: protocols.Choices{"preferred": "on"}, Change: clocks},
	{Name: "b-snapshot-1late-2timers", Commands: "b", Timers: 2, Network: late1, Change: truncated},

	{Name: "ab-revert-1late-1timer", Commands: "ab", Timers: 1, Network: late1, Options: reverts},
	{Name: "a-revert-cut-3timers", Commands: "a", Timers: 3, Network: cut1, Options: reverts},
	{Name: "a-revert-crash-2timers", Commands: "a", Timers: 2, Crashes: 1, Network: calm, Options: reverts},
	{Name: "a-witness-2late-1timer", Commands: "a", Timers: 1, Network: late2, Change: witness},
	{Name: "ab-witness-1late-1timer", Commands: "ab", Timers: 1, Network: late1, Change: witness},
	{Name: "a-witness-crash-2timers", Commands: "a", Timers: 2, Crashes: 1, Network: calm, Change: witness},
	{Name: "a-witness-slow-crash-1timer", Commands: "a", Timers: 1, Crashes: 1, Network: calm, Change: slowWitness},
	{Name: "member-b-1timer", Commands: "b", Timers: 1, Network: calm, Change: twoGoals},
	{Name: "member-crash-1timer", Timers: 1, Crashes: 1, Network: calm, Change: twoGoals},
	{Name: "member-cut-1timer", Timers: 1, Network: cut1, Change: twoGoals},
	{Name: "member-cut-2timers", Large: true, Timers: 2, Network: cut1, Change: twoGoals},
	{Name: "member-c-1late-1timer", Large: true, Commands: "c", Timers: 1, Network: late1, Change: twoGoals},
	{Name: "member-c-1late-2timers", Large: true, Commands: "c", Timers: 2, Network: late1, Change: twoGoals},
	{Name: "member-1late-3timers", Large: true, Timers: 3, Network: late1, Change: twoGoals},

	{Name: "a-anyhow-1timer", Large: true, Commands: "a", Timers: 1},
	{Name: "b-anyhow", Large: true, Commands: "b"},
	{Name: "ab-2late-2timers", Large: true, Commands: "ab", Timers: 2, Network: late2},
	{Name: "a-2late-3timers", Large: true, Commands: "a", Timers: 3, Network: late2},
	{Name: "ab-3late-1timer", Large: true, Commands: "ab", Timers: 1, Network: late3},
	{Name: "ab-2crashes-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 2, Network: calm},
	{Name: "ab-crash-1late-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 1, Network: late1},
	{Name: "ab-cut-3timers", Large: true, Commands: "ab", Timers: 3, Network: cut1},
	{Name: "ab-slow-crash-1late-1timer", Large: true, Commands: "ab", Timers: 1, Crashes: 1, Network: late1, Change: slow},
	{Name: "a-one-2late-3timers", Large: true, Commands: "a", Timers: 3, Network: late2, Options: phase2("1")},
	{Name: "ab-witness-2crashes-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 2, Network: calm, Change: witness},
	{Name: "ab-witness-2late-2timers", Large: true, Commands: "ab", Timers: 2, Network: late2, Change: witness},
	{Name: "a-five-2late-2timers", Large: true, Commands: "a", Timers: 2, Network: late2, Options: phase2("2"), Change: five},
}

var reverts = protocols.Choices{"revert": "on"}

func phase2(size string) protocols.Choices { return protocols.Choices{"phase2": size} }

var explored = explore.Cluster{
	Driver: Driver, Replicas: 3, Repairs: true,
	Ignored: []string{"replica.scratch", "replica.fresh", "instanceLog.commands", // used within a step
		// These follow from the log, and from what a membership is encoded as.
		"replica.group", "replica.full", "replica.phase1", "Log.first", "Log.inForce",
		"Membership.Parts", "Membership.Learners", "Membership.Goal", "Membership.Request", "Membership.first", "Membership.roles", "Membership.meeting"},
	TimerName: func(id protocols.TimerID) string {
		if name := map[protocols.TimerID]string{electionTimer: "of the election", heartbeatTimer: "of the heartbeat", forwardTimer: "of what is forwarded"}[id]; name != "" {
			return name
		}
		return "to resend"
	},
}

func TestExplore(t *testing.T) { exploretest.Run(t, explored, bounds) }

func TestExploredReplicasCanBeMadeAgain(t *testing.T) {
	exploretest.Replays(t, explored, exploretest.Bound{Commands: "ab", Timers: 1, Crashes: 1, Network: calm})
}

// twoGoals has four replicas, and two requests that reach different leaders: for the first two and for the last two replicas.
// Quorums of either meet those of the membership before, and none of the other's.
func twoGoals(c *explore.Cluster) {
	c.Replicas = 4
	c.Requests = []explore.Request{{At: 0, Text: "change all(0,1)"}, {At: 2, Text: "change all(2,3)"}}
	c.Driver.New = func(config protocols.Config) protocols.Node {
		r := newReplica(config).(*replica)
		r.reverts = false // as in other bounds: it would multiply the states
		return r
	}
}

func slow(c *explore.Cluster)        { c.SlowDisks = true }
func witness(c *explore.Cluster)     { c.Witnesses = quorum.Of[int32](2) }
func slowWitness(c *explore.Cluster) { slow(c); witness(c) }
func five(c *explore.Cluster)        { c.Replicas = 5 }
func clocks(c *explore.Cluster)      { c.Clocks = true }

// truncated has R0 and R1 begin with a snapshot in the place of the log's first entry, and R2 with nothing.
func truncated(c *explore.Cluster) {
	store := kv.NewStore()
	store.Apply(exploretest.Encode(&kv.Command{Client: 9, Seq: 1, Op: kv.Op_PUT, Key: []byte("x"), Value: []byte("z")}))
	snapshot := exploretest.Encode(&Record{Ballot: uint64(protocols.Ballot(0).Next(0)), Commit: 1, Snapshot: &Snapshot{State: store.Snapshot()}})
	c.Disks = [][][]byte{{snapshot}, {snapshot}, nil}
}
