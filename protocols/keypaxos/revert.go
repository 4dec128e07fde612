package keypaxos

import (
	"slices"

	"quorumbench/protocols"
)

// chainLength is how many promises below the highest an acceptor remembers, to return to. Each that is
// forgotten costs at most a refusal.
const chainLength = 8

// push keeps the chain of rule 11.
func (i *Instance) push() {
	if len(i.below) == chainLength {
		i.below = slices.Delete(i.below, 0, 1)
	}
	i.below = append(i.below, i.LastBallot)
}

// TakeBack keeps rule 13, at the end of an attempt that goes no further.
func (r *Replica) TakeBack(g *Register) {
	p := g.Proposal
	if p.Phase != Preparing {
		return
	}
	i := r.instance(g, p.Version)
	i.abandoned = max(i.abandoned, p.Ballot)
	r.keep(g, i)
	r.Revert(g, p.Version, p.Ballot)
	r.Broadcast(g, r.Ask(g, Kind_REVERT, nil))
}

// Revert keeps rule 12, of a version that may be over.
func (r *Replica) Revert(g *Register, version uint64, b protocols.Ballot) {
	if version <= g.version {
		return
	}
	i := r.instance(g, version)
	last := len(i.below) - 1
	if i.LastBallot != b || i.ValueBallot == b || last < 0 {
		return
	}
	i.LastBallot, i.below = i.below[last], i.below[:last]
	r.keep(g, i)
	r.Out.Mark(protocols.CommandID{}, protocols.MarkReverted)
}
