package zab

import (
	"bytes"

	"quorumbench/protocols"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// propose handles commands that replica from has forwarded, or that clients of this replica have given. The leader
// proposes those that it has not proposed yet (rule 7). A command that has taken effect is not proposed again:
// the replica that its client asked has its result, or will when it has applied it.
func (r *replica) propose(from protocols.NodeID, handed ...*forward.Command) {
	reads := len(r.syncs)
	for _, c := range handed {
		id := c.ID()
		if r.store.Acked(id) { // its client has given it up: the replica that was asked is told, so that it does not go on trying
			r.forwarder.Admit(from, c)
			r.answer(id, nil)
			continue
		}
		if !r.forwarder.Admit(r.config.ID, c) { // the leader does not reply; the replica that was asked answers (rule 11)
			continue
		}
		if result, done := r.store.Result(id); done {
			r.answer(id, result)
			continue
		}
		r.out.Mark(id, protocols.MarkProposed)
		if r.isSyncRead(c) {
			r.beginSync(from, c)
			continue
		}
		r.append(c.Data)
	}
	if len(r.syncs) > reads { // one no-op for all of them
		r.append(nil)
	}
}

// append adds a transaction to the leader's history, and proposes it to the followers that have everything before it, in the
// order of the history. The proposals do not wait for the leader's disk (rule 1).
func (r *replica) append(command []byte) {
	own := r.scratch.own(r.accepted, command)
	r.write(r.history.last()+1, own)
	r.whenDurable()
	last := r.history.last()
	level := r.scratch.level[:0]
	for id := range r.peers {
		if p := &r.peers[id]; p.next == last && protocols.NodeID(id) != r.config.ID {
			level = append(level, protocols.NodeID(id))
		}
	}
	r.scratch.level = level
	if len(level) == 0 {
		return
	}
	ts := r.history.from(last, r.config.Limits.Max())
	r.out.BroadcastNow(r.config.ID, level, r.proposal(last, ts))
	for _, to := range level {
		r.noteSent(to, ts)
		r.peers[to].next++
	}
}

// proposal returns a message with transactions from index first on.
func (r *replica) proposal(first uint64, ts []transaction) *Message {
	return r.scratch.proposeOf(r.accepted, zxid{r.history.epoch(first - 1), first - 1}, ts, r.commit)
}

// onPropose is the follower's side of synchronisation and broadcast: it adds the transactions to its history if that
// has the one before them, and acknowledges when they are durable (rule 7). A message that overtook another waits.
func (r *replica) onPropose(m *Propose) {
	r.committed = max(r.committed, m.Commit)
	if !r.history.contains(zxid{protocols.Ballot(m.PrevEpoch), m.PrevIndex}) {
		r.holdEarly(m)
		r.tellMissing(false)
		return
	}
	r.merge(m)
	r.mergeEarly()
	r.receiver.DropUpTo(r.matched)
	r.askAt = 0
	r.out.Send(r.leader, r.scratch.ackUpTo(r.accepted, r.matched))
	r.applyCommitted()
}

// merge writes the transactions of a message into the history, from the first that it does not contain. Those that it
// contains, and those after them, stay: the message may come late, or twice.
func (r *replica) merge(m *Propose) {
	r.verified = true
	for i, t := range m.Transactions {
		if index := m.PrevIndex + 1 + uint64(i); !r.history.contains(zxid{protocols.Ballot(t.Epoch), index}) {
			r.write(index, m.Transactions[i:])
			r.markAccepted(m.Transactions[i:])
			break
		}
	}
	r.matched = max(r.matched, r.commit, m.PrevIndex+uint64(len(m.Transactions)))
}

// mergeEarly takes the proposals that have waited for what the history has now (rule 7).
func (r *replica) mergeEarly() {
	for early, held := r.early.Take(r.matched); held; early, held = r.early.Take(r.matched) {
		r.merge(early)
	}
	r.early.DropBefore(r.matched)
}

// maxEarlyMessages bounds what a follower holds of proposals that overtook others: as many bytes of commands as so many
// messages have at most.
const maxEarlyMessages = 8

// holdEarly holds a copy of a proposal until those before it have arrived (rule 7).
func (r *replica) holdEarly(m *Propose) {
	if len(m.Transactions) == 0 {
		return
	}
	held, size := &Propose{PrevIndex: m.PrevIndex, PrevEpoch: m.PrevEpoch}, 0
	for _, t := range m.Transactions {
		held.Transactions = append(held.Transactions, &Transaction{Epoch: t.Epoch, Command: bytes.Clone(t.Command)})
		size += len(t.Command)
	}
	r.early.Add(m.PrevIndex, held, size, maxEarlyMessages*r.config.Limits.Max())
}

// markAccepted marks the commands that the replica has added to its history as a follower.
func (r *replica) markAccepted(ts []*Transaction) {
	for _, t := range ts {
		if id, err := kv.ID(t.Command); err == nil && id.Seq > 0 {
			r.out.Mark(id, protocols.MarkAccepted)
		}
	}
}

// onAck handles a follower's acknowledgement: a follower that is behind gets the next transactions, and the leader
// commits what a quorum has (rule 8).
func (r *replica) onAck(from protocols.NodeID, index uint64) {
	p := &r.peers[from]
	if p.next == 0 {
		return // it is about an earlier incarnation of the follower
	}
	progress := index > p.match // else it is late, or came twice
	p.match = max(p.match, index)
	if p.next <= p.match {
		p.next = p.match + 1
	}
	if progress && r.stage != broadcasting {
		r.election.Heard(r.now)
	}
	level := p.match+1 == p.next // it has everything that was sent
	if level {
		p.busyUntil = 0
	}
	if p.timed > 0 && p.match >= p.timed {
		p.window, p.timed = r.config.Limits.Window(p.window, r.now-p.timedAt, r.config.AnswerTimeout(from)), 0
	}
	if (progress || level) && p.next <= r.history.last() {
		r.fillWindow(from)
	}
	r.advance()
}

// advance begins broadcast when a phase-2 quorum is synchronised (rule 6), and commits the transactions of the leader's
// own epoch that the synchronised replicas of a phase-2 quorum have (rule 8).
func (r *replica) advance() {
	if r.stage == synchronising && r.phase2.IsQuorum(r.synced) {
		r.beginBroadcast()
	}
	if r.stage != broadcasting {
		return
	}
	for i, p := range r.peers {
		r.matches[i] = 0
		if r.synced.Has(int32(i)) {
			r.matches[i] = p.match
		}
	}
	if r.synced.Has(int32(r.config.ID)) {
		r.matches[r.config.ID] = r.durable
	}
	if index := quorum.Reached(r.phase2, r.matches); index > r.commit {
		r.commitTo(index)
		r.tellCommit()
	}
}

// tellCommit tells the synchronised followers up to where the history is committed.
func (r *replica) tellCommit() {
	level := r.scratch.level[:0]
	for id := range r.synced.All() {
		level = append(level, protocols.NodeID(id))
	}
	r.scratch.level = level
	r.out.BroadcastNow(r.config.ID, level, r.scratch.commitUpTo(r.accepted, r.commit))
}

// onCommit handles a leader's word that broadcast has begun, and up to where the history is committed (rules 6 and 7).
func (r *replica) onCommit(index uint64) {
	if r.current != r.accepted {
		return // it has not acknowledged NewLeader: that comes again
	}
	r.beginFollowing()
	r.committed = max(r.committed, index)
	r.applyCommitted()
	if r.matched < index {
		r.tellMissing(false)
	}
}

// beginFollowing forwards the commands of this replica's clients to the leader, which has begun to propose.
func (r *replica) beginFollowing() {
	if r.forwarder.Leader() != r.leader {
		r.forwarder.Lead(r.leader, r.now, r.out)
	}
}

// applyCommitted applies what is committed, as far as the follower's history is known to be the leader's.
func (r *replica) applyCommitted() { r.commitTo(min(r.committed, r.matched)) }

// commitTo applies the transactions up to index, which are committed, in the order of the history. It answers those whose
// clients wait here (rule 11).
func (r *replica) commitTo(index uint64) {
	for r.commit < index {
		r.commit++
		t := r.history.at(r.commit)
		command := t.command
		id, result := r.store.Apply(command)
		r.appliedBytes += t.size()
		r.out.Commit(protocols.Slot{Index: r.commit}, id, command)
		if r.role == leading && id.Seq > 0 {
			r.out.Mark(id, protocols.MarkCommitted)
		}
		r.answer(id, result)
	}
	r.receiver.DropUpTo(r.commit)
	r.serveSyncs()
	r.serveReads()
}

// answer gives a command's result to its client, if that waits here.
func (r *replica) answer(id protocols.CommandID, result []byte) {
	if r.forwarder.OnApplied(id, r.stamped(result), r.out) {
		r.out.Mark(id, protocols.MarkApplied)
		delete(r.waiting, id)
	}
}

// beat is a leader's heartbeat: who has not acknowledged the epoch is asked to again, who is not synchronised is told
// again when it has been sent everything, and all others get a ping. A leader that hears no phase-2 quorum looks
// for a leader (rule 9).
func (r *replica) beat() {
	if r.stage == broadcasting && !r.hearsQuorum() {
		r.look()
		return
	}
	for id := range r.peers {
		to := protocols.NodeID(id)
		p := &r.peers[to]
		switch {
		case to == r.config.ID:
		case !r.discovered.Has(int32(to)) || r.stage == discovering:
			r.send(to, &Message_NewEpoch{NewEpoch: &NewEpoch{}})
		case !r.synced.Has(int32(to)) && p.next > r.end.index:
			r.sendNewLeader(to)
		default:
			r.out.SendNow(to, r.scratch.message(r.accepted, &Message_Ping{Ping: &Ping{
				Last: max(p.next, 1) - 1, Commit: r.commit, Broadcasting: r.stage == broadcasting,
			}}))
			r.sendMore(to)
		}
	}
	r.sender.Expire(r.now)
	r.out.SetTimer(heartbeatTimer, r.config.Delays.Heartbeat())
}

// sendMore sends a follower that is behind, and answers, one message more than it has acknowledged, unless a large one is on
// its way: so there are more of them under way from heartbeat to heartbeat, and on a fast link not one for each round trip.
func (r *replica) sendMore(to protocols.NodeID) {
	p := &r.peers[to]
	behind := p.next > r.history.base.index && p.next <= r.history.last()
	if behind && r.now >= p.busyUntil && r.now-p.lastHeard < 2*r.config.Delays.Heartbeat() {
		r.sendNext(to)
	}
}

// hearsQuorum returns true if a phase-2 quorum, the leader included, has answered within an election timeout.
func (r *replica) hearsQuorum() bool {
	heard := quorum.Of(r.config.ID)
	for id := range r.peers {
		if r.now-r.peers[id].lastHeard < r.electionTimeout {
			heard.Add(int32(id))
		}
	}
	return r.phase2.IsQuorum(heard)
}

// onPing answers a heartbeat: with what is missing, also while a snapshot comes in pieces, or up to where this history is the
// leader's.
func (r *replica) onPing(m *Ping) {
	if r.current == r.accepted {
		if m.Broadcasting {
			r.beginFollowing()
		}
		r.committed = max(r.committed, m.Commit)
		r.applyCommitted()
	}
	from, underWay := r.receiver.UnderWay(r.now)
	if !r.verified || r.matched < m.Last || underWay && from == r.leader {
		r.tellMissing(true)
		return
	}
	r.out.Send(r.leader, r.scratch.ackUpTo(r.accepted, r.matched))
}
