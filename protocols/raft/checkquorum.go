package raft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Who hears whom: what a leader that nobody hears, and those who hear one, do about it (rules 20 and
// 21; with the option checkquorum, and for leases).

// quorumIs tells whether those that are as they should be, the leader among them, are a quorum that meets
// every one that could elect another leader.
func (r *replica) quorumIs(as func(*peer) bool) bool {
	these := quorum.Of(r.config.ID)
	r.others(func(id protocols.NodeID) {
		if as(&r.peers[id]) {
			these.Add(int32(id))
		}
	})
	return r.holders.IsQuorum(these)
}

// hearsQuorum tells whether a quorum has answered the leader lately.
func (r *replica) hearsQuorum() bool {
	return r.quorumIs(func(p *peer) bool { return r.now-p.heard < r.patience })
}

// hearsLeader tells whether the replica has heard a leader, of whichever term, so lately that nobody
// has reason to stand.
func (r *replica) hearsLeader() bool {
	if r.role == leader {
		return r.hearsQuorum()
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
