package raft

import (
	"quorumbench/protocols"
)

// PreVote: an election is tried out before a term is begun for it (rule 19; with the option prevote).

// sound asks who would vote for this replica in its next term.
func (r *replica) sound() {
	r.follow(protocols.Nobody)
	r.role = precandidate
	r.votes = 0
	r.election.Start(r.now, r.out)
	r.requestPreVotes()
	r.onPreVoted(r.config.ID, true)
}

// requestPreVotes asks those who have not granted, again if it has asked before.
func (r *replica) requestPreVotes() {
	last := r.log.last()
	request := &Message_PreVote{PreVote: &PreVote{LastIndex: last, LastTerm: r.log.term(last)}}
	r.unvoted(func(to protocols.NodeID) { r.send(to, request) })
}

func (r *replica) onPreVote(from protocols.NodeID, term uint64, m *PreVote) {
	granted := term == r.term && !r.hearsLeader() && !r.log.outdates(m.LastIndex, m.LastTerm)
	r.send(from, &Message_PreVoted{PreVoted: &PreVoted{Granted: granted}})
}

func (r *replica) onPreVoted(from protocols.NodeID, granted bool) {
	if r.role != precandidate || !granted {
		return
	}
	r.votes.Add(int32(from))
	if r.voters.IsQuorum(r.votes) {
		r.stand(false)
	}
}
