package raft

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// start begins an incarnation. In the first, the configured leader campaigns at once.
func (r *replica) start() {
	if !r.witness { // rule 35: it never stands
		r.election.Start(r.now, r.out)
	}
	firstIncarnation := r.term == 0
	if !r.log.memberships.InGroup(int32(r.config.ID)) && r.config.Leader != protocols.Nobody && r.config.Leader != r.config.ID {
		r.forwarder.Lead(r.config.Leader, r.now, r.out) // the leader to begin with
	}
	if !firstIncarnation { // rule 21: it may have heard a leader a moment before the crash
		r.lastHeard = r.now
	} else if r.config.Leader == r.config.ID {
		r.campaign()
	}
}

// campaign is called when the election timer fires: the replica stands, if it may (rule 30). It guesses who leads if it may not, or has
// stood in vain: it may have left, and not know it (rule 31).
func (r *replica) campaign() {
	guesses := r.log.memberships.Changes() && r.role != follower
	if r.mayStand() {
		r.stand()
	} else {
		guesses = true
		r.election.Start(r.now, r.out)
	}
	if guesses && r.role != leader {
		r.forwarder.Guess(r.now, r.out)
	}
}

// stand gives up a candidacy that has not been won, and asks for votes again, or for pre-votes with the option
// prevote.
func (r *replica) stand() {
	if r.role == follower {
		r.campaigned = r.now
	}
	r.abandon()
	if r.preVotes {
		r.startPreVote()
	} else {
		r.startElection(false)
	}
}

// startElection makes the replica a candidate in a new term, for which it votes for itself. With transfer,
// the present leader has told it to stand (rule 27), so that voters ignore that they hear a leader (rule
// 21).
func (r *replica) startElection(transfer bool) {
	r.stood = max(r.term, r.stood) + 1      // rule 24: never twice in the same term
	r.enterTerm(pair{r.stood, r.config.ID}) // rule 2: a candidate votes for itself
	r.role, r.transferred = candidate, transfer
	r.votes, r.refusals, r.reserved = 0, 0, 0
	r.election.Start(r.now, r.out)
	r.requestVotes()
	r.countVote(r.config.ID)
}

// requestVotes sends RequestVote to every replica that has not granted its vote.
func (r *replica) requestVotes() {
	last := r.log.last()
	request := &Message_RequestVote{RequestVote: &RequestVote{
		LastIndex: last, LastTerm: r.log.term(last), Transfer: r.transferred, Aside: r.reserved != 0 && r.mayLeaveAside(r.votes),
	}}
	r.withoutVote(func(to protocols.NodeID) { r.send(to, request) })
}

// withoutVote calls do for every replica that has not granted its vote, and sets the timer after which they
// are asked again.
func (r *replica) withoutVote(do func(protocols.NodeID)) {
	r.others(func(id protocols.NodeID) {
		if r.isVoter(id) && !r.votes.Has(int32(id)) {
			do(id)
		}
	})
	r.out.SetTimer(heartbeatTimer, protocols.Retry(r.config.Delays.MaxRoundTrip()))
}

// onRequestVote is the voter's side of an election: it grants its vote if it has not given it to another
// candidate in this term (rule 2), the candidate's log is at least as recent as its own (rule 3), and it
// hears no leader (rule 21). A witness says whether nothing but rule 3 is against it, and votes if the candidate leaves that
// aside (rule 36).
func (r *replica) onRequestVote(from protocols.NodeID, term uint64, m *RequestVote) {
	behind := r.isMoreRecentThan(m.LastIndex, m.LastTerm)
	free := term > r.term || term == r.term && (r.votedFor == protocols.Nobody || r.votedFor == from) // rule 2: one vote a term
	would := free && !r.refusesVote(m)                                                                // rule 21: no leader is heard
	granted := would && (!behind || r.witness && m.Aside)                                             // rule 3: its log is as recent; rule 36: or nothing is lost
	switch {
	case granted && r.pair != pair{term, from}:
		r.grant(pair{term, from})
	case term > r.term && !r.refusesVote(m) && !(r.reverts && behind): // rule 1: a higher term is adopted, except by rules 21 and 22
		r.enterTerm(pair{term, protocols.Nobody})
	}
	if granted {
		r.election.Heard(r.now)
	}
	r.send(from, &Message_Vote{Vote: &Vote{Granted: granted, Asked: term, Recent: r.witness && would && behind}})
}

// grant gives the vote, in a new term or in the present one.
func (r *replica) grant(to pair) {
	if to.term > r.term {
		r.enterTerm(to)
	} else {
		r.setPair(to)
	}
}

