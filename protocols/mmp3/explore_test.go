package mmp3

import (
	"fmt"
	"strings"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

// The order of rule 7 is the one part of mmp3 that stands in no textbook. This file has it tried out by
// machine: package explore plays everything that can happen to small clusters of the real driver, and
// checks in every state that no instance is committed with two values, that of any two committed
// instances one depends on the other, that all replicas apply the same at each place, that a command
// answered before another was issued is applied before it, and that the cluster finishes.
//
// Within the bounds of the table below that is a proof, for this code, with hashes of 128 bits taken to
// be unique. Messages may be lost, doubled, late and overtake each other without bound; clients issue
// their commands at any time; proposals time out and sweeps fire at any time, as often as the bound
// says. Commands within a column are issued in one order, since nothing tells them apart.
//
// Beyond the bounds it proves nothing, and how many writes or timers are enough to meet every mistake
// nobody has shown. Not tried at all are batches, reads outside the log, snapshots (on disk they begin
// at 50 records, and no replica is ever so far behind that it needs one), disks that lose what was
// told, clients that hand a command over again, and whatever round trips measured in between might
// lead to. Rule 13 is in force only in the bounds that say so. In the others Applied is not told and
// nothing truncated: one vector more in every message and replica multiplies the states.
//
//	go test ./protocols/mmp3 -run Explore -v -timeout 2h -args -explore large

// bound is how much may happen in what is explored.
type bound struct {
	name     string
	commands string // the column of each, in the order in which its clients issue them; capitals are reads
	nearest  string // for each replica, the one it sends to first; several such
	timers   int    // that fire
	crashes  int
	tells    bool // rule 13 is in force: Applied is told, and what all have applied is truncated
	large    bool
}

// Whom each replica sends to first: every way there is, two of which no delays could give; and
// those that differ for the replicas a and b alone.
const (
	anyNearest = "100 101 120 121 200 201 220 221"
	abNearest  = "100 120 200 220"
)

// The small bounds have 2.4 million states, the large ones 54 million, 9.9 million the largest; a
// core looks at some 200,000 in a second, and 800 MB are enough.
var bounds = []bound{
	{name: "ab-2timers", commands: "ab", nearest: abNearest, timers: 2},
	{name: "ab-crash", commands: "ab", nearest: "100", timers: 1, crashes: 1},
	{name: "ab-tells", commands: "ab", nearest: "100", timers: 1, tells: true},
	{name: "aabb", commands: "aabb", nearest: "100"},
	{name: "abc", commands: "abc", nearest: anyNearest},
	{name: "abbc", commands: "abbc", nearest: "100"},

	{name: "ab-2timers-near", commands: "ab", nearest: anyNearest, timers: 2, large: true},
	{name: "ab-3timers", commands: "ab", nearest: abNearest, timers: 3, large: true},
	{name: "ab-2crashes", commands: "ab", nearest: "100", timers: 1, crashes: 2, large: true},
	{name: "ab-crash-2timers", commands: "ab", nearest: "100", timers: 2, crashes: 1, large: true},
	{name: "ab-tells-2timers", commands: "ab", nearest: "100", timers: 2, tells: true, large: true},
	{name: "aab-1timer", commands: "aab", nearest: abNearest, timers: 1, large: true},
	{name: "aabb-near", commands: "aabb", nearest: abNearest, large: true},
	{name: "aaBb", commands: "aaBb", nearest: "100", large: true},
	{name: "abc-1timer", commands: "abc", nearest: anyNearest, timers: 1, large: true},
	{name: "abc-crash", commands: "abc", nearest: "201", crashes: 1, large: true},
	{name: "abbc-near", commands: "abbc", nearest: anyNearest, large: true},
}

func TestExplore(t *testing.T) {
	var each []exploretest.Bound
	for _, b := range bounds {
		for _, nearest := range strings.Fields(b.nearest) {
			each = append(each, exploretest.Bound{
				Name: b.name + "/" + nearest, Large: b.large, Commands: b.commands, Timers: b.timers, Crashes: b.crashes,
				Change: func(c *explore.Cluster) { b.change(c, nearest) },
			})
		}
	}
	exploretest.Run(t, explore.Cluster{
		Driver: Driver, Replicas: replicas,
		// All but records are used within a step, or for how long to wait. The number of records on
		// disk decides when a snapshot takes their place; there are never enough of them here.
		Ignored:   []string{"replica.in", "replica.scratch", "replica.records", "proposal.tries", "Store.command"},
		Prompt:    true,
		Done:      func(n protocols.Node) bool { return n.(*replica).appliedAllSeen() },
		TimerName: timerName,
	}, each)
}

func (b *bound) change(c *explore.Cluster, nearest string) {
	if !b.tells {
		c.Carry, c.Fires = withoutApplied, func(id protocols.TimerID) bool { return id != appliedTimer }
	}
	for _, peer := range nearest {
		c.Nearest = append(c.Nearest, protocols.NodeID(peer-'0'))
	}
}

// withoutApplied is a message without what rule 13 tells, nil if there is nothing else in it.
func withoutApplied(data []byte) []byte {
	var m Message
	if err := protocols.Decode(data, &m); err != nil {
		panic(err) // a replica of this driver has sent it
	}
	if _, tells := m.Kind.(*Message_Applied); tells {
		return nil
	}
	m.CommitApplied = nil
	data, err := protocols.Append(nil, &m)
	if err != nil {
		panic(err)
	}
	return data
}

func timerName(id protocols.TimerID) string {
	switch {
	case id == recoveryTimer:
		return "of the sweep"
	case id == appliedTimer:
		return "to tell Applied"
	case id < firstProposal:
		return fmt.Sprint(uint64(id))
	}
	n := uint64(id - firstProposal)
	return "of " + describeID(uint32(n%replicas), n/replicas)
}
