package raft

import (
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
)

// read is a read that the leader has not answered yet.
type read struct {
	id    protocols.CommandID
	key   []byte
	round uint64 // of confirmations that begins after the read has arrived
}

// lease is how long a lease lasts from the start of a round of confirmations, by the leader's clock: nine
// tenths of an election timeout. Those who have confirmed the round refuse their votes for a whole election
// timeout, by clocks whose rates may differ from the leader's by a tenth (rule 18).
func (r *replica) lease() time.Duration { return r.electionTimeout / 10 * 9 }

// acceptRead queues a command to be answered without a log entry, and returns true, if the command is a read
// of the latest version and the option reads allows it.
func (r *replica) acceptRead(c *forward.Command) bool {
	if r.reads == readsLog {
		return false
	}
	var command kv.Command
	if protocols.Decode(c.Data, &command) != nil || command.Op != kv.Op_GET || command.Version > 0 {
		return false
	}
	r.waiting = append(r.waiting, read{id: c.ID(), key: command.Key, round: r.round + 1})
	return true
}

// serveReads is called at the end of each step with reads waiting: it answers those it can, and starts a
// round of confirmations for those that arrived in this step.
func (r *replica) serveReads() {
	r.answerReads()
	if n := len(r.waiting); n > 0 && r.waiting[n-1].round > r.round {
		r.startRound()
		r.answerReads() // a leader that is a majority by itself need not wait
	}
}

// startRound starts a round of confirmations: it asks every follower whether it still follows this leader
// (rule 17). Heartbeats start one, too, if reads wait or a lease must be renewed.
func (r *replica) startRound() {
	r.round++
	r.out.Broadcast(r.config.ID, r.group, &Message{Term: r.term, Kind: &Message_Confirm{
		Confirm: &Confirm{Round: r.round, BeganNs: int64(r.now)},
	}})
}

// onConfirm is the follower's side of a round: it still follows the sender, and says so.
func (r *replica) onConfirm(from protocols.NodeID, m *Confirm) {
	r.send(from, &Message_Confirmed{Confirmed: &Confirmed{Round: m.Round, BeganNs: m.BeganNs}})
}

// onConfirmed notes the latest round that a follower has confirmed, and when it began.
func (r *replica) onConfirmed(from protocols.NodeID, m *Confirmed) {
	if p := &r.peers[from]; r.role == leader && m.Round > p.confirmed {
		p.confirmed, p.confirmedStart = m.Round, time.Duration(m.BeganNs)
	}
}

// answerReads answers waiting reads in the order of their arrival, as far as a lease, or the rounds
// confirmed, allow (rules 16 to 18).
func (r *replica) answerReads() {
	if r.log.term(r.commit) != r.term { // rule 16: no entry of its own term is committed
		return
	}
	leased := r.leased()
	answered := 0
	for _, read := range r.waiting {
		if !leased && !r.isQuorum(func(p *peer) bool { return p.confirmed >= read.round }) { // rule 17: no quorum has confirmed the round
			break
		}
		r.out.Mark(read.id, protocols.MarkCommitted)
		r.out.Mark(read.id, protocols.MarkApplied)
		r.forwarder.OnApplied(read.id, r.store.Read(read.key), r.out)
		answered++
	}
	r.waiting = slices.Delete(r.waiting, 0, answered)
}

// leased returns true if nobody else can have been elected yet, because a quorum has confirmed a round that
// began within the lease (rule 18).
func (r *replica) leased() bool {
	return r.reads == readsLease && !r.handover.told &&
		r.isQuorum(func(p *peer) bool { return r.now-p.confirmedStart < r.lease() })
}
