package multipaxos

import (
	"slices"

	"quorumbench/protocols"
)

// Revert takes back a ballot under which no leader was elected, as if its prepares had been lost (rules 16 to 18; option
// revert).

// chainLength is how many promises below the highest a replica remembers. One that it forgets costs at most a refusal.
const chainLength = 8

// reverting is what a replica remembers so as to take promises back.
type reverting struct {
	reverts   bool
	below     []protocols.Ballot // promised since a leader was heard last, in order; the promised ballot is not among them; not persisted (rule 16)
	abandoned protocols.Ballot   // the last ballot that this replica has given up; persisted (rule 17)
}

// pushPromise puts the promised ballot into the chain of those to go back to, with the option revert (rule 16).
func (r *replica) pushPromise() {
	if !r.reverts {
		return
	}
	if len(r.below) == chainLength {
		r.below = slices.Delete(r.below, 0, 1)
	}
	r.below = append(r.below, r.promised)
}

// keepPromise forgets the ballots below the promised one, because it has a leader: it cannot be taken back any more (rule 16).
func (r *replica) keepPromise() { r.below = r.below[:0] }

// takeBack returns to the promise before the present one, if there is one to return to, as a follower that knows no leader.
func (r *replica) takeBack() {
	last := len(r.below) - 1
	if last < 0 {
		return
	}
	r.promised, r.below = r.below[last], r.below[:last]
	r.preparedParts = 0
	r.sender.ForgetSent()
	r.stepDown()
	r.out.Mark(protocols.CommandID{}, protocols.MarkReverted)
}

// abandon gives up a candidacy: the replica takes its own promise back, notes durably that the ballot is not to be used again,
// and asks all others to take theirs back (rule 17). It does nothing without the option revert, or if the replica is no candidate.
func (r *replica) abandon() {
	if !r.reverts || r.role != candidate {
		return
	}
	r.abandoned = r.promised
	asked := r.group
	if r.log.memberships.Changes() {
		asked = protocols.Replicas(r.prepared)
	}
	r.takeBack()
	r.out.Broadcast(r.config.ID, asked, r.scratch.message(r.abandoned, &Message_Revert{Revert: &Revert{}}))
}

// onRevert takes back a promise if it is the highest and no leader was heard under it. If the replica has promised others since,
// the ballot is none of those to go back to any more (rule 17).
func (r *replica) onRevert(ballot protocols.Ballot) {
	if ballot == r.promised {
		r.takeBack()
		return
	}
	r.below = slices.DeleteFunc(r.below, func(b protocols.Ballot) bool { return b == ballot })
}

// onLatePromise answers a promise of the ballot abandoned last: its acceptor must take it back, too (rule 17). Other ballots may be
// some under which this replica has led.
func (r *replica) onLatePromise(from protocols.NodeID, ballot protocols.Ballot) {
	if r.reverts && ballot == r.abandoned {
		r.send(from, ballot, &Message_Revert{Revert: &Revert{}})
	}
}

// yield abandons a candidacy if the leader whose ballot was promised before it, or a later one, makes itself heard with a ballot
// below the candidate's (rule 18).
func (r *replica) yield(ballot protocols.Ballot) {
	if last := len(r.below) - 1; r.role == candidate && last >= 0 && r.below[last] <= ballot && ballot < r.promised {
		r.abandon()
	}
}
