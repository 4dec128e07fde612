package multipaxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/snapshot"
)

// proposeFound proposes again, under the leader's own ballot, the proposals that phase 1 has found, with
// no-ops in the gaps (rule 5). A membership among them, and what is behind it, waits until everything before it is
// chosen (rule 22).
func (r *replica) proposeFound() {
	found := r.found
	r.candidacy = candidacy{}
	for first := found.truncated + 1; first <= found.last(); {
		if found.isMembership(first) && r.commit < first-1 { // rule 22
			found.truncate(first - 1)
			r.found = found
			return
		}
		batch := found.batch(first, found.endOfRun(first), r.config.Limits.Max())
		for i := range batch {
			if id, err := kv.ID(batch[i].command); err == nil && id.Seq > 0 {
				batch[i].id = id
				r.out.Mark(id, protocols.MarkRetried)
			}
		}
		r.proposeAt(first, batch)
		first += uint64(len(batch))
	}
}

// learnFound takes what phase 1 has found before the last membership for chosen, and accepts it under the leader's own ballot (rule 31). If
// something is missing there, the membership waits: no acceptor tells such a promise (rule 24).
func (r *replica) learnFound() {
	last := r.found.memberships.At(r.found.last()).Index
	if !r.log.memberships.Changes() || last <= r.commit+1 {
		return
	}
	for index := r.commit + 1; index < last; index++ {
		if r.found.at(index).ballot == 0 {
			return
		}
	}
	for first := r.commit + 1; first < last; {
		batch := r.found.batch(first, last-1, r.config.Limits.Max())
		for i, chosen := range batch {
			r.log.set(first+uint64(i), instance{ballot: r.promised, command: chosen.command})
		}
		r.persist(first, r.scratch.commandsOf(batch))
		first += uint64(len(batch))
	}
	r.followMembership()
	r.commit = last - 1
	r.apply()
	r.found.truncate(r.commit)
}

// admitFound notes that the leader proposes the commands found, so that it does not propose them twice (rule 7).
func (r *replica) admitFound() {
	for _, i := range r.found.slots {
		if id, err := kv.ID(i.command); err == nil && id.Seq > 0 {
			r.forwarder.Admit(r.config.ID, &forward.Command{Client: id.Client, Seq: id.Seq})
		}
	}
}

// learn takes a leader's commit index. It takes the instances up to there for chosen that were accepted
// under that leader's ballot (rule 8), and asks the leader for the rest (rule 9): one question at a time, each as
// soon as the answer to the last has taught it something, or is overdue.
func (r *replica) learn(commit uint64) {
	if r.witness { // rule 19: it applies nothing
		return
	}
	before := r.commit
	r.leaderCommit = max(r.leaderCommit, commit)
	for r.commit < r.leaderCommit && r.log.at(r.commit+1).ballot == r.promised {
		r.commit++
	}
	r.apply()
	progress := r.commit > before
	if leader := r.forwarder.Leader(); leader != protocols.Nobody && r.commit < r.leaderCommit && (progress && r.asked == 0 || r.now >= r.catchUpAt) { // rule 9: ask the leader
		r.asked = r.commit + 1
		r.catchUpAt = r.now + r.config.AnswerTimeout(leader)
		r.catchUp(leader)
	}
}

// catchUp asks a replica for what is chosen after the commit index, or for the next piece of its snapshot.
func (r *replica) catchUp(from protocols.NodeID) {
	if sender, underWay := r.receiver.UnderWay(r.now); underWay && sender != from {
		return // a second transfer would slow down the one under way
	}
	r.send(from, r.promised, &Message_CatchUp{CatchUp: &CatchUp{First: r.commit + 1, Snapshot: r.receiver.Ask(from)}})
}

// onCatchUp answers a replica that lacks chosen instances: with a piece of a snapshot if its log is
// truncated there (rule 13), and else, as the leader, with accepts (rule 9).
func (r *replica) onCatchUp(from protocols.NodeID, m *CatchUp) {
	switch {
	case m.First <= r.log.truncated: // rule 13: the log does not have it any more
		r.onAsk(from, m.Snapshot)
	case m.First <= r.commit && r.role == leader:
		missing := r.log.batch(m.First, r.lastToLearn(), r.config.Limits.Max())
		r.send(from, r.promised, r.scratch.acceptOf(m.First, r.scratch.commandsOf(missing), r.commit))
	}
}

