package raft

import (
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
)

// The membership changes by entries of the log (rules 28 to 34; package membership).

// followMembership puts the last membership of the log in force, whether or not it is committed (rule 28). It is called
// whenever the log has changed.
func (r *replica) followMembership() {
	if r.log.first == nil {
		return
	}
	if last := r.log.membershipAt(r.log.last()); last.Membership != r.inForce {
		r.enforce(last.Membership)
	}
}

// enforce puts a membership in force. A leader begins to send its log to those who are new in it.
func (r *replica) enforce(m *membership.Membership) {
	before := r.group
	r.inForce, r.group = m, nil
	r.voters, r.holders = m.Role(quorum.Election), m.Role(quorum.Write)
	for id := range m.Group().All() {
		r.group = append(r.group, protocols.NodeID(id))
	}
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
// Where the membership never changes, all do.
func (r *replica) isVoter(id protocols.NodeID) bool {
	return r.log.first == nil || r.inForce.Voters().Has(int32(id))
}

// mayStand returns true if this replica is a voter by the last membership that it knows to be committed, or by one after it
// in its log (rule 30), and no witness (rule 35).
func (r *replica) mayStand() bool {
	if r.witness {
		return false
	}
	if r.log.first == nil || r.log.membershipAt(r.commit).Voters().Has(int32(r.config.ID)) {
		return true
	}
	return slices.ContainsFunc(r.log.memberships, func(m placed) bool {
		return m.index > r.commit && m.Voters().Has(int32(r.config.ID))
	})
}

// inGroup returns true if a replica votes or learns by the membership in force here.
func (r *replica) inGroup(id protocols.NodeID) bool { return r.inForce.Group().Has(int32(id)) }

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

// onMembershipRequest takes an operator's request. Every replica gets it, and the one that leads acts on it. What this
// driver cannot read, or is about replicas that are not there, asks for nothing.
func (r *replica) onMembershipRequest(number uint64, text string) {
	request, err := membership.ParseRequest(number, text)
	if err != nil || !r.config.Changes() {
		return
	}
	asked := quorum.Of(request.Replica)
	if request.To != nil {
		asked = request.To.Members()
	}
	if asked.Without(quorum.First(r.config.MostReplicas())) != 0 {
		return
	}
	r.requests.Add(request)
	r.advanceMembership()
}

// advanceMembership is called when something may have been committed, when a request has come, and at every heartbeat. If
// the last membership is committed, and so is an entry of the leader's term, the leader proposes what a request asks
// for, or the next step to the goal (rule 29). If it is no voter any more, it leaves (rule 32).
func (r *replica) advanceMembership() {
	if r.log.first == nil || r.role != leader || r.handover.pending {
		return
	}
	last := r.log.membershipAt(r.log.last())
	if last.index > r.commit || r.log.term(r.commit) != r.term { // rule 29
		return
	}
	if !r.isVoter(r.config.ID) {
		r.leave()
		return
	}
	r.requests.Drop(last.Membership)
	if next := last.Advance(r.requests, r.caughtUp()); next != nil {
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
	for id := range r.inForce.Voters().All() {
		if successor == protocols.Nobody || r.peers[id].match > r.peers[successor].match {
			successor = protocols.NodeID(id)
		}
	}
	r.send(successor, &Message_TimeoutNow{TimeoutNow: &TimeoutNow{}})
	r.resign()
}
