package paxos1

import (
	"fmt"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/quorum"
)

// Driver is Paxos with a travelling proposer.
var Driver = protocols.Driver{
	Name:    "paxos1",
	Summary: "classic Paxos for three replicas with a proposer that travels: one round trip to the nearest other replica, more under conflicts",
	Validate: func(c protocols.Config) error {
		if c.Size() != replicas {
			return &protocols.FieldError{Field: protocols.FieldMembers,
				Err: fmt.Errorf("paxos1 works with exactly 3 replicas, not %d: the proposer's and one other must be a quorum", c.Size())}
		}
		return nil
	},
	Options: func(int) any { return &Options{} },
	New:     newReplica,
	Quorums: func(c protocols.Config) quorum.Roles {
		return quorum.Roles{quorum.Write: quorum.Majority(c.All())}
	},
	Describe: keypaxos.Describe,
	Floor: func(c protocols.Config) time.Duration {
		return c.Delays.QuorumRoundTrip(c.ID, two)
	},
	Invariants: keypaxos.Invariants(2), // rule 4: a ballot is accepted at the proposer's replica and at one other
}

const replicas = 3

// two is the quorum of a proposer: its own replica and one other.
var two = quorum.Size(2, quorum.First(replicas))

// replica is a keypaxos.Replica whose proposers travel.
type replica struct {
	*keypaxos.Replica
	reach   protocols.Reach // chooses the replica that proposers are sent to
	reverts bool            // reads take their promises back (rules 11 and 12)
}

func newReplica(c protocols.Config) protocols.Node {
	r := &replica{reach: protocols.NewReach(c.Delays.Nearest(c.ID)), reverts: c.Options.(*Options).Revert}
	r.Replica = keypaxos.New(c, two, r)
	return r
}

// Receive implements keypaxos.Rules: it handles a proposer that arrives from another replica (rule 2), and one of
// its own that returns (rule 3). With the option revert there are also reads that ask for a promise only (rules 11 and 12).
func (r *replica) Receive(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	switch m.Kind {
	case keypaxos.Kind_PROPOSE:
		r.onPropose(from, g, m)
	case keypaxos.Kind_PROPOSED:
		r.onProposed(from, g, m)
	case keypaxos.Kind_PREPARE:
		r.onPrepare(from, g, m)
	case keypaxos.Kind_PROMISE:
		r.onPromise(from, g, m)
	case keypaxos.Kind_REVERT:
		r.Revert(g, m.Version, protocols.Ballot(m.Ballot))
	}
}
