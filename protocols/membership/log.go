package membership

import (
	"errors"
	"slices"

	"quorumbench/protocols/quorum"
)

// Placed is a membership and the index of its entry in the log, 0 for the first membership.
type Placed struct {
	Index uint64
	*Membership
}

// Message returns the membership as messages and records carry it: nil is the first one.
func (m Placed) Message() *EncodedPlaced {
	if m.Index == 0 {
		return nil
	}
	return &EncodedPlaced{Index: m.Index, Membership: m.Encoded()}
}

// Log is what a replica knows of memberships: those that stand in its log, the one in force, and what operators have asked for. A
// driver has it beside its log, and tells it what changes there. The zero Log is that of a cluster whose membership never changes
// and is not told. Not safe for use by several goroutines.
type Log struct {
	first    *Membership // the one before all others
	changes  bool        // the membership may change
	placed   []Placed    // by index: the last one up to the beginning of the log, if it is not the first, and those after it
	inForce  *Membership // as Enforce was told last
	requests Requests
}

// NewLog returns a Log without entries. Its membership is the first one, for ever unless it may change.
func NewLog(first *Membership, changes bool) Log {
	return Log{first: first, changes: changes, inForce: first}
}

// Empty returns a Log of the same cluster without entries.
func (l *Log) Empty() Log { return NewLog(l.first, l.changes) }

// Changes tells whether the membership may change.
func (l *Log) Changes() bool { return l.changes }

// InForce is the membership in force at this replica.
func (l *Log) InForce() *Membership { return l.inForce }

// Enforce puts a membership in force (rule 1). It returns false if it was already.
func (l *Log) Enforce(m Placed) bool {
	if m.Membership == l.inForce {
		return false
	}
	l.inForce = m.Membership
	return true
}

// At returns the last membership up to an index that is not before the beginning of the log.
func (l *Log) At(index uint64) Placed {
	for _, m := range slices.Backward(l.placed) {
		if m.Index <= index {
			return m
		}
	}
	return Placed{0, l.first}
}

// Next returns the index of the first membership after an index, 0 if there is none.
func (l *Log) Next(index uint64) uint64 {
	for _, m := range l.placed {
		if m.Index > index {
			return m.Index
		}
	}
	return 0
}

// Place notes that the entry at an index is a membership, nil if it is something else. One that was there before has gone.
func (l *Log) Place(index uint64, m *Membership) {
	at := slices.IndexFunc(l.placed, func(m Placed) bool { return m.Index >= index })
	if at < 0 {
		at = len(l.placed)
	} else if l.placed[at].Index == index {
		l.placed = slices.Delete(l.placed, at, at+1)
	}
	if m != nil {
		l.placed = slices.Insert(l.placed, at, Placed{index, m})
	}
}

// RemoveFrom notes that the entries from an index on have gone.
func (l *Log) RemoveFrom(index uint64) {
	for n := len(l.placed); n > 0 && l.placed[n-1].Index >= index; n-- {
		l.placed = l.placed[:n-1]
	}
}

// Compact notes that the log begins after an index. The membership in force there stays known.
func (l *Log) Compact(index uint64) {
	for len(l.placed) > 1 && l.placed[1].Index <= index {
		l.placed = l.placed[1:]
	}
}

// Begin notes that the log begins after an index, with a membership that a snapshot has told.
func (l *Log) Begin(index uint64, m Placed) {
	l.placed = slices.DeleteFunc(l.placed, func(m Placed) bool { return m.Index <= index })
	if m.Index > 0 {
		l.placed = slices.Insert(l.placed, 0, m)
	}
}

// Decode decodes a membership. The error says that it is none of this cluster.
func (l *Log) Decode(data []byte) (*Membership, error) {
	if !l.changes {
		return nil, errors.New("found a membership; accepted: none, since it never changes")
	}
	return l.first.Decode(data)
}

// Read reads what Placed.Message returned. The error says that it is none of this cluster.
func (l *Log) Read(m *EncodedPlaced) (Placed, error) {
	if m == nil {
		return Placed{0, l.first}, nil
	}
	decoded, err := l.Decode(m.Membership)
	return Placed{m.Index, decoded}, err
}

// IsVoter tells whether a replica votes by the membership in force here. Where that never changes, all do.
func (l *Log) IsVoter(replica int32) bool { return !l.changes || l.inForce.Voters().Has(replica) }

// InGroup tells whether a replica votes or learns by the membership in force here.
func (l *Log) InGroup(replica int32) bool { return l.inForce.Group().Has(replica) }

// MayStand tells whether a replica may stand for election here: if it is a voter by the last membership that is known to be committed, or
// by one after it. The last membership alone would not do: those who are to leave may be the only ones that have it.
func (l *Log) MayStand(replica int32, committed uint64) bool {
	if !l.changes || l.At(committed).Voters().Has(replica) {
		return true
	}
	return slices.ContainsFunc(l.placed, func(m Placed) bool { return m.Index > committed && m.Voters().Has(replica) })
}

// Ask takes an operator's request, of a cluster whose replicas are those before a number. It returns false if that asks for nothing: it
// cannot be read, it is about replicas that are not there, or the membership never changes.
func (l *Log) Ask(number uint64, text string, replicas int) bool {
	request, err := ParseRequest(number, text)
	if err != nil || !l.changes {
		return false
	}
	asked := quorum.Of(request.Replica)
	if request.To != nil {
		asked = request.To.Members()
	}
	if asked.Without(quorum.First(replicas)) != 0 {
		return false
	}
	l.requests.Add(request)
	return true
}

// Advance returns what a leader proposes after its last membership, when that is committed: what a request asks for, or the next step to
// the goal. It is nil if there is neither.
func (l *Log) Advance(last *Membership, caughtUp quorum.Set) *Membership {
	l.requests.Drop(last)
	return last.Advance(l.requests, caughtUp)
}
