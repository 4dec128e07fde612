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

// replica is a keypaxos.Replica with the two phases of classic Paxos.
type replica struct {
	*keypaxos.Replica
	phase1     quorum.System
	phase2     quorum.System
	others     []protocols.NodeID
	reverts    bool
	broadcasts bool // acceptors tell all that they have accepted (rule 14)
	silent     bool // acceptors do not answer what they refuse (rule 15)
}

func newReplica(c protocols.Config) protocols.Node {
	chosen := c.Options.(*Options)
	r := &replica{
		phase1: c.Quorums[quorum.Phase1], phase2: c.Quorums[quorum.Phase2], others: c.Delays.Nearest(c.ID),
		reverts: chosen.Revert, broadcasts: chosen.Learn == learnBroadcast, silent: chosen.Refusals == refusalsSilent,
	}
	r.Replica = keypaxos.New(c, r.phase1, r)
	return r
}

// Receive implements keypaxos.Rules: it answers the requests of proposers (rules 1, 2 and 12), and handles the
// answers to its own.
func (r *replica) Receive(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	switch m.Kind {
	case keypaxos.Kind_PREPARE:
		r.onPrepare(from, g, m)
	case keypaxos.Kind_ACCEPT:
		r.onAccept(from, g, m)
	case keypaxos.Kind_REVERT:
		r.Revert(g, m.Version, protocols.Ballot(m.Ballot)) // sent only with the option revert
	case keypaxos.Kind_PROMISE:
		r.onPromise(from, g, m)
	case keypaxos.Kind_ACCEPTED:
		r.onAccepted(from, g, m)
	}
}
