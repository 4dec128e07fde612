package raft

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
)

// Package explore plays everything that can happen to small clusters within these bounds, and checks in
// every state that a term has one leader and the logs match, that all replicas apply the same at each
// place, that a command answered before another was issued is applied before it, that each is answered
// once an incarnation, and that from every state the cluster finishes: every command is answered and
// applied at every replica.
//
// R0 is configured to lead and stands at once. Only the first bound has the network that does anything. In
// the others messages keep their order, but for those that are late or lost, or a replica is cut off; and on
// calm networks timers fire and commands come when nothing is under way.
//
// Not tried are batches, logs that are truncated while the cluster runs, transfers, which take five
// heartbeats, and leases: they trust clocks to run at nearly the same rate, and here a replica's clock
// tells nothing of another's.

var (
	calm   = explore.Network{Orderly: true, Calm: true}
	late1  = explore.Network{Orderly: true, Calm: true, Late: 1}
	late2  = explore.Network{Orderly: true, Calm: true, Late: 2}
	cut1   = explore.Network{Orderly: true, Calm: true, Cuts: 1}
	cut2   = explore.Network{Orderly: true, Calm: true, Cuts: 2}
	hurry0 = explore.Network{Orderly: true}
	hurry1 = explore.Network{Orderly: true, Late: 1}
)

