package raft

import "quorumbench/protocols"

// maxNumber is larger than any term, index or round of a run, and small enough that sums do not overflow.
const maxNumber = 1 << 62

// isValid returns false for a message that no replica of this cluster can have sent. Such messages are
// skipped, so that their numbers do not corrupt the arithmetic of indexes and terms.
func (r *replica) isValid(from protocols.NodeID, m *Message) bool {
	if !r.config.IsOther(from) || m.Term > maxNumber {
		return false
	}
	switch kind := m.Kind.(type) {
	case *Message_Vote:
		return !kind.Vote.Recent || r.config.IsWitness(from)
	case *Message_PreVoted:
		return !kind.PreVoted.Recent || r.config.IsWitness(from)
	case *Message_AppendEntries:
		if r.witness && len(kind.AppendEntries.Entries) > 0 { // rule 35
			return false
		}
		return kind.AppendEntries.isValid(m.Term) && r.log.decodes(kind.AppendEntries.Entries)
	case *Message_InstallSnapshot:
		if r.witness { // rule 35
			return false
		}
		s := kind.InstallSnapshot
		index := s.GetPiece().GetIndex()
		_, err := r.log.memberships.Read(s.Membership)
		return 0 < index && index <= maxNumber && s.Term <= m.Term && err == nil && s.Membership.GetIndex() <= index
	case *Message_Appended:
		return r.role != leader || kind.Appended.Index <= r.log.last()
	case *Message_Rejected: // the append was sent, and the hint is not after its end
		a := kind.Rejected
		return r.role != leader || a.HintIndex <= a.PrevIndex && a.PrevIndex <= r.log.last()
	case *Message_Confirmed:
		return kind.Confirmed.Round <= r.round && kind.Confirmed.BeganNs <= int64(r.now)
	}
	return true
}

// decodes returns true if the memberships of entries are such of this cluster.
func (l *entryLog) decodes(entries []*Entry) bool {
	for _, e := range entries {
		if len(e.Membership) > 0 {
			if _, err := l.memberships.Decode(e.Membership); err != nil {
				return false
			}
		}
	}
	return true
}

// isValid checks that terms do not fall along the log, and that none is higher than the leader's.
func (m *AppendEntries) isValid(term uint64) bool {
	before := m.PrevTerm
	for _, e := range m.Entries {
		if e.Term < before {
			return false
		}
		before = e.Term
	}
	return before <= term && m.PrevIndex <= maxNumber
}
