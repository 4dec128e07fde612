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
	if !r.config.IsOther(from) {
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
		p := kind.Promise
		if r.config.IsWitness(from) {
			return len(p.Accepted) == 0 && p.Next == 0 && p.Truncated == 0 && r.areValidSpans(p.Witnessed)
		}
		for _, a := range p.Accepted {
			if !r.log.decodes(a.Command) {
				return false
			}
		}
		return p.Next < maxNumber && p.Truncated < maxNumber && len(p.Witnessed) == 0
	case *Message_Refuse:
		return r.isValidBallot(kind.Refuse.Promised)
	case *Message_Accept:
		a := kind.Accept
		if r.witness != (a.Count > 0) || r.witness && len(a.Commands) > 0 { // rule 19
			return false
		}
		for _, command := range a.Commands {
			if !r.log.decodes(command) {
				return false
			}
		}
		return isValidIndex(a.First) && a.Commit < maxNumber && a.Count < maxNumber
	case *Message_Accepted:
		return isValidIndex(kind.Accepted.First) && kind.Accepted.Count < maxNumber
	case *Message_Heartbeat:
		return kind.Heartbeat.Commit < maxNumber
	case *Message_CatchUp:
		return isValidIndex(kind.CatchUp.First)
	case *Message_Piece:
		p := kind.Piece
		if _, err := r.log.memberships.Read(m.Membership); err != nil || m.Membership.GetIndex() > p.Index {
			return false
		}
		return isValidIndex(p.Index) && p.Size < maxNumber && p.Offset <= p.Size && uint64(len(p.Data)) <= p.Size-p.Offset
	case *Message_Probe, *Message_Echo:
		return true
	case *Message_Revert, *Message_Stand:
		return protocols.Ballot(m.Ballot).Proposer() == from
	}
	return false
}

// isValidBallot returns true if a replica of the cluster may have used the ballot.
func (r *replica) isValidBallot(b uint64) bool {
	ballot := protocols.Ballot(b)
	return 0 < ballot.Round() && ballot.Round() < maxNumber && int(ballot.Proposer()) < r.config.MostReplicas()
}

// areValidSpans returns true if a witness may have accepted these instances: in the order of the log, none twice.
func (r *replica) areValidSpans(spans []*Span) bool {
	next := uint64(1)
	for _, s := range spans {
		if s.First < next || !isValidIndex(s.First) || s.Count == 0 || s.Count >= maxNumber || !r.isValidBallot(s.Ballot) {
			return false
		}
		next = s.First + s.Count
	}
	return true
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
