package multipaxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/snapshot"
)

// Recovery: what may have been chosen is chosen again, what was lost is repeated, and a replica
// that lags catches up.

// proposeFound proposes again whatever may have been chosen before this replica led, and no-ops in
// the gaps (rule 5).
func (r *replica) proposeFound() {
	found := r.found
	r.candidacy = candidacy{}
	for first := found.truncated + 1; first <= found.last(); {
		batch := found.fitting(first, found.last())
		for i := range batch {
			if id, err := kv.ID(batch[i].command); err == nil && id.Seq > 0 {
				batch[i].id = id
				r.forwarder.Admit(r.config.ID, &forward.Command{Client: id.Client, Seq: id.Seq}) // it is under way
				r.out.Mark(id, protocols.MarkRetried)
			}
		}
		r.put(first, batch)
		first += uint64(len(batch))
	}
}

// learn takes note of a leader's commit index (rule 8).
func (r *replica) learn(commit uint64) {
	before := r.commit
	r.ahead = max(r.ahead, commit)
	for r.commit < r.ahead && r.log.at(r.commit+1).ballot == r.promised {
		r.commit++
	}
	r.apply()
	progress := r.commit > before
	if leader := r.forwarder.Leader(); leader != protocols.Nobody && r.commit < r.ahead && (progress || r.now >= r.askAt) { // rule 9
		r.askAt = r.now + r.config.Patience(leader)
		r.catchUp(leader)
	}
}

// catchUp asks for what is chosen behind the commit index, or for the rest of a snapshot.
func (r *replica) catchUp(from protocols.NodeID) {
	if sender, underWay := r.arrival.UnderWay(r.now); underWay && sender != from {
		return // a second snapshot would only be in its way
	}
	r.send(from, r.promised, &Message_CatchUp{CatchUp: &CatchUp{First: r.commit + 1, Snapshot: r.arrival.Ask(from)}})
}

// onCatchUp helps a follower from the log; and a follower, or a candidate, with a snapshot.
func (r *replica) onCatchUp(from protocols.NodeID, m *CatchUp) {
	switch {
	case m.First <= r.log.truncated: // rule 13
		r.sendPiece(from, m.Snapshot)
	case m.First <= r.commit && r.role == leader:
		missing := r.log.fitting(m.First, r.commit)
		r.send(from, r.promised, &Message_Accept{Accept: &Accept{First: m.First, Commands: commands(missing), Commit: r.commit}})
	}
}

// watchAnswers sees to it that an accept is repeated that stays without an answer (rule 10).
func (r *replica) watchAnswers() {
	for _, to := range r.config.Members {
		if to != r.config.ID && !r.repeats[to] {
			r.repeats[to] = true
			r.out.SetTimer(repeatTimer+protocols.TimerID(to), r.config.Patience(to))
		}
	}
}

func (r *replica) onRepeatTimer(to protocols.NodeID) {
	r.repeats[to] = false
	if r.role != leader || r.commit == r.log.last() {
		return
	}
	for first := r.commit + 1; first <= r.log.last(); {
		end := first
		for end <= r.log.last() && r.late(r.log.place(end), to) {
			r.out.Mark(r.log.place(end).id, protocols.MarkRetried)
			end++
		}
		r.repeat(to, first, end)
		first = end + 1
	}
	r.watchAnswers()
}

// late tells whether a replica's answer to an accept is overdue and still matters.
func (r *replica) late(i *instance, from protocols.NodeID) bool {
	return !r.chosen(i) && !i.accepted.Has(int32(from)) && i.proposed+r.config.Patience(from) <= r.now
}

// repeat sends the accepts of the instances from first on, before end, again.
func (r *replica) repeat(to protocols.NodeID, first, end uint64) {
	for first < end {
		batch := r.log.fitting(first, end-1)
		r.send(to, r.promised, &Message_Accept{Accept: &Accept{First: first, Commands: commands(batch), Commit: r.commit}})
		first += uint64(len(batch))
	}
}

// sendPiece answers a question for a snapshot.
func (r *replica) sendPiece(to protocols.NodeID, a *snapshot.Ask) {
	present := func() (index uint64, state []byte) { return r.applied, r.store.Snapshot() }
	if piece := r.offer.Piece(to, a, r.now, r.config.Patience(to), present); piece != nil {
		r.send(to, r.promised, &Message_Piece{Piece: piece})
	}
}

// onPiece collects the pieces of a snapshot (rule 13), and adopts it when it is whole.
func (r *replica) onPiece(from protocols.NodeID, p *snapshot.Piece) {
	if r.role == leader || p.Index <= r.commit {
		return
	}
	whole, added := r.arrival.Add(from, p, r.now)
	if !added {
		return
	}
	r.election.Heard(r.now) // rule 13: a candidate that stood again would have to begin again
	if whole == nil {
		r.askAt = r.now + r.config.Patience(from)
		r.catchUp(from)
		return
	}
	if r.adopt(p.Index, whole) != nil {
		return // not of a replica of this driver
	}
	r.compact(whole)
	switch r.role {
	case candidate:
		r.found.truncate(r.commit)
		r.prepareAt(from)
	case follower:
		r.askAt = r.now
		r.learn(r.ahead) // and ask for what is behind the snapshot
	}
}
