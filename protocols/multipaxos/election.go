package multipaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// Electing: phase 1, from the loss of a leader until the next has heard of everything that may
// have been chosen.

func (r *replica) start() {
	r.apply() // what the disk knows to be chosen
	r.election.Start(r.now, r.out)
	firstLife := r.promised == 0
	if firstLife && r.config.Leader == r.config.ID {
		r.stand()
	}
}

// candidacy is what a candidate knows.
type candidacy struct {
	promises quorum.Set
	found    instances // the proposals of the highest ballots promised, behind the commit index
	told     []uint64  // by acceptor: what it has accepted before this instance has been told
}

// stand makes the replica a candidate under a ballot never used before (rule 2).
func (r *replica) stand() {
	r.promise(max(r.promised, r.refused).Next(r.config.ID))
	r.role = candidate
	if r.standing == 0 {
		r.standing = max(r.now, 1)
	}
	r.candidacy = candidacy{found: instances{truncated: r.commit}, told: make([]uint64, r.config.Size())}
	r.arrival = snapshot.Receiver{} // no piece of it has come for an election timeout, or all that is chosen is here
	r.election.Start(r.now, r.out)
	r.prepare()
	r.onPromise(r.config.ID, &Promise{Accepted: r.proposals(r.commit+1, r.log.last())})
}

// prepare asks those who have not promised, again if it has asked before.
func (r *replica) prepare() {
	for _, to := range r.config.Members {
		if to != r.config.ID && !r.promises.Has(int32(to)) {
			r.prepareAt(to)
		}
	}
	r.out.SetTimer(pulseTimer, protocols.Retry(r.config.Delays.MaxRoundTrip()))
}

func (r *replica) prepareAt(to protocols.NodeID) {
	first := max(r.commit+1, r.told[to]) // rule 4
	r.send(to, r.promised, &Message_Prepare{Prepare: &Prepare{First: first}})
}

func (r *replica) onPrepare(from protocols.NodeID, first uint64) {
	answer := &Promise{}
	if first <= r.log.truncated { // rule 13: the rest is for who has that
		answer.Truncated, answer.Next = r.log.truncated, r.log.truncated+1
	} else {
		end := first + uint64(len(r.log.fitting(first, r.log.last())))
		answer.Accepted = r.proposals(first, end-1)
		if end <= r.log.last() {
			answer.Next = end
		}
	}
	r.send(from, r.promised, &Message_Promise{Promise: answer})
}

// proposals returns what was accepted from first to last.
func (r *replica) proposals(first, last uint64) []*Proposal {
	var accepted []*Proposal
	for index := first; index <= last; index++ {
		if i := r.log.at(index); i.ballot > 0 {
			accepted = append(accepted, &Proposal{Index: index, Ballot: uint64(i.ballot), Command: i.command})
		}
	}
	return accepted
}

// onPromise counts a promise when it has told all that the candidate lacks.
func (r *replica) onPromise(from protocols.NodeID, m *Promise) {
	if r.role != candidate {
		return
	}
	if m.Truncated > r.commit { // rule 13: what is behind is told when that is here
		r.catchUp(from)
		return
	}
	if !r.tellable(from, m) {
		return
	}
	for _, p := range m.Accepted {
		if ballot := protocols.Ballot(p.Ballot); ballot > r.found.at(p.Index).ballot { // rule 5
			r.found.set(p.Index, instance{ballot: ballot, command: p.Command})
		}
	}
	switch {
	case m.Next > 0:
		r.told[from] = max(r.told[from], m.Next)
		r.prepareAt(from)
	default:
		r.promises.Add(int32(from))
	}
	if r.phase1.IsQuorum(r.promises) {
		r.lead()
	}
}

// lead begins phase 2 for everything found, and for what has waited here.
func (r *replica) lead() {
	r.role = leader
	r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
	r.out.Measure(protocols.MeasureElection, int64((r.now-r.standing)/time.Millisecond))
	r.out.Measure(protocols.MeasureRecovered, int64(r.found.last()-r.commit)) // no-ops in the gaps included
	r.standing = 0
	r.forwarder.Lead(r.config.ID, r.now, r.out)
	r.heartbeat()
	r.proposeFound()
	r.propose(r.config.ID, r.forwarder.Waiting()...)
}

// promise raises the promised ballot (rule 1).
func (r *replica) promise(ballot protocols.Ballot) {
	if ballot == r.promised {
		return
	}
	r.promised = ballot
	r.election.Heard(r.now) // a candidate is heard once: one that gets no answer must not keep others from standing
	r.offer.ForgetSent()    // pieces sent under another ballot do not count
	r.giveUp()
}

// onRefuse ends an attempt that met a higher ballot.
func (r *replica) onRefuse(ballot, promised protocols.Ballot) {
	r.refused = max(r.refused, promised)
	if ballot == r.promised {
		r.giveUp()
	}
}

// giveUp makes the replica a follower that knows no leader.
func (r *replica) giveUp() {
	if r.role == leader {
		r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		r.election.Start(r.now, r.out) // rule 11
	}
	if r.role != follower {
		r.role, r.candidacy = follower, candidacy{}
		r.out.StopTimer(pulseTimer)
	}
	if r.forwarder.Leader() != protocols.Nobody {
		r.forwarder.Lead(protocols.Nobody, r.now, r.out)
	}
}

// follow notes that the leader whose ballot is promised is alive.
func (r *replica) follow(leader protocols.NodeID) {
	r.election.Heard(r.now)
	if r.forwarder.Leader() != leader {
		r.forwarder.Lead(leader, r.now, r.out)
		r.standing = 0
		if sender, _ := r.arrival.UnderWay(r.now); sender != leader {
			r.arrival = snapshot.Receiver{} // the new leader's takes its place
		}
		r.reclaimAt = r.now + r.config.Delays.ElectionTimeout()
	}
}
