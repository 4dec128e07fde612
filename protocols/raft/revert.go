package raft

import (
	"slices"

	"quorumbench/protocols"
)

// Revert takes back a term in which no leader was elected, as if the requests for votes had been lost (rules 22
// to 25; option revert).

// maxHistory is the number of pairs of term and vote that a replica remembers to go back to.
const maxHistory = 16

// setPair sets term and vote, and remembers the pair before, with the option revert.
func (r *replica) setPair(to pair) {
	if r.reverts {
		if len(r.history) == maxHistory {
			r.history = slices.Delete(r.history, 0, 1)
		}
		r.history = append(r.history, r.pair)
	}
	r.pair = to
}

// clearReverts forgets the pairs before the present one, because a leader of this term was heard or this
// replica is that leader: the term cannot be taken back any more (rule 23).
func (r *replica) clearReverts() { r.history = r.history[:0] }

// takeBackTerm returns to the pair before the present one, as a follower that knows no leader (rule 23).
func (r *replica) takeBackTerm() {
	last := len(r.history) - 1
	r.pair, r.history = r.history[last], r.history[:last]
	r.out.Mark(protocols.CommandID{}, protocols.MarkReverted)
	r.resetTerm()
}

// abandon gives up a candidacy that cannot be won: the replica takes its term back and asks those who voted
// for it to do the same (rule 23). It does nothing without the option revert.
func (r *replica) abandon() {
	if !r.reverts || r.role != candidate {
		return
	}
	r.abandoned = r.term
	if len(r.history) > 0 {
		r.takeBackTerm()
	}
	votes := r.votes
	r.follow(protocols.Nobody)
	r.others(func(id protocols.NodeID) {
		if votes.Has(int32(id)) {
			r.sendRevert(id)
		}
	})
}

// sendRevert asks a voter to take back its vote in the term abandoned last (rule 23).
func (r *replica) sendRevert(to protocols.NodeID) {
	r.send(to, &Message_Revert{Revert: &Revert{Abandoned: r.abandoned}})
}

// onRevert takes back a vote if the replica's term and vote are still those of the abandoned candidacy. If
// it has moved on, it removes them from the pairs that it may go back to (rule 23).
func (r *replica) onRevert(from protocols.NodeID, m *Revert) {
	back := pair{m.Abandoned, from}
	if r.pair == back && len(r.history) > 0 {
		r.takeBackTerm()
		return
	}
	r.history = slices.DeleteFunc(r.history, func(p pair) bool { return p == back })
}

// yield abandons a candidacy if a leader of the term before it, or of a later one below the candidate's,
// makes itself heard (rule 25). It goes on if that leader has told it to stand (rule 27): the heartbeat that follows TimeoutNow
// must not end the handover.
func (r *replica) yield(term uint64) {
	if last := len(r.history) - 1; r.role == candidate && !r.transferred && last >= 0 && r.history[last].term <= term && term < r.term {
		r.abandon()
	}
}
