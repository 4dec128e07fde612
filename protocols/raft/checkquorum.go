package raft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// CheckQuorum: a leader steps down if it hears no quorum, and a replica that hears a leader refuses its vote
// (rules 20 and 21; option checkquorum, and for leases).

// isQuorum returns true if the leader and the followers for which is returns true are a quorum of holders.
// Every quorum of voters, which could elect another leader, contains one of them.
func (r *replica) isQuorum(is func(*peer) bool) bool {
	these := quorum.Of(r.config.ID)
	r.others(func(id protocols.NodeID) {
		if is(&r.peers[id]) {
			these.Add(int32(id))
		}
	})
	return r.holders.IsQuorum(these)
}

// hasQuorumContact returns true if a quorum has answered the leader within an election timeout.
func (r *replica) hasQuorumContact() bool {
	return r.isQuorum(func(p *peer) bool { return r.now-p.lastHeard < r.electionTimeout })
}

// hasLeaderContact returns true if the replica has heard a leader of any term within an election timeout, or
// is a leader that hears a quorum.
func (r *replica) hasLeaderContact() bool {
	if r.role == leader {
		return r.hasQuorumContact()
	}
	return r.now-r.lastHeard < r.electionTimeout
}

// refusesVote returns true if the replica refuses its vote because it hears a leader (rule 21). A request
// that the leader itself has caused by TimeoutNow is not refused for that.
func (r *replica) refusesVote(m *RequestVote) bool {
	return r.checksQuorum && !m.Transfer && r.hasLeaderContact()
}

// resign makes a leader that hears no quorum a follower in the same term (rule 20).
func (r *replica) resign() {
	r.stepDown()
	r.follow(protocols.Nobody)
}
