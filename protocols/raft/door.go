package raft

import "quorumbench/protocols"

// The door: nothing but a replica of this driver sends, and what cannot be from one is skipped, so that
// no number in it leads the arithmetic of indexes and terms astray.

// most is more than any term, index or round that a run comes to, and far from where sums overflow.
const most = 1 << 62

// plausible tells whether a message may be from a replica of this driver.
func (r *replica) plausible(from protocols.NodeID, m *Message) bool {
	if !r.config.IsPeer(from) || m.Term > most {
		return false
	}
	switch kind := m.Kind.(type) {
	case *Message_AppendEntries:
		return kind.AppendEntries.plausible(m.Term)
	case *Message_InstallSnapshot:
		s := kind.InstallSnapshot
		index := s.GetPiece().GetIndex()
		return 0 < index && index <= most && s.Term <= m.Term
	case *Message_Appended:
		return r.role != leader || kind.Appended.Index <= r.log.last()
	case *Message_Rejected: // about an append that was sent, with a hint at what stands before its end
		a := kind.Rejected
		return r.role != leader || a.HintIndex <= a.PrevIndex && a.PrevIndex <= r.log.last()
	case *Message_Confirmed:
		return kind.Confirmed.Round <= r.round && kind.Confirmed.BeganNs <= int64(r.now)
	}
	return true
}

// plausible: terms never fall along a log, and none is above its leader's.
func (m *AppendEntries) plausible(term uint64) bool {
	before := m.PrevTerm
	for _, e := range m.Entries {
		if e.Term < before {
			return false
		}
		before = e.Term
	}
	return before <= term && m.PrevIndex <= most
}
