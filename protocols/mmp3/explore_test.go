package mmp3

import (
	"fmt"
	"strings"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

// The order of rule 7 is the one part of mmp3 that is in no textbook. This file explores it exhaustively: package
// explore plays all that can happen to small clusters of the real driver. It checks in every state that no instance
// is committed with two values, that of any two committed instances one depends on the other, that all replicas
// apply the same command in the same slot, that a command answered before another was issued is applied before it,
// and that the cluster finishes.
//
// Within the bounds of the table below that is a proof for this code, if hashes of 128 bits are unique. Messages may
// be lost, duplicated, late and reordered without bound; clients issue their commands at any time; proposals time
// out and recovery starts at any time, as often as the bound says. Commands of a column are issued in one fixed
// order, since they are interchangeable.
//
// Beyond the bounds it proves nothing, and it is not known how many writes or timers would be enough. Not explored
// are: batches; reads outside the log; snapshots, for which there are too few records; disks that lose durable
// records; commands that clients send again; effects of measured round trips. Rule 13 is in force only in the bounds
// that say so. In the others Applied is not sent and nothing is truncated: one more vector in every message and
// replica multiplies the states.
//
//	go test ./protocols/mmp3 -run Explore -v -timeout 2h -args -explore large

// bound limits what may happen in an exploration.
type bound struct {
	name     string
	commands string // the column of each, in the order in which its clients issue them; capitals are reads
	nearest  string // for each replica, the one it sends to first; several such
	timers   int    // that fire
	crashes  int
	tells    bool // rule 13 is in force: Applied is sent, and what all have applied is truncated
	large    bool
}

// For each of the replicas a, b and c, the one it sends to first: all eight combinations, two of which no delays
// could give; and those that differ for a and b alone.
const (
	anyNearest = "100 101 120 121 200 201 220 221"
	abNearest  = "100 120 200 220"
)

// The small bounds have 2.4 million states, the large ones 54 million, the largest of them 9.9 million. A core checks
// about 200,000 states a second; 800 MB of memory are enough.
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
		// Fields that are used within a step only, that only provide memory, or for how long to wait; and the number and size of records on disk,
		// of which there are never enough for a snapshot here.
		Ignored:   []string{"replica.scratch", "replica.memory", "instance.single", "replica.records", "replica.recordBytes", "replica.snapshotBytes", "proposal.tries", "proposal.refusals"},
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

// withoutApplied returns a message without Applied (rule 13), nil if it holds nothing else.
func withoutApplied(data []byte) []byte {
	var m Message
	if err := protocols.Decode(data, &m); err != nil {
		panic(err) // a replica of this driver has sent it
	}
	if _, only := m.Kind.(*Message_Applied); only {
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
		return "of the recovery"
	case id == appliedTimer:
		return "to send Applied"
	case id < firstProposal:
		return fmt.Sprint(uint64(id))
	}
	n := uint64(id - firstProposal)
	return "of " + describeID(uint32(n%replicas), n/replicas)
}
