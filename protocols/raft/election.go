package raft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Electing: from the loss of a leader to the first append of the next.

func (r *replica) start() {
	r.election.Start(r.now, r.out)
	firstLife := r.term == 0
	if firstLife && r.config.Leader == r.config.ID {
		r.stand()
	}
}

// stand makes the replica a candidate in the next term.
func (r *replica) stand() {
	r.adopt(r.term + 1)
	r.role = candidate
	r.votedFor = r.config.ID // rule 2: a candidate votes for itself
	r.votes = quorum.Votes(0)
	r.election.Start(r.now, r.out)
	r.requestVotes()
	r.onVote(r.config.ID, true)
}

// requestVotes asks those who have not granted their votes, again if it has asked before.
func (r *replica) requestVotes() {
	last := r.log.last()
	request := &Message_RequestVote{RequestVote: &RequestVote{LastIndex: last, LastTerm: r.log.term(last)}}
	r.others(func(to protocols.NodeID) {
		if !r.votes.Has(int32(to)) {
			r.send(to, request)
		}
	})
	r.out.SetTimer(pulseTimer, protocols.Retry(r.config.Delays.MaxRoundTrip()))
}

func (r *replica) onRequestVote(from protocols.NodeID, term uint64, m *RequestVote) {
	granted := term == r.term &&
		(r.votedFor == protocols.Nobody || r.votedFor == from) && // rule 2
		!r.log.outdates(m.LastIndex, m.LastTerm) // rule 3
	if granted {
		r.votedFor = from
		r.election.Heard(r.now)
	}
	r.send(from, &Message_Vote{Vote: &Vote{Granted: granted}})
}

func (r *replica) onVote(from protocols.NodeID, granted bool) {
	if r.role != candidate || !granted {
		return
	}
	r.votes.Add(int32(from))
	if r.votes.Count() >= r.majority {
		r.lead()
	}
}

// lead makes the candidate the leader of its term.
func (r *replica) lead() {
	r.role = leader
	r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
	r.relay.Lead(r.config.ID, r.now, r.out)
	for i := range r.peers {
		r.peers[i] = peer{next: r.log.last() + 1}
	}
	r.append(&Entry{Term: r.term}) // rule 8
	for _, c := range r.relay.Waiting() {
		r.propose(r.config.ID, c)
	}
	r.out.SetTimer(pulseTimer, r.config.Delays.Heartbeat())
}

// adopt begins a term as a follower without a leader (rule 1).
func (r *replica) adopt(term uint64) {
	r.state = state{term: term, votedFor: protocols.Nobody}
	clear(r.early)
	if r.role == leader {
		r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		r.election.Start(r.now, r.out)
	}
	r.follow(protocols.Nobody)
}

// follow makes the replica a follower of the term's leader, Nobody if it is not known.
func (r *replica) follow(whom protocols.NodeID) {
	if r.role != follower {
		r.role = follower
		r.out.StopTimer(pulseTimer)
	}
	if r.relay.Leader() != whom {
		r.relay.Lead(whom, r.now, r.out)
	}
}
