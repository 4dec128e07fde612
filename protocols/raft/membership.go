package raft

import (
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// The membership changes by entries of the log (rules 28 to 34; package membership).

// followMembership puts the last membership of the log in force, whether or not it is committed (rule 28). It is called
// whenever the log has changed.
func (r *replica) followMembership() {
	if m := &r.log.memberships; m.Changes() && m.Enforce(m.At(r.log.last())) {
		r.regroup()
	}
}

// regroup goes by the membership in force. A leader begins to send its log to those who are new in it.
func (r *replica) regroup() {
	m, before := r.log.memberships.InForce(), r.group
	r.group = protocols.Replicas(m.Group())
	r.voters, r.holders = m.Role(quorum.Election), m.Role(quorum.Write)
	if r.role != leader {
		return
	}
	for _, id := range r.group {
		if !slices.Contains(before, id) { // it gets the membership's entry, and asks for what it lacks
			r.peers[id] = peer{next: r.log.last(), target: r.log.last(), lastHeard: r.now, confirmedStart: r.now - r.electionTimeout}
		}
	}
}

// isVoter returns true if a replica votes by the membership in force here.
func (r *replica) isVoter(id protocols.NodeID) bool { return r.log.memberships.IsVoter(int32(id)) }

// mayStand returns true if this replica may be a candidate by the memberships of its log (rule 30), and is no witness (rule 35).
func (r *replica) mayStand() bool {
	return !r.witness && r.log.memberships.MayStand(int32(r.config.ID), r.commit)
}

// ignores returns true for a candidate's request that comes from a replica which is no voter here, while a leader is
// heard (rule 31): it has left, and does not know, or is about to be taken in.
func (r *replica) ignores(from protocols.NodeID, m *Message) bool {
	if r.isVoter(from) {
		return false
	}
	switch kind := m.Kind.(type) {
	case *Message_PreVote:
		return r.hasLeaderContact()
	case *Message_RequestVote:
		return !kind.RequestVote.Transfer && r.hasLeaderContact()
	}
	return false
}

// onMembershipRequest takes an operator's request. Every replica gets it, and the one that leads acts on it.
func (r *replica) onMembershipRequest(number uint64, text string) {
	if r.log.memberships.Ask(number, text, r.config.MostReplicas()) {
		r.advanceMembership()
	}
}

// advanceMembership is called when something may have been committed, when a request has come, and at every heartbeat. If
// the last membership is committed, and so is an entry of the leader's term, the leader proposes what a request asks
// for, or the next step to the goal (rule 29). If it is no voter any more, it leaves (rule 32).
func (r *replica) advanceMembership() {
	m := &r.log.memberships
	if !m.Changes() || r.role != leader || r.handover.pending {
		return
	}
	last := m.At(r.log.last())
	if last.Index > r.commit || r.log.term(r.commit) != r.term { // rule 29
		return
	}
	if !r.isVoter(r.config.ID) {
		r.leave()
		return
	}
	if next := m.Advance(last.Membership, r.caughtUp()); next != nil {
		r.append(entry{term: r.term, membership: next})
	}
}

// noteCaughtUp notes at a heartbeat which followers have what the log had at the heartbeat before, and answer (rule 33).
func (r *replica) noteCaughtUp() {
	r.others(func(id protocols.NodeID) {
		p := &r.peers[id]
		p.caughtUp = !p.probing && p.match >= p.target && r.now-p.lastHeard <= 2*r.config.Delays.Heartbeat()
		p.target = r.log.last()
	})
}

// caughtUp are the followers that have caught up (rule 33).
func (r *replica) caughtUp() (set quorum.Set) {
	r.others(func(id protocols.NodeID) {
		if r.peers[id].caughtUp {
			set.Add(int32(id))
		}
	})
	return set
}

// leave ends the leadership of a replica that is no voter of a committed membership: it tells the voter that has the most
// of the log to stand at once, and resigns (rule 32).
func (r *replica) leave() {
	successor := protocols.Nobody
	for id := range r.log.memberships.InForce().Voters().All() {
		if successor == protocols.Nobody || r.peers[id].match > r.peers[successor].match {
			successor = protocols.NodeID(id)
		}
	}
	r.send(successor, &Message_TimeoutNow{TimeoutNow: &TimeoutNow{}})
	r.resign()
}
