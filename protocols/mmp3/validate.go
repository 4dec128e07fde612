package mmp3

import (
	"quorumbench/protocols"
)

const (
	// maxAhead is how far beyond the Seen of this replica in a column a message may name an instance. It bounds the
	// memory that a message can take, since columns have room for all instances up to the last one named, and
	// recovery handles all that is seen. A replica that is further behind needs a snapshot in any case.
	maxAhead = 1 << 20
	// maxRounds bounds the rounds of ballots, and maxLSN the Seen of a snapshot, so that there are always larger
	// ones.
	maxRounds = 1 << 40
	maxLSN    = 1 << 48
)

// valid tells whether a message could be one that the given replica of this cluster has sent. One that is not valid
// is dropped, as if it had been lost.
func (r *replica) valid(from protocols.NodeID, m *Message) bool {
	if from < 0 || from >= replicas || int(from) == r.id {
		return false
	}
	switch kind := m.Kind.(type) {
	case *Message_Propose:
		return r.validInstance(kind.Propose)
	case *Message_Accepted:
		return r.validInstance(kind.Accepted) && kind.Accepted.ValueBallot > 0
	case *Message_Refused:
		return kind.Refused.Column < replicas && validBallot(kind.Refused.Promised)
	case *Message_Commit:
		applied := len(m.CommitApplied)
		return r.validCommitted(kind.Commit) && (applied == 0 || applied == replicas)
	case *Message_Query:
		for _, s := range kind.Query.Stretches {
			if s.Column >= replicas {
				return false
			}
		}
		return true
	case *Message_Committed:
		for _, x := range kind.Committed.Instances {
			if !r.validCommitted(x) {
				return false
			}
		}
		return true
	case *Message_Applied:
		return len(kind.Applied.Applied) == replicas
	case *Message_Piece:
		return true // a snapshot is checked when it is whole
	case *Message_Read:
		return true
	case *Message_Seen:
		return r.validVector(kind.Seen.Seen)
	}
	return false
}

// validInstance tells whether a message could hold this instance.
func (r *replica) validInstance(m *Instance) bool {
	return m.Column < replicas && m.Lsn < r.seen[m.Column]+maxAhead &&
		r.validVector(m.Deps) && m.Deps[m.Column] == m.Lsn &&
		validBallot(m.Ballot) && m.ValueBallot <= m.Ballot
}

// validCommitted tells whether a message could hold this instance as a committed one.
func (r *replica) validCommitted(m *Instance) bool { return r.validInstance(m) && m.ValueBallot > 0 }

// validBallot tells whether a replica of this cluster could have used a ballot.
func validBallot(b uint64) bool {
	ballot := protocols.Ballot(b)
	return ballot.Proposer() < replicas && ballot.Round() <= maxRounds
}

// validVector tells whether LSNs are one for each column, none of them more than maxAhead beyond Seen.
func (r *replica) validVector(lsns []uint64) bool {
	return len(lsns) == replicas && r.clampAhead(vectorOf(lsns)) == vectorOf(lsns)
}

// clampAhead returns a vector in which each LSN that is more than maxAhead beyond Seen is replaced by the next after
// Seen. That instance is then asked for, and the answer is a snapshot if the others are that far ahead.
func (r *replica) clampAhead(v vector) vector {
	for c := range v {
		if v[c] > r.seen[c]+maxAhead {
			v[c] = r.seen[c] + 1
		}
	}
	return v
}

// supersedes tells whether a snapshot could be one of this cluster, and contains more than this replica has applied.
func (r *replica) supersedes(s *Snapshot) bool {
	applied, seen := vectorOf(s.Applied), vectorOf(s.Seen)
	return len(s.Applied) == replicas && len(s.Seen) == replicas && s.Slots > r.slots &&
		applied.covers(r.applied) && seen.covers(applied) && max(seen[0], seen[1], seen[2]) < maxLSN
}
