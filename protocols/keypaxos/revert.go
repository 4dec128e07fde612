package keypaxos

import (
	"slices"

	"quorumbench/protocols"
)

// chainLength is how many promises below the highest an acceptor remembers. One that it forgets costs at most a
// refusal.
const chainLength = 8

// pushPromise puts the highest promise into the chain of earlier ones (rule 11).
func (i *Instance) pushPromise() {
	if len(i.promisedBelow) == chainLength {
		i.promisedBelow = slices.Delete(i.promisedBelow, 0, 1)
	}
	i.promisedBelow = append(i.promisedBelow, i.LastBallot)
}

// Abandon gives up the ballot of a proposal that is still in phase 1: it notes durably that the ballot must not
// be used again, takes back this replica's promise, and asks all others to take back theirs (rule 13).
func (r *Replica) Abandon(g *Register) {
	p := g.Proposal
	if p.Phase != Preparing {
		return
	}
	i := r.instance(g, p.Version)
	i.abandoned = max(i.abandoned, p.Ballot)
	r.persist(g, i)
	r.Revert(g, p.Version, p.Ballot)
	r.Broadcast(g, r.ProposalMessage(g, Kind_REVERT, nil))
}

// Revert takes back a promise if it is the highest of its instance and no value was accepted under it (rule 12).
func (r *Replica) Revert(g *Register, version uint64, b protocols.Ballot) {
	if version <= g.version {
		return
	}
	i := r.instance(g, version)
	last := len(i.promisedBelow) - 1
	if i.LastBallot != b || i.ValueBallot == b || last < 0 {
		return
	}
	i.LastBallot, i.promisedBelow = i.promisedBelow[last], i.promisedBelow[:last]
	r.persist(g, i)
	r.Out.Mark(protocols.CommandID{}, protocols.MarkReverted)
}