// onVote handles a voter's answer: a candidate counts it, a replica with a lower term adopts the voter's
// (rule 1), and a vote for an abandoned candidacy is sent back (rule 23).
func (r *replica) onVote(from protocols.NodeID, term uint64, m *Vote) {
	standing := r.role == candidate && m.Asked == r.term
	if standing && m.Recent {
		r.reserved.Add(int32(from))
	}
	switch {
	case standing && m.Granted:
		r.countVote(from)
	case m.Granted && m.Asked == r.abandoned: // rule 23: the candidacy is over
		r.sendRevert(from)
	case term > r.term: // rule 1: a higher term
		r.enterTerm(pair{term, protocols.Nobody})
	case standing && m.Recent:
		r.askAside()
		r.giveUp()
	case standing:
		r.refusals.Add(int32(from))
		r.giveUp()
	}
}

// countVote counts a vote, and makes the candidate the leader when a quorum has voted for it.
func (r *replica) countVote(from protocols.NodeID) {
	r.votes.Add(int32(from))
	if r.elects(r.votes) {
		r.becomeLeader()
	} else {
		r.askAside()
	}
}

// giveUp abandons the candidacy when the replicas that have not refused would not elect it any more.
func (r *replica) giveUp() {
	if !r.elects(r.voters.Members().Without(r.refusals)) {
		r.abandon()
	}
}

// becomeLeader makes the candidate the leader of its term. It sends heartbeats, appends a no-op (rule 8),
// and proposes the commands that wait here.
func (r *replica) becomeLeader() {
	r.role = leader
	r.clearReverts()
	r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
	r.out.Measure(protocols.MeasureElection, int64((r.now-r.campaigned)/time.Millisecond))
	r.forwarder.Lead(r.config.ID, r.now, r.out)
	for i := range r.peers {
		r.peers[i] = peer{next: r.log.last() + 1, target: r.log.last(), lastHeard: r.now, confirmedStart: r.now - r.electionTimeout}
	}
	r.handover, r.round, r.waiting = handover{}, 0, nil
	r.durable = r.log.last() // its log was durable before its requests for votes were sent
	r.heartbeat()
	r.append(entry{term: r.term}) // rule 8: an entry of its own term
	r.proposeWaiting()
}

// proposeWaiting proposes the commands of this replica's clients that have not been answered.
func (r *replica) proposeWaiting() {
	for _, c := range r.forwarder.Waiting() {
		r.propose(r.config.ID, c)
	}
}

// enterTerm begins a term as a follower that knows no leader (rule 1), with its vote given or free.
func (r *replica) enterTerm(next pair) {
	r.setPair(next)
	r.resetTerm()
	r.stepDown()
	r.follow(protocols.Nobody)
}

// resetTerm drops what was received from the leader of the term that ends: early appends and pieces of a
// snapshot.
func (r *replica) resetTerm() {
	r.early = earlyAppends{}
	r.receiver = snapshot.Receiver{}
}

// stepDown drops a leader's state, unanswered reads included, and starts the election timer. It does nothing
// if the replica does not lead.
func (r *replica) stepDown() {
	if r.role == leader {
		r.waiting, r.handover, r.sender, r.round = nil, handover{}, snapshot.Sender{}, 0
		r.durable = 0
		clear(r.peers)
		r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		r.election.Start(r.now, r.out)
	}
}

// follow makes the replica a follower of the given leader, Nobody if the term's leader is not known.
func (r *replica) follow(whom protocols.NodeID) {
	if r.role != follower {
		r.role, r.transferred = follower, false
		r.votes, r.refusals, r.reserved = 0, 0, 0
		r.out.StopTimer(heartbeatTimer)
	}
	if r.forwarder.Leader() != whom {
		r.forwarder.Lead(whom, r.now, r.out)
	}
}

// acceptLeader returns true if a request comes from the leader of the present term, which the replica then
// follows. It adopts a higher term, and tells the sender if its term is over (rule 1).
func (r *replica) acceptLeader(from protocols.NodeID, term uint64) bool {
	r.yield(term)
	if term > r.term {
		r.enterTerm(pair{term, protocols.Nobody})
	}
	if term < r.term {
		r.send(from, &Message_Rejected{Rejected: &Rejected{}})
		return false
	}
	if term == r.term && r.role == leader { // a term has only one leader: the message is not from a replica of this cluster
		return false
	}
	r.clearReverts()
	r.lastHeard = r.now
	r.follow(from)
	r.election.Heard(r.now)
	return true
}
