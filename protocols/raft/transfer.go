package raft

import "quorumbench/protocols"

// Transfer: a leader that is not the configured one hands over to that one (rules 26 and 27; with
// the option transfer).

// steadyBeats is for how many heartbeats in a row the configured leader must have kept pace before
// it is given the leadership: about the time without a sign of life after which it would be given up.
const steadyBeats = 5

// markHandsOver is the driver's word for a leader that stops proposing in favour of the configured one.
const markHandsOver = "hands over"

// handover is what a leader knows of its successor.
type handover struct {
	steady int  // heartbeats for which it has kept pace
	under  bool // way: nothing is proposed until it leads
	told   bool // TimeoutNow has been sent in this term
	sent   bool // TimeoutNow, lately
	due    int  // heartbeats until it is given up, if it is under way
}

// considerHandover is asked at every heartbeat.
func (r *replica) considerHandover() {
	to := r.config.Leader
	if !r.transfers || to == protocols.Nobody || to == r.config.ID {
		return
	}
	h := &r.handover
	if h.under {
		if h.due--; h.due == 0 { // rule 27
			h.under, h.steady = false, 0
			r.proposeWaiting()
		}
		if h.due%4 == 0 { // it may be lost
			h.sent = false
		}
		r.handOver()
		return
	}
	p := &r.peers[to]
	if p.probing || p.match < p.beaten || r.now-p.heard > 2*r.config.Delays.Heartbeat() {
		h.steady = 0
	} else {
		h.steady++
	}
	p.beaten = r.log.last()
	if h.steady >= steadyBeats { // rule 26
		h.under, h.due = true, 2*steadyBeats
		r.out.Mark(protocols.CommandID{}, markHandsOver)
		r.handOver()
	}
}

// handOver tells the successor to stand once it has the whole log.
func (r *replica) handOver() {
	h := &r.handover
	if to := r.config.Leader; h.under && !h.sent && r.peers[to].match == r.log.last() {
		h.sent, h.told = true, true // rule 18: no lease from now on
		r.send(to, &Message_TimeoutNow{TimeoutNow: &TimeoutNow{}})
	}
}

// onTimeoutNow stands for election at once.
func (r *replica) onTimeoutNow(from protocols.NodeID) {
	if r.role == follower && r.forwarder.Leader() == from {
		r.campaigned = r.now
		r.stand(true)
	}
}
