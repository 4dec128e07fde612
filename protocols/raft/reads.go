package raft

import (
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
)

// Reads that leave no entry in the log (rules 16 to 18; with the option reads).

// read is one that the leader has not answered yet.
type read struct {
	id    protocols.CommandID
	key   []byte
	round uint64 // of confirmations, which begins after the read has come
}

// lease is for how long after the beginning of a round of confirmations, by the leader's clock, those
// who have answered it elect nobody else: they refuse their votes for the patience, by clocks whose
// rates may differ from the leader's by a tenth.
func (r *replica) lease() time.Duration { return r.patience / 10 * 9 }

// readAside takes a command to answer it without the log, if it is a read of the latest version.
func (r *replica) readAside(c *forward.Command) bool {
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

// attendReads answers what can be answered at the end of a step, and begins a round for the reads
// that have come in it.
func (r *replica) attendReads() {
	r.answerReads()
	if n := len(r.waiting); n > 0 && r.waiting[n-1].round > r.round {
		r.ask()
		r.answerReads() // a leader alone is a majority
	}
}

// ask begins a round of confirmations. A heartbeat does too, if there is need: it repairs what was
// lost, and renews the lease.
func (r *replica) ask() {
	r.round++
	r.out.Broadcast(r.config.ID, r.config.Members, &Message{Term: r.term, Kind: &Message_Confirm{
		Confirm: &Confirm{Round: r.round, BeganNs: int64(r.now)},
	}})
}

func (r *replica) onConfirm(from protocols.NodeID, m *Confirm) {
	r.send(from, &Message_Confirmed{Confirmed: &Confirmed{Round: m.Round, BeganNs: m.BeganNs}})
}

func (r *replica) onConfirmed(from protocols.NodeID, m *Confirmed) {
	if p := &r.peers[from]; r.role == leader && m.Round > p.confirmed {
		p.confirmed, p.renewed = m.Round, time.Duration(m.BeganNs)
	}
}

// answerReads answers reads in the order in which they came.
func (r *replica) answerReads() {
	if r.log.term(r.commit) != r.term { // rule 16
		return
	}
	leased := r.leased()
	answered := 0
	for _, read := range r.waiting {
		if !leased && !r.quorumIs(func(p *peer) bool { return p.confirmed >= read.round }) { // rule 17
			break
		}
		r.out.Mark(read.id, protocols.MarkCommitted)
		r.out.Mark(read.id, protocols.MarkApplied)
		r.forwarder.OnApplied(read.id, r.store.Read(read.key), r.out)
		answered++
	}
	r.waiting = slices.Delete(r.waiting, 0, answered)
}

// leased tells whether nobody else can have been elected yet (rule 18).
func (r *replica) leased() bool {
	return r.reads == readsLease && !r.handover.told &&
		r.quorumIs(func(p *peer) bool { return r.now-p.renewed < r.lease() })
}
