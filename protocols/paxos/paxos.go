// Package paxos is classic Paxos as a key-value store: one instance of Paxos decides the value
// of one version of one key, and the instances know nothing of each other.
//
// Every replica proposes what its own clients ask for. A write costs two round trips to the
// nearest quorum: prepare, to learn whether anything may have been chosen already, and accept.
//
// The rules, cited where they are kept, here and in package keypaxos:
//
//  1. Prepare is answered with the acceptor's state before the request; it is promised if the
//     ballot is at least the highest promised so far.
//  2. Accept is answered with the highest promised ballot before; the value is accepted if the
//     request's ballot is at least that.
//  3. A refusal is an answer too: it tells the higher ballot.
//  4. With promises of a quorum the proposer takes the value accepted under the highest ballot,
//     its own if there is none. Refused, it tries a ballot above all it has seen, after a random
//     time that doubles with each attempt, so that two proposers do not duel for ever.
//  5. A value accepted by a quorum is chosen. If it is another's, the write has lost this
//     version and tries the next.
//  6. A read is a proposal without a value for the version after the latest known: nothing
//     accepted means that the latest known is the latest. Anything accepted has to be chosen
//     first, and then the read goes on to the version after it: returning what it just helped
//     to choose would be stale if that was chosen long ago and overwritten since. Other reads of the
//     key that have come to this replica before the run began are answered with it.
//  7. What is chosen is told to all (commit). The latest version is the snapshot of a key: what
//     came before is dropped, and so is the Paxos state of the instances decided. A request for
//     one of them is answered with the key's state, value and clients' sessions, so that who is
//     behind, or knows nothing of the key, is up to date with one answer.
//  8. A client that names a key only means the version after the latest known one, and the latest
//     one of a read. If it names a version, its write takes effect only if it becomes that version,
//     which the state machine sees to. What a replica knows of a version that exists it tells at
//     once: it can become nothing else.
//  9. A ballot is used by one proposer for one value of one instance: a proposer promises to
//     itself, durably, before it sends, and takes a ballot above its own promise.
//  10. Promises and accepted values are durable before they are told.
//
// With the option revert, time in which nothing happened is taken back, as if the prepare had been
// lost on its way; then nobody is refused for the sake of a proposer that does not go on, and nobody
// for the sake of a read:
//
//  11. An acceptor keeps the chain of the ballots that it has promised since it last accepted.
//  12. Revert takes back the highest promise, to the one before it, if it is of exactly that ballot
//     and nothing was accepted under it. Else it does nothing. A key of which nothing is left, no
//     promise, no value and no version, is dropped.
//  13. Only a proposer that has not begun phase 2 sends it, when it gives up or its read has found
//     nothing. It never uses that ballot again: not after a restart, and no late answer counts.
//
// Source: L. Lamport, Paxos made simple, 2001.
package paxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/quorum"
)

// Driver is classic Paxos.
var Driver = protocols.Driver{
	Name:    "paxos",
	Summary: "classic Paxos, leaderless, one instance a version of a key: two round trips to the nearest quorum",
	Options: func(int) any { return &Options{} },
	Quorums: func(c protocols.Config) quorum.Roles {
		majority := quorum.Majority(c.All())
		return quorum.Roles{quorum.Phase1: majority, quorum.Phase2: majority}
	},
	Meeting:    []quorum.Meeting{{quorum.Phase1, quorum.Phase2}}, // rule 4
	New:        newReplica,
	Describe:   keypaxos.Describe,
	Floor:      floor,
	Invariants: keypaxos.Invariants(protocols.MaxReplicas),
}

// Options are what an experiment may choose.
type Options struct {
	Revert bool `option:"revert" tries:"off,on" help:"proposers that do not go on take back what was promised to them"`
}

// floor: prepare and accept each wait for the nearest quorum.
func floor(c protocols.Config) time.Duration {
	return c.Delays.QuorumRoundTrip(c.ID, c.Quorums[quorum.Phase1]) + c.Delays.QuorumRoundTrip(c.ID, c.Quorums[quorum.Phase2])
}

// replica adds to the keys how their values get chosen.
type replica struct {
	*keypaxos.Replica
	phase1  quorum.System
	phase2  quorum.System
	reverts bool
}

func newReplica(c protocols.Config) protocols.Node {
	r := &replica{phase1: c.Quorums[quorum.Phase1], phase2: c.Quorums[quorum.Phase2], reverts: c.Options.(*Options).Revert}
	r.Replica = keypaxos.New(c, r.phase1, r)
	return r
}

// Receive implements keypaxos.Rules.
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
		r.Revert(g, m.Version, b) // with the option off nobody sends it
	case keypaxos.Kind_PROMISE:
		r.onPromise(from, g, m)
	case keypaxos.Kind_ACCEPTED:
		r.onAccepted(from, g, m)
	}
}
