// Package paxos1 is classic Paxos in one round trip, for three replicas: the proposer travels. As in
// package paxos, one instance of Paxos decides the value of one version of one key.
//
// A proposer is a data structure: an instance, a ballot, a value. It prepares on its own replica, goes
// to one other replica, the nearest that answers, where it prepares and accepts in one step, comes back,
// and its own replica accepts. Two of three replicas have promised, and two have accepted: the value is
// chosen, one round trip after the write came. That is Paxos with messages in an uncommon order, and
// correct for the same reason, as long as there is one copy of the proposer.
//
// The rules, cited where they are kept; 1 to 10 are those of package paxos, some of them in other words:
//
//  1. The proposer prepares on its own replica, durably, before it leaves, and takes along the value
//     accepted there, with its ballot; if there is none, the client's value; a read has none.
//  2. The other replica refuses a ballot below its promise, and tells the higher one. Else it takes the
//     value accepted under the highest ballot, its own or the one brought, promises and accepts, all
//     in one step. A proposer without a value, where nothing is accepted, gets just the promise.
//  3. Back home, the replica accepts what was accepted there, unless it has promised a higher ballot
//     meanwhile: then the answer is void.
//  4. A proposer is sent to one replica under one ballot. A retry, at the same replica or the other
//     one, takes a higher ballot and a fresh local prepare: of two copies each could get a value of its
//     own accepted. It begins after a random time, which doubles with each attempt.
//  5. A value accepted at two replicas is chosen. If it is another's, the write has lost this version
//     and tries the next: of two replicas that write the same key at once, the later ballot wins.
//  6. A read that comes back without a value has met none at two of three replicas: the latest version
//     known is the latest. Else what it found is chosen by it, and the read goes on to the version after.
//     Reads of the key that waited here when it left are answered with it.
//
// What a replica does of rules 7 to 10, with commits, snapshots, versions that clients name, ballots and
// disk, is what package paxos says.
//
// That writes of one key conflict is the price of the round trip saved; package mmp3 saves it too.
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
	New:      newReplica,
	Describe: keypaxos.Describe,
	Floor: func(c protocols.Config) time.Duration {
		return c.Delays.QuorumRoundTrip(c.ID, two)
	},
	Invariants: keypaxos.Invariants(2), // rule 4: at the proposer's replica and at one other, and nowhere else
}

const replicas = 3

// two is that of a proposer: its own replica and one other.
var two = quorum.Size(2, quorum.First(replicas))

// replica adds to the keys how their values get chosen.
type replica struct {
	*keypaxos.Replica
	reach protocols.Reach // where to send proposers
}

func newReplica(c protocols.Config) protocols.Node {
	r := &replica{reach: protocols.NewReach(c.Delays.Nearest(c.ID))}
	r.Replica = keypaxos.New(c, two, r)
	return r
}

// Receive implements keypaxos.Rules.
func (r *replica) Receive(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	switch m.Kind {
	case keypaxos.Kind_PROPOSE:
		r.onPropose(from, g, m)
	case keypaxos.Kind_PROPOSED:
		r.onProposed(from, g, m)
	}
}
