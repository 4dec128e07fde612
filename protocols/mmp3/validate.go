package mmp3

import (
	"quorumbench/protocols"
)

// Nothing but replicas of this driver send messages. This file checks that a message could be one of
// theirs, once, so that what is not does no harm: it is skipped, as if it had been lost.

const (
	// reach is how far beyond what this replica has seen of a column a message may speak of it. Up to
	// there a column makes room for what it names, and all that is seen is recovered in the end. A replica
	// that is further behind needs a snapshot in any case.
	maxAhead = 1 << 20
	// maxRounds bounds the rounds of ballots, and maxLSN what a snapshot may have seen of a column: above
	// each there must be more.
	maxRounds = 1 << 40
	maxLSN    = 1 << 48
)

// ours tells whether a message could come from that replica of this cluster.
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
		told := len(m.CommitApplied)
		return r.validCommitted(kind.Commit) && (told == 0 || told == replicas)
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
		return true // it is looked at when it is whole
	case *Message_Read:
		return true
	case *Message_Seen:
		return r.validVector(kind.Seen.Seen)
	}
	return false
}

// possible tells whether an instance could be one of this cluster.
func (r *replica) validInstance(m *Instance) bool {
	return m.Column < replicas && m.Lsn < r.seen[m.Column]+maxAhead &&
		r.validVector(m.Deps) && m.Deps[m.Column] == m.Lsn &&
		validBallot(m.Ballot) && m.ValueBallot <= m.Ballot
}

// chosen tells whether an instance could be one of this cluster that is committed.
func (r *replica) validCommitted(m *Instance) bool { return r.validInstance(m) && m.ValueBallot > 0 }

func validBallot(b uint64) bool {
	ballot := protocols.Ballot(b)
	return ballot.Proposer() < replicas && ballot.Round() <= maxRounds
}

// validVector tells whether LSNs are a vector that this replica can follow.
func (r *replica) validVector(lsns []uint64) bool {
	return len(lsns) == replicas && r.clampAhead(vectorOf(lsns)) == vectorOf(lsns)
}

// reachable is a vector as far as this replica follows it. Of what is out of reach, the next instance is
// enough: the answer to the question for that is a snapshot, if there is anything.
func (r *replica) clampAhead(v vector) vector {
	for c := range v {
		if v[c] > r.seen[c]+maxAhead {
			v[c] = r.seen[c] + 1
		}
	}
	return v
}

// supersedes tells whether a snapshot could be one of this cluster, of a later time than that up to which
// this replica has applied.
func (r *replica) supersedes(s *Snapshot) bool {
	applied, seen := vectorOf(s.Applied), vectorOf(s.Seen)
	return len(s.Applied) == replicas && len(s.Seen) == replicas && s.Slots > r.slots &&
		applied.covers(r.applied) && seen.covers(applied) && max(seen[0], seen[1], seen[2]) < maxLSN
}
