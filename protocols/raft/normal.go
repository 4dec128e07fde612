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

// peer is what a leader knows of a follower.
type peer struct {
	match    uint64 // the follower's log is the leader's up to this index
	next     uint64 // index of the first entry to send; those before it match or are on their way
	probing  bool   // the logs differ somewhere before next; see onRejected
	target   uint64 // the last index of the leader's log at the last heartbeat (rule 33)
	caughtUp bool   // at the last heartbeat, the follower had what the log had at the one before
	filledTo uint64 // missing entries up to this index have been sent since the last heartbeat; see fillGap

	batchBytes int           // bytes of commands that an append may carry while the follower is behind; 0: flow.MaxBytes
	sentAt     time.Duration // when entries were last sent
	largeUntil time.Duration // until when a large append may be on its way

	lastHeard       time.Duration // when the follower last answered in this term
	lastAtHeartbeat uint64        // the last index of the leader's log at the last heartbeat
	confirmed       uint64        // the last round of confirmations that the follower has answered
	confirmedStart  time.Duration // when that round began
}

// propose handles a command that replica from has forwarded, or that a client of this replica has given. The
// leader appends it to its log, or answers it as a read without an entry, unless it has proposed it already
// or is handing over (rule 27). A command that has taken effect is answered with its result (rule 12).
func (r *replica) propose(from protocols.NodeID, c *forward.Command) {
	if r.handover.pending || !r.forwarder.Admit(from, c) {
		return
	}
	if result, done := r.store.Result(c.ID()); done || r.store.Acked(c.ID()) { // rule 12: the answer was lost or is late
		r.forwarder.OnApplied(c.ID(), result, r.out)
		return
	}
	r.out.Mark(c.ID(), protocols.MarkProposed)
	if !r.acceptRead(c) {
		r.append(entry{term: r.term, command: c.Data})
	}
}

// append adds an entry to the leader's log and sends it to the followers that keep pace. A follower that is
// behind gets the next append when it has answered the last: more would only delay heartbeats on its link.
func (r *replica) append(e entry) {
	r.persistEntries(r.log.last()+1, r.scratch.out.own.of([]entry{e}))
	last := r.log.last()
	r.out.WhenDurable(last)
	r.keepPace = r.keepPace[:0]
	r.others(func(to protocols.NodeID) {
		if r.config.IsWitness(to) {
			r.sendEnd(to)
		} else if p := &r.peers[to]; !p.probing && p.next == last {
			r.keepPace = append(r.keepPace, to)
		}
	})
	if len(r.keepPace) == 0 {
		return
	}
	entries := r.log.from(last, r.config.Limits.Max())
	if m := r.appendMessage(last, entries); r.termIsDurable() {
		r.out.BroadcastNow(r.config.ID, r.keepPace, m)
	} else {
		r.out.Broadcast(r.config.ID, r.keepPace, m)
	}
	for _, to := range r.keepPace {
		r.noteSent(to, entries)
	}
}

// onDurable is called when the leader's own log is durable up to an index. The leader then counts itself
// among those who hold these entries (rule 4). A leader that is a quorum by itself commits here.
func (r *replica) onDurable(index uint64) {
	if r.role == leader && r.log.term(index) == r.term {
		r.durable = max(r.durable, index)
		r.advanceCommit()
	}
}

// sendEntries sends a follower the entries from peer.next on, or tells it which snapshot is on offer if the
// first of them has been removed (rule 14).
func (r *replica) sendEntries(to protocols.NodeID) {
	p := &r.peers[to]
	if p.next <= r.log.base { // rule 14: the entry has been removed
		r.sendHead(to)
		return
	}
	entries := r.log.from(p.next, cmp.Or(p.batchBytes, r.config.Limits.Max()))
	r.sendAppend(to, p.next, entries)
	r.noteSent(to, entries)
}

// noteSent notes that the entries from peer.next on were sent to a follower.
func (r *replica) noteSent(to protocols.NodeID, entries []entry) {
	p := &r.peers[to]
	p.sentAt = r.now
	if size := bytesOf(entries); size >= r.config.Limits.Min() {
		p.largeUntil = r.now + r.config.AnswerTimeout(to) + flow.Transmission(size)
	}
	if !p.probing { // rule 10: assume that it is received
		p.next += uint64(len(entries))
	}
}

// probe makes the leader search for the index up to which the logs match, with one append at a time (rule
// 10). An append carries little at first: it must not delay the heartbeats on a slow link by an election timeout.
func (p *peer) probe(l flow.Limits) { p.probing, p.batchBytes = true, l.Min() }

// sendAppend sends entries from index first on, none for a heartbeat. It uses SendNow, and so does not wait
// for the leader's disk (rule 4), once the leader's term is durable: the message does not say that the leader
// holds the entries.
func (r *replica) sendAppend(to protocols.NodeID, first uint64, entries []entry) {
	if m := r.appendMessage(first, entries); r.termIsDurable() {
		r.out.SendNow(to, m)
	} else {
		r.out.Send(to, m)
	}
}

// termIsDurable returns true if the leader's term is durable. The others' votes have waited for that; who elects itself alone has
// asked nobody, and waits until the first entry of its term is durable: a term whose entries others hold must not be used again.
func (r *replica) termIsDurable() bool {
	return r.log.term(r.durable) == r.term || !r.voters.IsQuorum(quorum.Of(r.config.ID))
}

