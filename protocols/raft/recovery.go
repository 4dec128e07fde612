package raft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/flow"
)

// Recovery: a follower's log becomes the leader's.

// reject tells the leader that the logs do not meet at prev, and where they may.
func (r *replica) reject(from protocols.NodeID, prev uint64) {
	hint := &Rejected{PrevIndex: prev, HintIndex: r.log.last() + 1}
	if prev <= r.log.last() {
		hint.HintTerm = r.log.term(prev)
		hint.HintIndex = r.log.firstOf(hint.HintTerm)
	}
	r.send(from, &Message_Rejected{Rejected: hint})
}

// onRejected repairs what a follower lacks (rule 10). If its log merely ends too early, what is
// missing is sent again, once a heartbeat, and the pipeline goes on. Otherwise the leader falls
// back to the place where the logs may meet: behind its last entry of the follower's term, if it
// has any, or else before all that the follower has of that term (section 5.3).
func (r *replica) onRejected(from protocols.NodeID, m *Rejected) {
	if r.role != leader {
		return
	}
	p := &r.peers[from]
	outdated := m.PrevIndex <= p.match || p.probing && m.PrevIndex != p.next-1
	if outdated || r.fillGap(from, m) {
		return
	}
	p.probe()
	p.next = m.HintIndex
	if behind := r.log.firstOf(m.HintTerm + 1); m.HintTerm > 0 && r.log.term(behind-1) == m.HintTerm {
		p.next = behind
	}
	p.next = max(p.next, p.match+1)
	r.sendEntries(from)
}

// fillGap sends the entries between a follower's end and an append that came too early, if that
// is what the rejection is about, and they fit into one message.
func (r *replica) fillGap(to protocols.NodeID, m *Rejected) bool {
	p := &r.peers[to]
	if m.HintTerm > 0 || p.probing || m.HintIndex <= p.match || m.HintIndex > m.PrevIndex || m.PrevIndex >= p.next {
		return false
	}
	if m.PrevIndex <= p.filled {
		return true
	}
	first := max(m.HintIndex, p.filled+1) // what is before is under way already
	entries := r.log.from(first, flow.MaxBytes)
	missing := m.PrevIndex - first + 1
	if uint64(len(entries)) < missing {
		return false
	}
	p.filled = m.PrevIndex
	r.sendAppend(to, first, entries[:missing])
	return true
}

// keepEarly keeps an append that overtook the one before it: rule 5 is kept when the gap is closed. It
// asks for what is missing when the append is the first, or is not kept: then it is a heartbeat, or a
// leader that probes sends the same again and again in the place of one, or there is no room.
func (r *replica) keepEarly(from protocols.NodeID, m *AppendEntries) {
	first := len(r.early.appends) == 0
	if kept := r.early.keep(m); first || !kept {
		r.reject(from, m.PrevIndex)
	}
}
