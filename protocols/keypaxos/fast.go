package keypaxos

import (
	"bytes"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// This file has the fast ballot, which is open to all proposers: the acceptors' side, and what a classic ballot makes of it.
// Rule numbers are those of the package comment of fastpaxos.

// FastBallot is the ballot under which any proposer may ask acceptors for a value, without phase 1. It is below every classic
// ballot and above zero, so that having accepted under it differs from having accepted nothing (rule 1).
const FastBallot protocols.Ballot = 1

// acceptFast accepts a value under the fast ballot if this replica has promised and accepted nothing (rule 1). It tells
// whether this replica has accepted that value under the fast ballot, now or before, and returns the state before.
func (r *Replica) acceptFast(g *Register, version uint64, value []byte) (accepted bool, before Promised) {
	i := r.instance(g, version)
	before = i.Promised
	if i.LastBallot > 0 {
		return i.ValueBallot == FastBallot && bytes.Equal(i.Value, value), before
	}
	i.Promised = Promised{LastBallot: FastBallot, ValueBallot: FastBallot, Value: value}
	i.promisedBelow, i.acceptedAt = i.promisedBelow[:0], r.now
	r.persist(g, i)
	return true, before
}

// SinceAccepted returns how long ago this replica accepted the value of a version under the fast ballot. What it accepted before a
// restart counts as old.
func (r *Replica) SinceAccepted(g *Register, version uint64) time.Duration {
	return r.now - r.instance(g, version).acceptedAt
}

// BeginFast turns the key's proposal, of a write, into one under the fast ballot, which this replica itself accepts first. It
// returns false, and does nothing, if this replica has promised or accepted anything: then it may have used the fast ballot
// before, for another value (rule 1).
func (r *Replica) BeginFast(g *Register) bool {
	p := g.Proposal
	if r.instance(g, p.Version).LastBallot > 0 {
		return false
	}
	p.Phase, p.Ballot = AcceptingFast, FastBallot
	r.acceptFast(g, p.Version, p.Value)
	return true
}

// OnFastAccept is the acceptor's side of a request under the fast ballot: it accepts the first value that comes, or tells what it
// has promised and accepted instead (rule 1).
func (r *Replica) OnFastAccept(from protocols.NodeID, g *Register, m *Message) {
	accepted, before := r.acceptFast(g, m.Version, m.Value)
	if accepted {
		if id, err := kv.ID(m.Value); err == nil && before.LastBallot == 0 {
			r.Out.Mark(id, protocols.MarkAccepted)
		}
		r.Send(from, g, r.Reply(m, Kind_FAST_ACCEPTED, FastBallot))
		return
	}
	r.Tell(from, g, m, Kind_FAST_ACCEPTED, before)
}

// FastValue is a value that acceptors have accepted under the fast ballot.
type FastValue struct {
	Value []byte
	By    quorum.Set // the acceptors
}

// noteFast notes a value that an acceptor has accepted under the fast ballot. The values are in order, so that it makes no
// difference which was heard of first.
func noteFast(all []FastValue, by protocols.NodeID, value []byte) []FastValue {
	at, found := slices.BinarySearchFunc(all, value, func(f FastValue, value []byte) int { return bytes.Compare(f.Value, value) })
	if !found {
		all = slices.Insert(all, at, FastValue{Value: value})
	}
	all[at].By.Add(int32(by))
	return all
}

// recoverFast takes over the value that may have been chosen under the fast ballot, if there is one; there is no second (rule 4). It
// is one that all members of some fast quorum may have accepted: those that have promised have told, the others may have.
// fast is nil where no ballot is fast.
func (p *Proposal) recoverFast(fast quorum.System) {
	for _, f := range p.Fast {
		if fast != nil && fast.IsQuorum(fast.Members().Without(p.Agreed)|f.By) {
			p.Value, p.ValueBallot = f.Value, FastBallot
		}
	}
}
