package paxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/quorum"
)

// Driver is classic Paxos.
var Driver = protocols.Driver{
	Name:       "paxos",
	Summary:    "classic Paxos, leaderless, one instance a version of a key: two round trips to the nearest quorum",
	Options:    func(int) any { return &Options{Learn: learnCommit, Refusals: refusalsAnswered} },
	Quorums:    quorums,
	Meeting:    []quorum.Meeting{{quorum.Phase1, quorum.Phase2}}, // rule 4
	New:        newReplica,
	Describe:   keypaxos.Describe,
	Floor:      floor,
	Invariants: keypaxos.Invariants(protocols.MaxReplicas),
}

// quorums returns the quorum systems of both phases: majorities or, if the Config gives phase 2 others, what meets these (rule 4).
func quorums(c protocols.Config) quorum.Roles {
	if given := c.Quorums[quorum.Phase2]; given != nil {
		return quorum.Roles{quorum.Phase1: quorum.Dual(given), quorum.Phase2: given}
	}
	majority := quorum.Majority(c.All())
	return quorum.Roles{quorum.Phase1: majority, quorum.Phase2: majority}
}

// floor returns the least latency of a write: the round trips to the nearest phase-1 and phase-2 quorums.
func floor(c protocols.Config) time.Duration {
	return c.Delays.QuorumRoundTrip(c.ID, c.Quorums[quorum.Phase1]) + c.Delays.QuorumRoundTrip(c.ID, c.Quorums[quorum.Phase2])
}

func newReplica(c protocols.Config) protocols.Node {
	chosen := c.Options.(*Options)
	return keypaxos.NewClassic(c, keypaxos.ClassicOptions{
		Reverts: chosen.Revert, Broadcasts: chosen.Learn == learnBroadcast, Silent: chosen.Refusals == refusalsSilent,
	}, nil)
}
