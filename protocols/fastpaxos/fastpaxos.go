package fastpaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/quorum"
)

// Driver is Fast Paxos.
var Driver = protocols.Driver{
	Name:       "fastpaxos",
	Summary:    "Fast Paxos, leaderless, one instance a version of a key: one round trip to a fast quorum, more under conflicts",
	Options:    func(int) any { return &Options{Revert: true} },
	Quorums:    quorums,
	Meeting:    meeting,
	Spare:      []quorum.Role{quorum.Fast}, // rule 6
	New:        newReplica,
	Describe:   keypaxos.Describe,
	Floor:      func(c protocols.Config) time.Duration { return c.Delays.QuorumRoundTrip(c.ID, c.Quorums[quorum.Fast]) },
	Invariants: keypaxos.Invariants(protocols.MaxReplicas),
}

// meeting says which quorums must have a common member (rule 2).
var meeting = []quorum.Meeting{{quorum.Phase1, quorum.Phase2}, {quorum.Phase1, quorum.Fast, quorum.Fast}}

// quorums returns the quorum systems: majorities for classic ballots or, if the Config gives phase 2 others, what meets these for
// phase 1; and for the fast ballot the smallest sets that do with the phase-1 quorums (rule 2), unless the option gives a size.
func quorums(c protocols.Config) quorum.Roles {
	phase1, phase2 := quorum.Majority(c.All()), quorum.Majority(c.All())
	if given := c.Quorums[quorum.Phase2]; given != nil {
		phase1, phase2 = quorum.Dual(given), given
	}
	if given := c.Quorums[quorum.Phase1]; given != nil {
		phase1 = given
	}
	roles := quorum.Roles{quorum.Phase1: phase1, quorum.Phase2: phase2}
	if size := c.Options.(*Options).Fast; size > 0 {
		roles[quorum.Fast] = quorum.Size(size, c.All())
		return roles
	}
	for size := 1; size <= c.Size(); size++ {
		roles[quorum.Fast] = quorum.Size(size, c.All())
		if roles.Check(meeting[1]) == nil {
			break
		}
	}
	return roles // if none meets, which is then told, all replicas
}

// replica is a keypaxos.Classic whose writes begin with the fast ballot.
type replica struct {
	*keypaxos.Classic
	fast     quorum.System
	wait     time.Duration // for another proposer (rule 7)
	recovery time.Duration // likewise, after a collision (rule 8)
}

// What is measured, besides what package keypaxos measures.
const (
	measureCollision = "collision"              // a fast ballot that refusals have stopped: how many
	measureTimeout   = "fast ballot unanswered" // a fast ballot that a timeout has ended: how many replicas were silent
)

func newReplica(c protocols.Config) protocols.Node {
	r := &replica{fast: c.Quorums[quorum.Fast]}
	for _, id := range c.Members {
		r.wait = max(r.wait, protocols.Retry(c.Delays.QuorumRoundTrip(id, r.fast)))
		r.recovery = max(r.recovery, protocols.Retry(c.Delays.QuorumRoundTrip(id, c.Quorums[quorum.Phase1])+c.Delays.QuorumRoundTrip(id, c.Quorums[quorum.Phase2])))
	}
	r.Classic = keypaxos.NewClassic(c, keypaxos.ClassicOptions{Reverts: c.Options.(*Options).Revert}, r)
	return r
}
