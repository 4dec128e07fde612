package raft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Leadership transfer: a leader that is not the configured one hands over to that one (rules 26 and 27; option
// transfer).

// steadyBeats is the number of heartbeats in a row for which the configured leader must have kept pace before
// the leadership is handed over to it.
const steadyBeats = 5

// markHandover is the mark of a leader that stops proposing in favour of the configured one.
const markHandover = "hands over"

// handover is the state of a leader's handover to the configured leader.
type handover struct {
	steady    int  // heartbeats in a row for which the successor has kept pace
	pending   bool // the handover is under way: the leader proposes nothing
	told      bool // TimeoutNow has been sent in this term
	sent      bool // TimeoutNow has been sent and is not to be repeated yet
	beatsLeft int  // heartbeats until a pending handover is given up
}

// checkHandover is called at every heartbeat of a leader. It starts a handover when the configured leader
// has kept pace for steadyBeats heartbeats (rule 26), and gives up a pending one that has not succeeded
// after a few heartbeats (rule 27).
func (r *replica) checkHandover() {
	to := r.config.Leader
	if !r.transfers || to == protocols.Nobody || to == r.config.ID || !r.isVoter(to) {
		return
	}
	h := &r.handover
	if h.pending {
		if h.beatsLeft--; h.beatsLeft == 0 { // rule 27: the successor has not taken over
			h.pending, h.steady = false, 0
			r.proposeWaiting()
		}
		if h.beatsLeft%4 == 0 { // TimeoutNow may be lost: send it again
			h.sent = false
		}
		r.sendTimeoutNow()
		return
	}
	p := &r.peers[to]
	if p.probing || p.match < p.lastAtHeartbeat || !r.hearsVoters() {
		h.steady = 0
	} else {
		h.steady++
	}
	p.lastAtHeartbeat = r.log.last()
	if h.steady >= steadyBeats { // rule 26: it has kept pace for a while
		h.pending, h.beatsLeft = true, 2*steadyBeats
		r.out.Mark(protocols.CommandID{}, markHandover)
		r.sendTimeoutNow()
	}
}

// sendTimeoutNow tells the successor to stand when a handover is pending and the successor has the whole log
// (rule 27).
func (r *replica) sendTimeoutNow() {
	h := &r.handover
	if to := r.config.Leader; h.pending && !h.sent && r.peers[to].match == r.log.last() {
		h.sent, h.told = true, true // rule 18: no lease for the rest of the term
		r.send(to, &Message_TimeoutNow{TimeoutNow: &TimeoutNow{}})
	}
}

// onTimeoutNow makes the leader's chosen successor a candidate at once (rule 27).
func (r *replica) onTimeoutNow(from protocols.NodeID) {
	if r.role == follower && r.forwarder.Leader() == from && r.mayStand() {
		r.campaigned = r.now
		r.startElection(true)
	}
}

// hearsVoters returns true if those who answer now, with this replica, could elect the configured leader, and it answers too. With phase-2
// quorums that are smaller than those of an election, a leader may work on where nobody could be elected.
func (r *replica) hearsVoters() bool {
	heard := quorum.Of(r.config.ID)
	r.others(func(id protocols.NodeID) {
		if r.now-r.peers[id].lastHeard <= 2*r.config.Delays.Heartbeat() {
			heard.Add(int32(id))
		}
	})
	return heard.Has(int32(r.config.Leader)) && r.voters.IsQuorum(heard)
}
