package multipaxos

import "quorumbench/protocols"

const (
	// maxNumber is above every instance's index and every ballot's round: reaching it takes nine years at a million
	// a second. Sums of numbers below it do not overflow.
	maxNumber = 1 << 48
	// maxGap is how far after its commit index a replica accepts, in instances: some 5 minutes at 3000 writes a
	// second. It bounds the memory of gaps in a log, which take 64 bytes an instance, to 64 MB (rule 15).
	maxGap = 1 << 20
)

// isValid returns false for a message that no replica of this cluster can have sent (rule 15). Such messages
// are skipped.
func (r *replica) isValid(from protocols.NodeID, m *Message) bool {
	if !r.config.IsPeer(from) {
		return false
	}
	switch m.Kind.(type) {
	case *Message_Forward, *Message_Reply: // they have no ballot
		return true
	}
	if !r.isValidBallot(m.Ballot) {
		return false
	}
	switch kind := m.Kind.(type) {
	case *Message_Prepare:
		return isValidIndex(kind.Prepare.First)
	case *Message_Promise:
		return kind.Promise.Next < maxNumber && kind.Promise.Truncated < maxNumber
	case *Message_Refuse:
		return r.isValidBallot(kind.Refuse.Promised)
	case *Message_Accept:
		return isValidIndex(kind.Accept.First) && kind.Accept.Commit < maxNumber
	case *Message_Accepted:
		return isValidIndex(kind.Accepted.First) && kind.Accepted.Count < maxNumber
	case *Message_Heartbeat:
		return kind.Heartbeat.Commit < maxNumber
	case *Message_CatchUp:
		return isValidIndex(kind.CatchUp.First)
	case *Message_Piece:
		p := kind.Piece
		return isValidIndex(p.Index) && p.Size < maxNumber && p.Offset <= p.Size && uint64(len(p.Data)) <= p.Size-p.Offset
	case *Message_Probe, *Message_Echo:
		return true
	case *Message_Revert:
		return protocols.Ballot(m.Ballot).Proposer() == from
	}
	return false
}

// isValidBallot returns true if a replica of the cluster may have used the ballot.
func (r *replica) isValidBallot(b uint64) bool {
	ballot := protocols.Ballot(b)
	return 0 < ballot.Round() && ballot.Round() < maxNumber && r.config.IsMember(ballot.Proposer())
}

// isValidIndex returns true if an instance of the log may have the index.
func isValidIndex(index uint64) bool { return 0 < index && index < maxNumber }

// isValidPromise returns false for a promise with proposals too far apart. An acceptor has accepted or
// learned everything up to its own commit index, and has at most maxGap gaps after it.
func (r *replica) isValidPromise(from protocols.NodeID, m *Promise) bool {
	next := max(r.commit+1, r.received[from])
	for i, p := range m.Accepted {
		if p.Index > next+uint64(i)+maxGap {
			return false
		}
	}
	return m.Next <= next+uint64(len(m.Accepted))+maxGap
}
