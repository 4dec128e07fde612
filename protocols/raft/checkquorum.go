package raft

import "quorumbench/protocols"

// Who hears whom: what a leader that nobody hears, and those who hear one, do about it (rules 20 and
// 21; with the option checkquorum, and for leases).

// most tells whether a majority, the leader included, is as it should be.
func (r *replica) most(as func(*peer) bool) bool {
	count := 1
	r.others(func(id protocols.NodeID) {
		if as(&r.peers[id]) {
			count++
		}
	})
	return count >= r.majority
}

// hearsMajority tells whether a majority has answered the leader lately.
func (r *replica) hearsMajority() bool {
	return r.most(func(p *peer) bool { return r.now-p.heard < r.patience })
}

// hearsLeader tells whether the replica has heard a leader, of whichever term, so lately that nobody
// has reason to stand.
func (r *replica) hearsLeader() bool {
	if r.role == leader {
		return r.hearsMajority()
	}
	return r.now-r.heard < r.patience
}

// keepsVote tells whether the replica refuses its vote because there is a leader (rule 21).
func (r *replica) keepsVote(m *RequestVote) bool {
	return r.checksQuorum && !m.Transfer && r.hearsLeader()
}

// resign ends the rule of a leader that has lost its majority: it is a follower in the same term (rule 20).
func (r *replica) resign() {
	r.deposed()
	r.follow(protocols.Nobody)
}
