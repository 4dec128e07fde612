package raft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// This file is about replicas that hold no commands (rules 35 and 36).

// position is a place in a log: an index, and the term of the entry there.
type position struct{ term, index uint64 }

// isBefore returns true if a log that ends at the other position is more recent than one that ends here (rule 3).
func (p position) isBefore(other position) bool {
	return p.term < other.term || p.term == other.term && p.index < other.index
}

// isMoreRecentThan returns true if this replica's log, or what it has accepted as a witness, is more recent than a log whose last
// entry has the given index and term (rule 3).
func (r *replica) isMoreRecentThan(index, term uint64) bool {
	if r.witness {
		return position{term, index}.isBefore(r.accepted)
	}
	return r.log.isMoreRecentThan(index, term)
}

// sendEnd tells a witness where the leader's log ends (rule 35). Like an append, it does not wait for the leader's disk.
func (r *replica) sendEnd(to protocols.NodeID) {
	r.peers[to].next = r.log.last() + 1
	r.sendAppend(to, r.peers[to].next, nil)
}

// accept is the witness's side of that: it confirms the leader's log up to there, and keeps the most recent of the ends that it has
// accepted (rule 35).
func (r *replica) accept(from protocols.NodeID, end position) {
	if r.accepted.isBefore(end) {
		r.accepted = end
	}
	r.send(from, r.scratch.appendedUpTo(end.index))
}

// elects returns true if these votes, or pre-votes, make the candidate the leader: they are a quorum, without those of
// witnesses that have accepted something more recent unless that may be left aside.
func (r *replica) elects(votes quorum.Set) bool {
	if !r.mayLeaveAside(votes) {
		votes = votes.Without(r.reserved)
	}
	return r.voters.IsQuorum(votes)
}

// mayLeaveAside returns true if, with these votes, nothing more recent than the candidate's log is committed: those who
// may hold it are no quorum (rule 36).
func (r *replica) mayLeaveAside(votes quorum.Set) bool {
	return !r.holders.IsQuorum(r.holders.Members().Without(votes.Without(r.reserved)))
}

// askAside asks witnesses again which have refused their votes because of what they have accepted, if that may be left aside
// (rule 36).
func (r *replica) askAside() {
	if r.reserved.Without(r.votes) != 0 && r.mayLeaveAside(r.votes) {
		r.requestVotes()
	}
}
