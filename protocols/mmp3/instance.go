package mmp3

import (
	"quorumbench/protocols"
)

// instance is what a replica holds of one place in one column.
type instance struct {
	at          position
	ballot      protocols.Ballot // the highest promised
	valueBallot protocols.Ballot // that of the accepted value; zero while only prepared
	command     []byte           // empty: a no-op
	deps        vector
	committed   bool

	proposal *proposal // of this replica, under way
	asked    bool      // the others, by rule 5
}

// get returns what is known of an instance, nil if nothing but perhaps its number.
func (r *replica) get(at position) *instance {
	if column := r.columns[at.column]; at.lsn < uint64(len(column)) {
		return column[at.lsn]
	}
	return nil
}

// open returns an instance, a fresh one if nothing is known of it: promised to the owner of its
// column (rule 1), without a value.
func (r *replica) open(at position) *instance {
	if x := r.get(at); x != nil {
		return x
	}
	for uint64(len(r.columns[at.column])) <= at.lsn {
		r.columns[at.column] = append(r.columns[at.column], nil)
	}
	x := &instance{at: at, ballot: protocols.NewBallot(1, protocols.NodeID(at.column))}
	r.columns[at.column][at.lsn] = x
	return x
}

// fresh is Seen as the Deps of an instance: of its own column, just what is before it.
func (r *replica) fresh(at position) vector {
	deps := r.seen
	deps[at.column] = at.lsn
	return deps
}

// keep makes a change of an instance durable (rule 10), and folds it into Seen: directly, and
// through its Deps.
func (r *replica) keep(x *instance) {
	r.fold(x)
	r.out.Persist(&Record{Instance: x.message()})
}

func (r *replica) fold(x *instance) {
	r.seen.raise(x.deps)
	r.seen[x.at.column] = max(r.seen[x.at.column], x.at.lsn+1)
}

// message is the instance as it travels.
func (x *instance) message() *Instance {
	return &Instance{
		Column: uint32(x.at.column), Lsn: x.at.lsn,
		Ballot: uint64(x.ballot), ValueBallot: uint64(x.valueBallot),
		Command: x.command, Deps: x.deps[:], Committed: x.committed,
	}
}

// position and vector read an instance that has travelled.
func (m *Instance) position() position { return position{int(m.Column), m.Lsn} }

func (m *Instance) vector() (v vector) {
	copy(v[:], m.Deps)
	return v
}

func (r *replica) restore(data []byte) {
	var record Record
	if protocols.Decode(data, &record) != nil || record.Instance == nil {
		return // a torn record was never told to anybody
	}
	m := record.Instance
	x := r.open(m.position())
	x.ballot, x.valueBallot = protocols.Ballot(m.Ballot), protocols.Ballot(m.ValueBallot)
	x.command, x.deps, x.committed = m.Command, m.vector(), m.Committed
	r.fold(x)
	if x.committed {
		r.settle()
		r.apply()
	}
}