// The small bounds have 0.4 million states.
var bounds = []exploretest.Bound{
	{Name: "a-anyhow", Commands: "a"},
	{Name: "b-hurried-1late", Commands: "b", Network: hurry1},
	{Name: "ab-hurried-1timer", Commands: "ab", Timers: 1, Network: hurry0},
	{Name: "ab-2late", Commands: "ab", Network: late2},
	{Name: "bc-1late-1timer", Commands: "bc", Timers: 1, Network: late1},
	{Name: "a-1late-3timers", Commands: "a", Timers: 3, Network: late1},
	{Name: "a-cut-2timers", Commands: "a", Timers: 2, Network: cut1},
	{Name: "a-2crashes-1timer", Commands: "a", Timers: 1, Crashes: 2, Network: calm},
	{Name: "a-again-crash-1timer", Commands: "a+ab", Timers: 1, Crashes: 1, Network: calm},
	{Name: "a-slow-crash-2timers", Commands: "a", Timers: 2, Crashes: 1, Network: calm, Change: slow},
	{Name: "aB-index-1late-1timer", Commands: "aB", Timers: 1, Network: late1, Options: index, Change: aside},
	{Name: "aA-index-cut-1timer", Commands: "aA", Timers: 1, Network: cut1, Options: index, Change: aside},
	{Name: "a-revert-2late-1timer", Commands: "a", Timers: 1, Network: late2, Options: reverts},
	{Name: "a-revert-3timers", Commands: "a", Timers: 3, Network: calm, Options: reverts},
	{Name: "a-revert-crash-2timers", Commands: "a", Timers: 2, Crashes: 1, Network: calm, Options: reverts},
	{Name: "a-prevote-1late-2timers", Commands: "a", Timers: 2, Network: late1, Options: protocols.Choices{"prevote": "on"}},
	{Name: "a-checkquorum-1late-2timers", Commands: "a", Timers: 2, Network: late1, Options: protocols.Choices{"checkquorum": "on"}, Change: clocks},
	{Name: "b-snapshot-1late-3timers", Commands: "b", Timers: 3, Network: late1, Change: truncated},

	{Name: "a-witness-2late-1timer", Commands: "a", Timers: 1, Network: late2, Change: witness},
	{Name: "ab-witness-1late-1timer", Commands: "ab", Timers: 1, Network: late1, Change: witness},
	{Name: "a-witness-crash-2timers", Commands: "a", Timers: 2, Crashes: 1, Network: calm, Change: witness},
	{Name: "a-witness-slow-crash-1timer", Commands: "a", Timers: 1, Crashes: 1, Network: calm, Change: slowWitness},
	{Name: "a-witness-prevote-2timers", Commands: "a", Timers: 2, Network: calm, Options: protocols.Choices{"prevote": "on"}, Change: witness},
	{Name: "two-witnesses-slow-crash-1late-1timer", Timers: 1, Crashes: 1, Network: late1, Change: slowWitnesses},
	{Name: "two-witnesses-revert-crash-1timer", Timers: 1, Crashes: 1, Network: calm, Options: reverts, Change: slowWitnesses},

	{Name: "member-b-1timer", Commands: "b", Timers: 1, Network: calm, Change: twoGoals},
	{Name: "member-c-1late-1timer", Large: true, Commands: "c", Timers: 1, Network: late1, Change: twoGoals},
	{Name: "member-crash-1timer", Timers: 1, Crashes: 1, Network: calm, Change: twoGoals},
	{Name: "member-cut-2timers", Timers: 2, Network: cut1, Change: twoGoals},
	{Name: "member-c-1late-2timers", Large: true, Commands: "c", Timers: 2, Network: late1, Change: twoGoals},
	{Name: "member-ac-2late-2timers", Large: true, Commands: "ac", Timers: 2, Network: late2, Change: twoGoals},
	{Name: "member-1late-3timers", Large: true, Timers: 3, Network: late1, Change: twoGoals},

	{Name: "member-half-2cuts-2timers", Large: true, Timers: 2, Network: cut2, Change: halfWay},
	{Name: "member-leaving-b-1timer", Commands: "b", Timers: 1, Network: calm, Change: leaving},

	{Name: "ab-5timers", Large: true, Commands: "ab", Timers: 5, Network: calm},
	{Name: "a-2crashes-2timers", Large: true, Commands: "a", Timers: 2, Crashes: 2, Network: calm},
	{Name: "a-again-crash-2timers", Large: true, Commands: "a+ab", Timers: 2, Crashes: 1, Network: calm},
	{Name: "aBc-index-1late-1timer", Large: true, Commands: "aBc", Timers: 1, Network: late1, Options: index, Change: aside},
	{Name: "ab-2late-2timers", Large: true, Commands: "ab", Timers: 2, Network: late2},
	{Name: "a-2late-3timers", Large: true, Commands: "a", Timers: 3, Network: late2},
	{Name: "ab-2crashes-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 2, Network: calm},
	{Name: "ab-crash-1late-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 1, Network: late1},
	{Name: "ab-cut-3timers", Large: true, Commands: "ab", Timers: 3, Network: cut1},
	{Name: "a-2cuts-3timers", Large: true, Commands: "a", Timers: 3, Network: cut2},
	{Name: "aA-index-cut-2timers", Large: true, Commands: "aA", Timers: 2, Network: cut1, Options: index, Change: aside},
	{Name: "ab-slow-crash-1late-1timer", Large: true, Commands: "ab", Timers: 1, Crashes: 1, Network: late1, Change: slow},
	{Name: "a-revert-1late-3timers", Large: true, Commands: "a", Timers: 3, Network: late1, Options: reverts},
	{Name: "a-revert-cut-3timers", Large: true, Commands: "a", Timers: 3, Network: cut1, Options: reverts},
	{Name: "ab-witness-2crashes-2timers", Large: true, Commands: "ab", Timers: 2, Crashes: 2, Network: calm, Change: witness},
	{Name: "ab-witness-2late-2timers", Large: true, Commands: "ab", Timers: 2, Network: late2, Change: witness},
	{Name: "a-witness-slow-crash-1late-2timers", Large: true, Commands: "a", Timers: 2, Crashes: 1, Network: late1, Change: slowWitness},
	{Name: "a-witness-revert-crash-1late-2timers", Large: true, Commands: "a", Timers: 2, Crashes: 1, Network: late1, Options: reverts, Change: witness},
	{Name: "a-two-witnesses-slow-crash-2timers", Large: true, Commands: "a", Timers: 2, Crashes: 1, Network: calm, Change: slowWitnesses},
	{Name: "a-revert-crash-1late-2timers", Large: true, Commands: "a", Timers: 2, Crashes: 1, Network: late1, Options: reverts},
}

var (
	index   = protocols.Choices{"reads": "index"}
	reverts = protocols.Choices{"revert": "on"}
)

var explored = explore.Cluster{
	Driver: Driver, Replicas: 3, Repairs: true,
	// These are used within a step, hold how much fits into a message, or hold bytes that the log refers to.
	Ignored: []string{"replica.scratch", "replica.matches", "replica.keepPace", "entryLog.commands", "peer.batchBytes",
		// These follow from the log, and from what a membership is encoded as.
		"replica.group", "replica.voters", "replica.holders", "Log.first", "Log.inForce",
		"Membership.Parts", "Membership.Learners", "Membership.Goal", "Membership.Request", "Membership.first", "Membership.roles", "Membership.meeting"},
	TimerName: func(id protocols.TimerID) string {
		return map[protocols.TimerID]string{electionTimer: "of the election", heartbeatTimer: "of the heartbeat", forwardTimer: "of what is forwarded"}[id]
	},
}

func TestExplore(t *testing.T) { exploretest.Run(t, explored, bounds) }

func TestExploredReplicasCanBeMadeAgain(t *testing.T) {
	exploretest.Replays(t, explored, exploretest.Bound{Commands: "ab", Timers: 1, Crashes: 1, Network: calm})
}

// twoGoals has four replicas, and two requests that reach different leaders: for the first two and for the last two replicas.
// Quorums of either meet those of the membership before, and none of the other's. Elections begin without a pre-vote,
// since here a replica's clock tells nothing of how long it has heard no leader.
func twoGoals(c *explore.Cluster) {
	c.Replicas = 4
	c.Requests = []explore.Request{{At: 0, Text: "change all(0,1)"}, {At: 2, Text: "change all(2,3)"}}
	c.Driver.New = func(config protocols.Config) protocols.Node {
		r := newReplica(config).(*replica)
		r.preVotes = false
		return r
	}
}

// onDisk has replicas begin in term 1 with a log of memberships, each with so many of them. R2 may get a request that asks for nothing,
// which makes a leader go on at once.
func onDisk(c *explore.Cluster, log []*membership.Membership, has ...int) {
	twoGoals(c)
	c.Requests = []explore.Request{{At: 2, Text: "add-learner 0"}}
	c.Disks, c.Leader = nil, protocols.Nobody
	for _, n := range has {
		entries := &Entries{First: 1}
		for _, m := range log[:n] {
			entries.Entries = append(entries.Entries, &Entry{Term: 1, Membership: m.Encoded()})
		}
		c.Disks = append(c.Disks, [][]byte{
			exploretest.Encode(&Record{Kind: &Record_State{State: state{pair: pair{1, 0}}.message()}}),
			exploretest.Encode(&Record{Kind: &Record_Entries{Entries: entries}}),
		})
	}
}

// halfWay begins when R1 has the joint membership on the way from the first three to the last three, and nobody else has.
func halfWay(c *explore.Cluster) {
	log := exploretest.Memberships(Driver, 4, "change majority(0,1,2)", "change majority(1,2,3)") // two each, and a joint one between those of the second
	onDisk(c, log, 3, 4, 3, 3)
}

// leaving begins when only those have the last membership who are to leave.
func leaving(c *explore.Cluster) {
	onDisk(c, exploretest.Memberships(Driver, 4, "change majority(1,3)"), 2, 1, 2, 1)
}

func slow(c *explore.Cluster)        { c.SlowDisks = true }
func aside(c *explore.Cluster)       { c.ReadsAside = true }
func clocks(c *explore.Cluster)      { c.Clocks = true }
func witness(c *explore.Cluster)     { c.Witnesses = quorum.Of[int32](2) }
func slowWitness(c *explore.Cluster) { slow(c); witness(c) }

// slowWitnesses are two of four replicas.
func slowWitnesses(c *explore.Cluster) {
	slow(c)
	c.Replicas, c.Witnesses = 4, quorum.Of[int32](2, 3)
}

// truncated has R0 and R1 begin with a snapshot in the place of the log's first entry, and R2 with nothing.
func truncated(c *explore.Cluster) {
	store := kv.NewStore()
	store.Apply(exploretest.Encode(&kv.Command{Client: 9, Seq: 1, Op: kv.Op_PUT, Key: []byte("x"), Value: []byte("z")}))
	snapshot := exploretest.Encode(&Record{Kind: &Record_Snapshot{Snapshot: &Snapshot{
		State: state{pair: pair{1, 0}, stood: 1}.message(), Index: 1, Term: 1, Data: store.Snapshot(), Base: 1, BaseTerm: 1,
	}}})
	c.Disks = [][][]byte{{snapshot}, {snapshot}, nil}
}