// startResendTimers sets the timer of every other replica, after which accepts that it has not answered are
// sent to it again (rule 10).
func (r *replica) startResendTimers() {
	for _, to := range r.group {
		if to != r.config.ID && !r.resending[to] {
			r.resending[to] = true
			r.out.SetTimer(resendTimer+protocols.TimerID(to), r.config.AnswerTimeout(to))
		}
	}
}

// onResendTimer sends a replica the accepts again whose answers are overdue (rule 10), up to one message of them: a
// replica that is merely slow still has the first ones before it.
func (r *replica) onResendTimer(to protocols.NodeID) {
	r.resending[to] = false
	last := r.proposedTo()
	if r.role != leader || r.commit == last || !r.inGroup(to) {
		return
	}
	budget := r.config.Limits.Max()
	for first := r.commit + 1; first <= last && budget > 0; {
		end := first
		for end <= last && r.isOverdue(end, to) {
			end++
		}
		if first < end {
			budget -= r.resend(to, first, end)
		}
		first = end + 1
	}
	r.startResendTimers()
}

// isOverdue returns true if an instance is not chosen, and a replica has not answered its accept for as long
// as an answer may take.
func (r *replica) isOverdue(index uint64, from protocols.NodeID) bool {
	i := r.log.slot(index)
	return !r.chosen(index) && !i.accepted.Has(int32(from)) && i.proposed+r.config.AnswerTimeout(from) <= r.now
}

// resend sends the accepts of the instances from first on, and before end, again, as many as one message carries. It
// returns the size of their commands in bytes, or the most that a message carries if not all fit.
func (r *replica) resend(to protocols.NodeID, first, end uint64) (size int) {
	if r.config.IsWitness(to) {
		r.send(to, r.promised, r.scratch.countOf(first, end-first, r.commit))
		return 0
	}
	batch := r.log.batch(first, end-1, r.config.Limits.Max())
	for i := range batch {
		r.out.Mark(batch[i].id, protocols.MarkRetried)
		size += len(batch[i].command)
	}
	if first+uint64(len(batch)) < end {
		size = r.config.Limits.Max()
	}
	r.send(to, r.promised, r.scratch.acceptOf(first, r.scratch.commandsOf(batch), r.commit))
	return size
}

// onAsk sends a replica the piece of a snapshot that it asks for. If no snapshot is on offer, it begins one: the replica
// gets the first piece when that is whole.
func (r *replica) onAsk(from protocols.NodeID, a *snapshot.Ask) {
	r.sendPiece(from, a, func() (index uint64, state []byte) {
		r.askers.Add(int32(from))
		r.beginSnapshot()
		return 0, nil
	})
}

// sendPiece sends a replica the piece of a snapshot that it asks for, unless that is on its way.
func (r *replica) sendPiece(to protocols.NodeID, a *snapshot.Ask, take func() (index uint64, state []byte)) {
	if piece := r.sender.Piece(to, a, r.now, r.config.AnswerTimeout(to), r.config.Limits, take); piece != nil {
		m := r.scratch.message(r.promised, &Message_Piece{Piece: piece})
		m.Membership = r.log.memberships.At(piece.Index).Message() // rule 30
		r.out.Send(to, m)
	}
}

// onPiece takes a piece of a snapshot, asks for the next one, and adopts the snapshot when it is complete
// (rule 13).
func (r *replica) onPiece(from protocols.NodeID, p *snapshot.Piece, inForce *membership.EncodedPlaced) {
	if r.role == leader || p.Index <= r.commit {
		return
	}
	whole, added := r.receiver.Add(from, p, r.now)
	if !added {
		return
	}
	if r.role == candidate {
		r.parts++ // rule 11: those who have promised are told
	}
	r.election.Heard(r.now) // rule 13: a new candidacy would delay the transfer
	if whole == nil {
		r.catchUpAt = r.now + r.config.AnswerTimeout(from)
		r.catchUp(from)
		return
	}
	if r.adopt(p.Index, whole, inForce) != nil {
		return // no replica of this driver has sent it
	}
	r.compact(r.applied, whole)
	switch r.role {
	case candidate:
		r.found.truncate(r.commit)
		r.followFound()
		r.prepareAt(from)
	case follower:
		r.catchUpAt = r.now
		r.learn(r.leaderCommit) // and ask for what comes after the snapshot
	}
}
