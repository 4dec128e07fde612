package raft

import (
	"cmp"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// The normal case: a command becomes an entry, the entry is copied, committed and applied.

// peer is what a leader knows of a follower.
type peer struct {
	match   uint64 // its log is the leader's up to here
	next    uint64 // the first entry to send; all before are matched or on their way
	probing bool   // the logs do not meet before next: see recovery.go
	filled  uint64 // a gap up to here has been filled since the last heartbeat

	most  int           // bytes of commands in an append while it is behind; 0: flow.MaxBytes
	sent  time.Duration // when it was sent entries last
	large time.Duration // until when a large append may be under way

	heard     time.Duration // when it last answered in this term
	beaten    uint64        // the end of the leader's log at the last heartbeat
	confirmed uint64        // the last round of confirmations it has answered
	renewed   time.Duration // when that round began
}

// propose puts a command forward that from, or a client of this replica, has handed over.
func (r *replica) propose(from protocols.NodeID, c *forward.Command) {
	if r.handover.under || !r.forwarder.Admit(from, c) {
		return
	}
	r.out.Mark(c.ID(), protocols.MarkProposed)
	if !r.readAside(c) {
		r.append(&Entry{Term: r.term, Command: c.Data})
	}
}

// append adds an entry to the leader's log and sends it to all who keep pace. Those who are behind get
// what they lack at the pace of their answers: more would only wait on the link, and heartbeats behind it.
func (r *replica) append(e *Entry) {
	r.write(r.log.last()+1, []*Entry{e})
	r.out.WhenDurable(r.log.last())
	r.others(func(to protocols.NodeID) {
		if p := &r.peers[to]; !p.probing && p.next == r.log.last() {
			r.sendEntries(to)
		}
	})
}

// onDurable counts the leader's own log up to an index that it has appended and that is on its disk now
// (rule 4). A leader that is a quorum by itself commits by this alone.
func (r *replica) onDurable(index uint64) {
	if r.role == leader && r.log.term(index) == r.term {
		r.durable = max(r.durable, index)
		r.advanceCommit()
	}
}

// sendEntries sends what follows the place up to which the peer's log is known or assumed.
func (r *replica) sendEntries(to protocols.NodeID) {
	p := &r.peers[to]
	if p.next <= r.log.base { // rule 14
		r.sendHead(to)
		return
	}
	entries := r.log.from(p.next, cmp.Or(p.most, flow.MaxBytes))
	r.sendAppend(to, p.next, entries)
	p.sent = r.now
	if size := bytesOf(entries); size >= leastBatch {
		p.large = r.now + r.config.Patience(to) + flow.Transmission(size)
	}
	if !p.probing { // rule 10
		p.next += uint64(len(entries))
	}
}

// leastBatch is what an append to a follower that is behind carries at first: it must not keep the
// heartbeats of a slow link waiting for an election timeout.
const leastBatch = flow.MinBytes

// probe begins to look for the place where the logs meet.
func (p *peer) probe() { p.probing, p.most = true, leastBatch }

// sendAppend does not wait for the leader's disk (rule 4): its term is durable, since it was elected in it,
// and what it sends promises nothing in its own name.
func (r *replica) sendAppend(to protocols.NodeID, first uint64, entries []*Entry) {
	r.out.SendNow(to, &Message{Term: r.term, Kind: &Message_AppendEntries{AppendEntries: &AppendEntries{
		PrevIndex: first - 1, PrevTerm: r.log.term(first - 1), Entries: entries, Commit: r.commit,
	}}})
}

func (r *replica) onAppendEntries(from protocols.NodeID, m *AppendEntries) {
	switch {
	case m.PrevIndex > r.log.last():
		r.keepEarly(from, m)
		return
	case !r.log.holds(m.PrevIndex, m.PrevTerm): // rule 5
		r.reject(from, m.PrevIndex)
		return
	}
	matched, commit := r.merge(m), m.Commit                                           // rule 6
	for early := r.early.take(matched); early != nil; early = r.early.take(matched) { // rule 10
		matched, commit = r.merge(early), max(commit, early.Commit)
	}
	r.early.drop(matched)
	r.send(from, &Message_Appended{Appended: &Appended{Index: matched}})
	r.commitTo(min(commit, matched)) // rule 9
}

// merge makes the log hold the entries of an append that it meets, and returns the index of the
// last of them. What is there already, and what follows it, stays (rule 5).
func (r *replica) merge(m *AppendEntries) (matched uint64) {
	for i, e := range m.Entries {
		if index := m.PrevIndex + 1 + uint64(i); !r.log.holds(index, e.Term) {
			r.write(index, m.Entries[i:])
			r.markAccepted(m.Entries[i:])
			break
		}
	}
	return m.PrevIndex + uint64(len(m.Entries))
}

func (r *replica) markAccepted(entries []*Entry) {
	for _, e := range entries {
		if id, err := kv.ID(e.Command); err == nil && len(e.Command) > 0 {
			r.out.Mark(id, protocols.MarkAccepted)
		}
	}
}

func (r *replica) onAppended(from protocols.NodeID, index uint64) {
	if r.role != leader {
		return
	}
	p := &r.peers[from]
	news := index > p.match // not what has come twice
	p.match = max(p.match, index)
	p.next = max(p.next, p.match+1)
	if p.probing && p.match == p.next-1 {
		p.probing, news = false, true
	}
	if news && !p.probing && p.next <= r.log.last() {
		p.most = flow.Pace(cmp.Or(p.most, flow.MaxBytes), r.now-p.sent, r.config.Patience(from))
		r.sendEntries(from)
	}
	r.advanceCommit()
	if from == r.config.Leader {
		r.handOver()
	}
}

// advanceCommit commits what a quorum holds: the highest index up to which the logs of a quorum match.
func (r *replica) advanceCommit() {
	for i, p := range r.peers {
		r.matches[i] = p.match
	}
	r.matches[r.config.ID] = r.durable
	index := quorum.Reached(r.holders, r.matches)
	if r.log.term(index) == r.term { // rule 7
		r.commitTo(index)
	}
}

// commitTo applies the entries up to index, which are committed.
func (r *replica) commitTo(index uint64) {
	for ; r.commit < index; r.commit++ { // rule 12
		command := r.log.at(r.commit + 1).Command
		id, result := r.store.Apply(command)
		r.grown += len(command)
		r.out.Commit(protocols.Slot{Index: r.commit + 1}, id, command)
		if r.role == leader && len(command) > 0 {
			r.out.Mark(id, protocols.MarkCommitted)
			r.out.Mark(id, protocols.MarkApplied)
		}
		r.forwarder.OnApplied(id, result, r.out)
	}
	r.compact()
}

// heartbeat makes the leader heard (rule 11).
func (r *replica) heartbeat() {
	r.others(func(to protocols.NodeID) {
		p := &r.peers[to]
		p.filled = 0
		switch {
		case r.now >= p.large:
			r.sendEntries(to)
		case p.match >= r.log.base: // what it lacks is under way: this asks for nothing
			r.sendAppend(to, p.match+1, nil)
		default:
			r.sendAppend(to, p.next, nil)
		}
	})
	r.offer.Expire(r.now)
	if r.reads == readsLease || len(r.waiting) > 0 {
		r.ask()
	}
	r.out.SetTimer(pulseTimer, r.config.Delays.Heartbeat())
}
