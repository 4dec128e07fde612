package multipaxos

import "quorumbench/protocols"

// The door: what no replica of the cluster can have sent is skipped before it has any effect (rule 15).

const (
	// most is above every instance's index and every ballot's round: it takes nine years at a million a
	// second. Below it, no sum of a message's numbers overflows.
	most = 1 << 48
	// reach is how far behind its commit index a replica accepts: some 5 minutes at 3000 writes a
	// second. It bounds the gaps in a log, which take 64 bytes each, to 64 MB.
	reach = 1 << 20
)

// ours tells whether a replica of this cluster may have sent a message.
func (r *replica) ours(from protocols.NodeID, m *Message) bool {
	if !r.config.IsPeer(from) {
		return false
	}
	switch m.Kind.(type) {
	case *Message_Forward, *Message_Reply: // they have no ballot
		return true
	}
	if !r.isBallot(m.Ballot) {
		return false
	}
	switch kind := m.Kind.(type) {
	case *Message_Prepare:
		return isIndex(kind.Prepare.First)
	case *Message_Promise:
		return kind.Promise.Next < most && kind.Promise.Truncated < most
	case *Message_Refuse:
		return r.isBallot(kind.Refuse.Promised)
	case *Message_Accept:
		return isIndex(kind.Accept.First) && kind.Accept.Commit < most
	case *Message_Accepted:
		return isIndex(kind.Accepted.First) && kind.Accepted.Count < most
	case *Message_Heartbeat:
		return kind.Heartbeat.Commit < most
	case *Message_CatchUp:
		return isIndex(kind.CatchUp.First)
	case *Message_Piece:
		p := kind.Piece
		return isIndex(p.Index) && p.Size < most && p.Offset <= p.Size && uint64(len(p.Data)) <= p.Size-p.Offset
	case *Message_Probe, *Message_Echo:
		return true
	}
	return false
}

// isBallot tells whether a replica may have stood under a ballot.
func (r *replica) isBallot(b uint64) bool {
	ballot := protocols.Ballot(b)
	return 0 < ballot.Round() && ballot.Round() < most && r.config.IsMember(ballot.Proposer())
}

// isIndex tells whether an instance may have that place in the log.
func isIndex(index uint64) bool { return 0 < index && index < most }

// tellable tells whether an acceptor may have made a promise to this candidate, knowing what it has
// told before: it lacks nothing up to its own commit index, and there are no more than reach gaps
// behind that.
func (r *replica) tellable(from protocols.NodeID, m *Promise) bool {
	next := max(r.commit+1, r.told[from])
	for i, p := range m.Accepted {
		if p.Index > next+uint64(i)+reach {
			return false
		}
	}
	return m.Next <= next+uint64(len(m.Accepted))+reach
}
