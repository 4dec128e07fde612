package raft

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// Electing: from the loss of a leader to the first append of the next.

func (r *replica) start() {
	r.election.Start(r.now, r.out)
	firstLife := r.term == 0
	if !firstLife { // it may have heard a leader a moment before it died
		r.heard = r.now
	} else if r.config.Leader == r.config.ID {
		r.campaign()
	}
}

// campaign is what a replica does that hears no leader.
func (r *replica) campaign() {
	if r.role == follower {
		r.campaigned = r.now
	}
	r.abandon()
	if r.preVotes {
		r.sound()
	} else {
		r.stand(false)
	}
}

// stand makes the replica a candidate in a term in which it has never been one. Transfer tells that
// the leader itself wants it.
func (r *replica) stand(transfer bool) {
	r.stood = max(r.term, r.stood) + 1  // rule 24
	r.enter(pair{r.stood, r.config.ID}) // rule 2: a candidate votes for itself
	r.role, r.transferred = candidate, transfer
	r.votes, r.refusals = 0, 0
	r.election.Start(r.now, r.out)
	r.requestVotes()
	r.countVote(r.config.ID)
}

// requestVotes asks those who have not granted their votes, again if it has asked before.
func (r *replica) requestVotes() {
	last := r.log.last()
	request := &Message_RequestVote{RequestVote: &RequestVote{
		LastIndex: last, LastTerm: r.log.term(last), Transfer: r.transferred,
	}}
	r.unvoted(func(to protocols.NodeID) { r.send(to, request) })
}

// unvoted calls do for those who have not granted a vote, and sees to it that they are asked again.
func (r *replica) unvoted(do func(protocols.NodeID)) {
	r.others(func(id protocols.NodeID) {
		if !r.votes.Has(int32(id)) {
			do(id)
		}
	})
	r.out.SetTimer(pulseTimer, protocols.Retry(r.config.Delays.MaxRoundTrip()))
}

func (r *replica) onRequestVote(from protocols.NodeID, term uint64, m *RequestVote) {
	behind := r.log.outdates(m.LastIndex, m.LastTerm)
	free := term > r.term || term == r.term && (r.votedFor == protocols.Nobody || r.votedFor == from) // rule 2
	granted := free && !behind && !r.keepsVote(m)                                                     // rules 3, 21
	switch {
	case granted && r.pair != pair{term, from}:
		r.grant(pair{term, from})
	case term > r.term && !r.keepsVote(m) && !(r.reverts && behind): // rule 1, but for rules 21 and 22
		r.enter(pair{term, protocols.Nobody})
	}
	if granted {
		r.election.Heard(r.now)
	}
	r.send(from, &Message_Vote{Vote: &Vote{Granted: granted, Asked: term}})
}

// grant gives the vote, in a new term or in the present one.
func (r *replica) grant(to pair) {
	if to.term > r.term {
		r.enter(to)
	} else {
		r.move(to)
	}
}

func (r *replica) onVote(from protocols.NodeID, term uint64, m *Vote) {
	standing := r.role == candidate && m.Asked == r.term
	switch {
	case standing && m.Granted:
		r.countVote(from)
	case m.Granted && m.Asked == r.abandoned: // rule 23: too late
		r.revert(from)
	case term > r.term: // rule 1
		r.enter(pair{term, protocols.Nobody})
	case standing:
		r.countRefusal(from)
	}
}

func (r *replica) countVote(from protocols.NodeID) {
	r.votes.Add(int32(from))
	if r.voters.IsQuorum(r.votes) {
		r.lead()
	}
}

// countRefusal gives a candidacy up when it cannot be won any more.
func (r *replica) countRefusal(from protocols.NodeID) {
	r.refusals.Add(int32(from))
	if !r.voters.IsQuorum(r.voters.Members().Without(r.refusals)) {
		r.abandon()
	}
}

// lead makes the candidate the leader of its term.
func (r *replica) lead() {
	r.role = leader
	r.settle()
	r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
	r.out.Measure(protocols.MeasureElection, int64((r.now-r.campaigned)/time.Millisecond))
	r.forwarder.Lead(r.config.ID, r.now, r.out)
	for i := range r.peers {
		r.peers[i] = peer{next: r.log.last() + 1, heard: r.now, renewed: r.now - r.patience}
	}
	r.handover, r.round, r.waiting = handover{}, 0, nil
	r.durable = r.log.last() // its requests for votes waited for that
	r.heartbeat()
	r.append(&Entry{Term: r.term}) // rule 8
	r.proposeWaiting()
}

// proposeWaiting proposes what this replica's clients wait for.
func (r *replica) proposeWaiting() {
	for _, c := range r.forwarder.Waiting() {
		r.propose(r.config.ID, c)
	}
}

// enter begins a term as a follower without a leader (rule 1), its vote given or free.
func (r *replica) enter(next pair) {
	r.move(next)
	r.forget()
	r.deposed()
	r.follow(protocols.Nobody)
}

// forget drops what belongs to the term that is left.
func (r *replica) forget() {
	r.early = early{}
	r.arrival = snapshot.Receiver{}
}

// deposed ends the rule of a leader.
func (r *replica) deposed() {
	if r.role == leader {
		r.waiting, r.handover, r.offer, r.round = nil, handover{}, snapshot.Sender{}, 0
		r.durable = 0
		clear(r.peers)
		r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		r.election.Start(r.now, r.out)
	}
}

// follow makes the replica a follower of the term's leader, Nobody if it is not known.
func (r *replica) follow(whom protocols.NodeID) {
	if r.role != follower {
		r.role, r.transferred = follower, false
		r.votes, r.refusals = 0, 0
		r.out.StopTimer(pulseTimer)
	}
	if r.forwarder.Leader() != whom {
		r.forwarder.Lead(whom, r.now, r.out)
	}
}

// obey tells whether a request comes from the leader of this term, which it then follows. The sender
// is told if its term is over (rule 1).
func (r *replica) obey(from protocols.NodeID, term uint64) bool {
	r.yield(term)
	if term > r.term {
		r.enter(pair{term, protocols.Nobody})
	}
	if term < r.term {
		r.send(from, &Message_Rejected{Rejected: &Rejected{}})
		return false
	}
	if term == r.term && r.role == leader { // a term has one leader: this is none of ours
		return false
	}
	r.settle()
	r.heard = r.now
	r.follow(from)
	r.election.Heard(r.now)
	return true
}
