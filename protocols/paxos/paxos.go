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
	Options:    func(int) any { return &Options{} },
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

// replica is a keypaxos.Replica with the two phases of classic Paxos.
type replica struct {
	*keypaxos.Replica
	phase1  quorum.System
	phase2  quorum.System
	others  []protocols.NodeID
	reverts bool
}

func newReplica(c protocols.Config) protocols.Node {
	r := &replica{phase1: c.Quorums[quorum.Phase1], phase2: c.Quorums[quorum.Phase2], others: c.Delays.Nearest(c.ID), reverts: c.Options.(*Options).Revert}
	r.Replica = keypaxos.New(c, r.phase1, r)
	return r
}

// Receive implements keypaxos.Rules: it answers the requests of proposers (rules 1, 2 and 12), and handles the
// answers to its own.
func (r *replica) Receive(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	b := protocols.Ballot(m.Ballot)
	switch m.Kind {
	case keypaxos.Kind_PREPARE:
		before := r.Prepare(g, m.Version, b)
		answer := r.Reply(m, keypaxos.Kind_PROMISE, before.LastBallot)
		answer.ValueBallot, answer.Value = uint64(before.ValueBallot), before.Value
		r.Send(from, g, answer)
	case keypaxos.Kind_ACCEPT:
		last := r.Accept(g, m.Version, b, m.Value)
		r.Send(from, g, r.Reply(m, keypaxos.Kind_ACCEPTED, last))
	case keypaxos.Kind_REVERT:
		r.Revert(g, m.Version, b) // sent only with the option revert
	case keypaxos.Kind_PROMISE:
		r.onPromise(from, g, m)
	case keypaxos.Kind_ACCEPTED:
		r.onAccepted(from, g, m)
	}
}
