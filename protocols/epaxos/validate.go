package epaxos

import (
	"slices"

	"quorumbench/protocols"
)

const (
	// maxAhead is how far beyond what this replica has heard of a column a message may name an instance. It bounds the
	// memory that a message can take. A replica that is further behind asks for the state of the key.
	maxAhead = 1 << 16
	// maxRounds bounds the rounds of ballots, and maxNumber the numbers of instances, so that there are always larger
	// ones.
	maxRounds = 1 << 40
	maxNumber = 1 << 48
)

// valid tells whether a message could be one that the given replica of this cluster has sent. One that is not valid is
// dropped, as if it had been lost.
func (r *replica) valid(from protocols.NodeID, m *Message) bool {
	if !r.config.IsPeer(from) {
		return false
	}
	switch m.Kind {
	case Kind_FETCH:
		return r.validVector(m.Executed)
	case Kind_STATE:
		s := m.State
		return s != nil && r.validVector(s.Executed) && r.validVector(s.Written) && r.validVector(s.Read)
	}
	if int(m.Column) >= r.n || m.Number >= maxNumber {
		return false
	}
	b, isSubmitter := protocols.Ballot(m.Ballot), int(from) == int(m.Column)
	switch m.Kind {
	case Kind_PREACCEPT:
		return isSubmitter && m.Ballot == 0 && r.validValue(m)
	case Kind_ACCEPT:
		return r.validValue(m, noops) && (b == 0 && isSubmitter && len(m.Command) > 0 || b.Proposer() == from && r.validBallot(b))
	case Kind_COMMIT:
		return r.validValue(m, noops)
	case Kind_RECOVER, Kind_WAITING:
		return b.Proposer() == from && r.validBallot(b)
	case Kind_VALIDATE:
		return b.Proposer() == from && r.validBallot(b) && r.validValue(m)
	case Kind_PREACCEPTED:
		return int(m.Column) == r.id && r.validDeps(m, m.Deps)
	case Kind_ACCEPTED:
		return true
	case Kind_RECOVERED:
		return r.validReport(m)
	case Kind_VALIDATED:
		return !slices.ContainsFunc(m.Conflicts, func(c *Conflict) bool { return int(c.Column) >= r.n || c.Number >= maxNumber })
	case Kind_REFUSED:
		return r.validBallot(protocols.Ballot(m.Promised))
	}
	return false
}

// noops says that the value may be a no-op.
const noops = true

// validValue tells whether a message has a command with Deps, or none of both where a no-op may be.
func (r *replica) validValue(m *Message, noop ...bool) bool {
	if len(noop) > 0 && len(m.Command) == 0 {
		return len(m.Deps) == 0
	}
	return len(m.Command) > 0 && r.validDeps(m, m.Deps)
}

// validDeps tells whether a vector could be the Deps of the command of an instance.
func (r *replica) validDeps(m *Message, deps []uint64) bool {
	deps = r.withoutSequence(deps)
	return r.validVector(deps) && deps[m.Column] == m.Number
}

// validReport tells whether a message could be the answer to Recover.
func (r *replica) validReport(m *Message) bool {
	switch m.Phase {
	case initial:
		return true
	case preaccepted:
		return r.validValue(m) && r.validDeps(m, m.InitDeps)
	case accepted:
		return r.validValue(m, noops) && r.validBallot(protocols.Ballot(m.ValueBallot))
	}
	return false
}

// validBallot tells whether a replica of this cluster could have used a ballot.
func (r *replica) validBallot(b protocols.Ballot) bool {
	return int(b.Proposer()) < r.n && b.Round() <= maxRounds
}

// validVector tells whether there is a number for each column.
func (r *replica) validVector(v []uint64) bool {
	return len(v) == r.n && slices.Max(v) < maxNumber
}

// nearEnough tells whether a message names no instance that is more than maxAhead beyond what was heard of.
func (r *replica) nearEnough(g *register, m *Message) bool {
	far := func(column int, number uint64) bool { return number > g.columns[column].end()+maxAhead }
	if far(int(m.Column), m.Number) {
		return false
	}
	for c, number := range m.Deps[:min(len(m.Deps), r.n)] {
		if far(c, number) {
			return false
		}
	}
	for _, c := range m.Conflicts {
		if far(int(c.Column), c.Number) {
			return false
		}
	}
	return true
}
