package raft

import (
	"slices"

	"quorumbench/protocols"
)

// Revert: terms are virtual time, and time in which nothing happened is taken back, as if the
// requests for votes had been lost (rules 22 to 25; with the option revert).

// mostBefore bounds how many pairs are kept to go back to; what was before these is forgotten.
const mostBefore = 16

// move goes on to another pair, and remembers the way back if it may be wanted.
func (r *replica) move(to pair) {
	if r.reverts {
		if len(r.before) == mostBefore {
			r.before = slices.Delete(r.before, 0, 1)
		}
		r.before = append(r.before, r.pair)
	}
	r.pair = to
}

// settle makes the pairs before the present one those of a past that cannot come back, because
// something has happened in this term: its leader was heard, or is this replica (rule 23).
func (r *replica) settle() { r.before = r.before[:0] }

// takeBack returns to the pair before the present one: a follower in that term that knows no leader.
func (r *replica) takeBack() {
	last := len(r.before) - 1
	r.pair, r.before = r.before[last], r.before[:last]
	r.out.Mark(protocols.CommandID{}, protocols.MarkReverted)
	r.forget()
}

// abandon gives up a candidacy that has failed: the replica takes its term back, and so shall those
// that have granted their votes (rule 23).
func (r *replica) abandon() {
	if !r.reverts || r.role != candidate {
		return
	}
	r.abandoned = r.term
	if len(r.before) > 0 {
		r.takeBack()
	}
	votes := r.votes
	r.follow(protocols.Nobody)
	r.others(func(id protocols.NodeID) {
		if votes.Has(int32(id)) {
			r.revert(id)
		}
	})
}

func (r *replica) revert(to protocols.NodeID) {
	r.send(to, &Message_Revert{Revert: &Revert{Abandoned: r.abandoned}})
}

// onRevert takes a vote back, if the replica still is at exactly that point (rule 23). If it has
// moved on, as if the revert had come before the request that it has granted since, the point is
// none to come back to.
func (r *replica) onRevert(from protocols.NodeID, m *Revert) {
	back := pair{m.Abandoned, from}
	if r.pair == back && len(r.before) > 0 {
		r.takeBack()
		return
	}
	r.before = slices.DeleteFunc(r.before, func(p pair) bool { return p == back })
}

// yield lets a candidate give way to a leader it has not heard of before it stood: its election
// has failed, whatever the votes say (rule 25).
func (r *replica) yield(term uint64) {
	if last := len(r.before) - 1; r.role == candidate && last >= 0 && r.before[last].term <= term && term < r.term {
		r.abandon()
	}
}
