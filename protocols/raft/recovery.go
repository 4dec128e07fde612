package raft

import (
	"quorumbench/protocols"
)

// reject tells the leader that this log has no entry of the append's PrevTerm at prev, with a hint: the
// first index that is missing, or the first entry of the term that the log has at prev.
func (r *replica) reject(from protocols.NodeID, prev uint64) {
	hint := &Rejected{PrevIndex: prev, HintIndex: r.log.last() + 1}
	if prev <= r.log.last() {
		hint.HintTerm = r.log.term(prev)
		hint.HintIndex = r.log.firstIndexOf(hint.HintTerm)
	}
	r.send(from, &Message_Rejected{Rejected: hint})
}

// onRejected sends a follower what it lacks (rule 10). If its log merely ends too early, the missing entries
// are sent again, once a heartbeat, and pipelining goes on. Otherwise the leader probes: first after its
// own last entry of the follower's hinted term, if it has one, or else at the first entry that the follower
// has of that term (section 5.3).
func (r *replica) onRejected(from protocols.NodeID, m *Rejected) {
	if r.role != leader {
		return
	}
	p := &r.peers[from]
	outdated := m.PrevIndex <= p.match || p.probing && m.PrevIndex != p.next-1
	if outdated || r.fillGap(from, m) {
		return
	}
	p.probe(r.config.Limits)
	p.next = m.HintIndex
	if after := r.log.firstIndexOf(m.HintTerm + 1); m.HintTerm > 0 && r.log.term(after-1) == m.HintTerm {
		p.next = after
	}
	p.next = max(p.next, p.match+1)
	r.sendEntries(from)
}

// fillGap sends the entries that are missing between a follower's last entry and an append that it holds. It
// returns false if the rejection is not about such a gap, or the entries do not fit into one message.
func (r *replica) fillGap(to protocols.NodeID, m *Rejected) bool {
	p := &r.peers[to]
	if m.HintTerm > 0 || p.probing || m.HintIndex <= p.match || m.HintIndex > m.PrevIndex || m.PrevIndex >= p.next {
		return false
	}
	if m.PrevIndex <= p.filledTo {
		return true
	}
	first := max(m.HintIndex, p.filledTo+1) // entries before it are on their way already
	entries := r.log.from(first, r.config.Limits.Max())
	missing := m.PrevIndex - first + 1
	if uint64(len(entries)) < missing {
		return false
	}
	p.filledTo = m.PrevIndex
	r.sendAppend(to, first, entries[:missing])
	return true
}

// holdEarly holds an append that overtook the one before it until the missing entries arrive (rule 10). It
// asks the leader for them if this is the first append held. It also asks if the append is not held, because
// it is a heartbeat, a repetition of one by a leader that probes, or beyond what may be held.
func (r *replica) holdEarly(from protocols.NodeID, m *AppendEntries) {
	first := len(r.early.appends) == 0
	if added := r.early.add(m, maxEarlyMessages*r.config.Limits.Max()); first || !added {
		r.reject(from, m.PrevIndex)
	}
}