// appendMessage returns an append of the present term with entries from index first on.
func (r *replica) appendMessage(first uint64, entries []entry) *Message {
	return r.scratch.message(r.term, r.scratch.appendOf(first-1, r.log.term(first-1), entries, r.commit))
}

// onAppendEntries is the follower's side of an append: it writes the entries into its log if that has the
// entry before them (rule 5), confirms them (rule 6) and applies what the leader has committed of them (rule
// 9). It holds an append that overtook another, and rejects one that does not match its log (rule 10).
func (r *replica) onAppendEntries(from protocols.NodeID, m *AppendEntries) {
	switch {
	case r.witness:
		r.accept(from, position{m.PrevTerm, m.PrevIndex})
		return
	case m.PrevIndex > r.log.last():
		r.holdEarly(from, m)
		return
	case !r.log.contains(m.PrevIndex, m.PrevTerm): // rule 5: the logs differ before it
		r.reject(from, m.PrevIndex)
		return
	}
	matched, commit := r.merge(m), m.Commit                                           // rule 6: the index up to which the logs have been compared
	for early := r.early.take(matched); early != nil; early = r.early.take(matched) { // rule 10: it waited for this
		matched, commit = r.merge(early), max(commit, early.Commit)
	}
	r.early.dropBefore(matched)
	r.send(from, r.scratch.appendedUpTo(matched))
	r.commitTo(min(commit, matched)) // rule 9: not beyond what has been compared
}

// merge writes the entries of an append into the log, from the first that the log does not contain. Entries
// that the log contains, and those after them, stay (rule 5). It returns the index of the append's last
// entry.
func (r *replica) merge(m *AppendEntries) (matched uint64) {
	for i, e := range m.Entries {
		if index := m.PrevIndex + 1 + uint64(i); !r.log.contains(index, e.Term) {
			r.persistEntries(index, m.Entries[i:])
			r.markAccepted(m.Entries[i:])
			break
		}
	}
	return m.PrevIndex + uint64(len(m.Entries))
}

// markAccepted marks the commands that the replica has written to its log as a follower.
func (r *replica) markAccepted(entries []*Entry) {
	for _, e := range entries {
		if id, err := kv.ID(e.Command); err == nil && len(e.Command) > 0 {
			r.out.Mark(id, protocols.MarkAccepted)
		}
	}
}

// onAppended handles a follower's confirmation: the leader notes how far the follower's log matches, sends a
// follower that is behind the next entries, and commits what a quorum holds.
func (r *replica) onAppended(from protocols.NodeID, index uint64) {
	if r.role != leader {
		return
	}
	p := &r.peers[from]
	progress := index > p.match // else it is a duplicate, or late
	p.match = max(p.match, index)
	p.next = max(p.next, p.match+1)
	if p.probing && p.match == p.next-1 {
		p.probing, progress = false, true
	}
	if progress && !p.probing && p.next <= r.log.last() {
		p.batchBytes = r.config.Limits.Pace(cmp.Or(p.batchBytes, r.config.Limits.Max()), r.now-p.sentAt, r.config.AnswerTimeout(from))
		r.sendEntries(from)
	}
	r.advanceCommit()
	if from == r.config.Leader {
		r.sendTimeoutNow()
	}
}

// advanceCommit commits up to the highest index that the logs of a quorum have reached, if that entry is of
// the leader's own term (rule 7).
func (r *replica) advanceCommit() {
	for i, p := range r.peers {
		r.matches[i] = p.match
	}
	r.matches[r.config.ID] = r.durable
	index := quorum.Reached(r.holders, r.matches)
	if r.log.term(index) == r.term { // rule 7: only an entry of its own term
		r.commitTo(index)
	}
	r.advanceMembership()
}

// commitTo applies the entries up to index, which are committed, in the order of the log (rule 12). It drops a snapshot that
// is being received and covers no more (rule 15).
func (r *replica) commitTo(index uint64) {
	for ; r.commit < index; r.commit++ {
		committed := r.log.at(r.commit + 1)
		command := committed.command
		id, result := r.store.Apply(command)
		r.appliedBytes += len(command)
		r.out.Commit(protocols.Slot{Index: r.commit + 1}, id, command)
		if r.role == leader && len(command) > 0 {
			r.out.Mark(id, protocols.MarkCommitted)
			r.out.Mark(id, protocols.MarkApplied)
		}
		if r.role == leader && committed.membership != nil {
			r.out.Mark(protocols.CommandID{}, protocols.MarkMembership+committed.membership.String())
		}
		r.forwarder.OnApplied(id, result, r.out)
	}
	r.receiver.DropUpTo(r.commit)
	r.compact()
}

// heartbeat sends every follower an append at the place where its log should end (rule 11), empty if a large
// append may be on its way, and starts a round of confirmations if a lease or a read needs one.
func (r *replica) heartbeat() {
	r.others(func(to protocols.NodeID) {
		p := &r.peers[to]
		p.filledTo = 0
		switch {
		case r.config.IsWitness(to):
			r.sendEnd(to)
		case r.now >= p.largeUntil:
			r.sendEntries(to)
		case p.match >= r.log.base: // a large append is on its way: this heartbeat makes the follower ask for nothing
			r.sendAppend(to, p.match+1, nil)
		default:
			r.sendAppend(to, p.next, nil)
		}
	})
	r.sender.Expire(r.now)
	if r.reads == readsLease || len(r.waiting) > 0 {
		r.startRound()
	}
	r.out.SetTimer(heartbeatTimer, r.config.Delays.Heartbeat())
}
