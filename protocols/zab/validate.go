package zab

import "quorumbench/protocols"

// maxNumber is above every index, every round, and every epoch's round: reaching it takes nine years at a million a
// second. Sums of numbers below it do not overflow.
const maxNumber = 1 << 48

// isValid returns false for a message that no replica of this cluster can have sent. Such messages are skipped, so that
// their numbers do not corrupt the arithmetic of indexes and epochs.
func (r *replica) isValid(from protocols.NodeID, m *Message) bool {
	if !r.config.IsPeer(from) {
		return false
	}
	switch kind := m.Kind.(type) {
	case *Message_Forward, *Message_Reply:
		return true
	case *Message_Vote:
		v := kind.Vote
		candidate := protocols.NodeID(v.Candidate)
		return 0 < v.Round && v.Round < maxNumber && r.config.IsMember(candidate) &&
			r.isEpochOrNone(v.Current) && r.isEpochOrNone(v.LastEpoch) && v.LastIndex < maxNumber && r.isEpochOrNone(v.Accepted)
	}
	return r.isEpoch(m.Epoch) && r.isOfLeader(from, m) && r.isOfFollower(m)
}

// isOfLeader returns false for a message that only the leader of its epoch sends and that has another sender, or wrong
// numbers.
func (r *replica) isOfLeader(from protocols.NodeID, m *Message) bool {
	leads := protocols.Ballot(m.Epoch).Proposer() == from
	switch kind := m.Kind.(type) {
	case *Message_NewEpoch:
		return leads
	case *Message_NewLeader:
		return leads && kind.NewLeader.LastIndex < maxNumber && kind.NewLeader.LastEpoch < m.Epoch
	case *Message_Commit:
		return leads && kind.Commit.Index < maxNumber
	case *Message_Synced:
		return leads && kind.Synced.Index < maxNumber
	case *Message_Ping:
		return leads && kind.Ping.Last < maxNumber && kind.Ping.Commit < maxNumber
	case *Message_Install:
		p := kind.Install.GetPiece()
		return leads && kind.Install.Epoch <= m.Epoch && 0 < p.GetIndex() && p.GetIndex() < maxNumber &&
			p.GetSize() < maxNumber && p.GetOffset() <= p.GetSize() && uint64(len(p.GetData())) <= p.GetSize()-p.GetOffset()
	case *Message_Propose:
		p := kind.Propose
		before := p.PrevEpoch
		for _, t := range p.Transactions { // epochs do not fall along a history
			if t.Epoch < before {
				return false
			}
			before = t.Epoch
		}
		return leads && before <= m.Epoch && p.PrevIndex < maxNumber && p.Commit < maxNumber
	}
	return true
}

// isOfFollower returns false for a message that only those who follow this replica send, if it has numbers that they
// cannot have.
func (r *replica) isOfFollower(m *Message) bool {
	mine := r.role == leading && protocols.Ballot(m.Epoch) == r.accepted
	switch kind := m.Kind.(type) {
	case *Message_AckEpoch:
		before := &End{}
		for i, end := range kind.AckEpoch.Ends {
			if i > 0 && (end.Epoch <= before.Epoch || end.Index <= before.Index) || end.Index >= maxNumber || !r.isEpochOrNone(end.Epoch) {
				return false
			}
			before = end
		}
		return len(kind.AckEpoch.Ends) > 0 && before.Epoch <= m.Epoch && kind.AckEpoch.Current <= m.Epoch && r.isEpochOrNone(kind.AckEpoch.Current)
	case *Message_Ack:
		return !mine || kind.Ack.Index <= r.history.last()
	case *Message_Missing:
		return !mine || kind.Missing.Index <= r.history.last()
	}
	return true
}

// isEpoch returns true if a replica of the cluster may have led the epoch.
func (r *replica) isEpoch(e uint64) bool {
	epoch := protocols.Ballot(e)
	return 0 < epoch.Round() && epoch.Round() < maxNumber && r.config.IsMember(epoch.Proposer())
}

func (r *replica) isEpochOrNone(e uint64) bool { return e == 0 || r.isEpoch(e) }
