package raft

import (
	"quorumbench/protocols"
)

// PreVote asks for votes before a term is begun (rule 19; option prevote).

// startPreVote asks the others whether they would vote for this replica in its next term (rule 19).
func (r *replica) startPreVote() {
	r.follow(protocols.Nobody)
	r.role = precandidate
	r.votes = 0
	r.election.Start(r.now, r.out)
	r.requestPreVotes()
	r.onPreVoted(r.config.ID, true)
}

// requestPreVotes sends PreVote to every replica that has not granted a pre-vote.
func (r *replica) requestPreVotes() {
	last := r.log.last()
	request := &Message_PreVote{PreVote: &PreVote{LastIndex: last, LastTerm: r.log.term(last)}}
	r.withoutVote(func(to protocols.NodeID) { r.send(to, request) })
}

// onPreVote grants a pre-vote if the replica has the same term, hears no leader, and the candidate's log is
// at least as recent as its own (rule 19). That changes neither its term nor its vote.
func (r *replica) onPreVote(from protocols.NodeID, term uint64, m *PreVote) {
	granted := term == r.term && !r.hasLeaderContact() && !r.log.isMoreRecentThan(m.LastIndex, m.LastTerm)
	r.send(from, &Message_PreVoted{PreVoted: &PreVoted{Granted: granted}})
}

// onPreVoted counts a pre-vote, and makes the replica a candidate when a quorum has granted theirs (rule
// 19).
func (r *replica) onPreVoted(from protocols.NodeID, granted bool) {
	if r.role != precandidate || !granted {
		return
	}
	r.votes.Add(int32(from))
	if r.voters.IsQuorum(r.votes) {
		r.startElection(false)
	}
}
