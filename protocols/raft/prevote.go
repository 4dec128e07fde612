package raft

import (
	"quorumbench/protocols"
)

// PreVote asks for votes before a term is begun (rule 19; option prevote).

// startPreVote asks the others whether they would vote for this replica in its next term (rule 19).
func (r *replica) startPreVote() {
	r.follow(protocols.Nobody)
	r.role = precandidate
	r.votes, r.reserved = 0, 0
	r.election.Start(r.now, r.out)
	r.requestPreVotes()
	r.onPreVoted(r.config.ID, &PreVoted{Granted: true})
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
	would := term == r.term && !r.hasLeaderContact()
	behind := r.isMoreRecentThan(m.LastIndex, m.LastTerm)
	r.send(from, &Message_PreVoted{PreVoted: &PreVoted{Granted: would && !behind, Recent: r.witness && would && behind}})
}

// onPreVoted counts a pre-vote, and makes the replica a candidate when a quorum has granted theirs (rule
// 19). That of a witness which has accepted something more recent counts like its vote (rule 36).
func (r *replica) onPreVoted(from protocols.NodeID, m *PreVoted) {
	if r.role != precandidate || !m.Granted && !m.Recent {
		return
	}
	if r.votes.Add(int32(from)); m.Recent {
		r.reserved.Add(int32(from))
	}
	if r.elects(r.votes) {
		r.startElection(false)
	}
}
