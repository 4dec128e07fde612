package mmp3

import (
	"quorumbench/protocols"
)

// instance is what a replica holds of one place in one column.
type instance struct {
	at          position
	ballot      protocols.Ballot // the highest promised
	valueBallot protocols.Ballot // that of the accepted value; zero while only prepared
	commands    [][]byte         // none: a no-op
	deps        vector
	committed   bool

	proposal *proposal // of this replica, under way
	asked    bool      // the others, by rule 5
}

// column is what is known of the instances of one column from base on, by LSN: nil where only the
// number is known. Those below are truncated: decided and applied.
type column struct {
	base uint64
	held []*instance
}

func (c *column) end() uint64 { return c.base + uint64(len(c.held)) }

// truncate forgets what is below an LSN.
func (c *column) truncate(base uint64) {
	if base <= c.base {
		return
	}
	n := min(base-c.base, uint64(len(c.held)))
	clear(c.held[:n]) // until append moves the rest
	c.base, c.held = base, c.held[n:]
}

// get returns what is known of an instance, nil if nothing but perhaps its number, or that it is
// decided.
func (r *replica) get(at position) *instance {
	c := &r.columns[at.column]
	if at.lsn < c.base || at.lsn >= c.end() {
		return nil
	}
	return c.held[at.lsn-c.base]
}

// open returns an instance that is not truncated, a fresh one if nothing is known of it: promised to
// the owner of its column (rule 1), without a value.
func (r *replica) open(at position) *instance {
	if x := r.get(at); x != nil {
		return x
	}
	c := &r.columns[at.column]
	for c.end() <= at.lsn {
		c.held = append(c.held, nil)
	}
	x := &instance{at: at, ballot: protocols.NewBallot(1, protocols.NodeID(at.column))}
	c.held[at.lsn-c.base] = x
	return x
}

// truncated tells whether an instance is decided and forgotten.
func (r *replica) truncated(at position) bool { return at.lsn < r.columns[at.column].base }

// fresh is Seen as the Deps of an instance: of its own column, just what is before it.
func (r *replica) freshDeps(at position) vector {
	deps := r.seen
	deps[at.column] = at.lsn
	return deps
}

// keep makes a change of an instance durable (rule 14), and folds it into Seen: directly, and
// through its Deps.
func (r *replica) persist(x *instance) {
	r.raiseSeen(x)
	r.records++
	r.scratch.record.Instance = r.wire(x)
	r.out.Persist(&r.scratch.record)
}

func (r *replica) raiseSeen(x *instance) {
	r.seen.raise(x.deps)
	r.seen[x.at.column] = max(r.seen[x.at.column], x.at.lsn+1)
}

// message is the instance as it travels.
func (x *instance) message() *Instance {
	m := &Instance{}
	x.fill(m)
	return m
}

// wire is message, in a place that the next call uses again.
func (r *replica) wire(x *instance) *Instance {
	x.fill(&r.scratch.instance)
	return &r.scratch.instance
}

func (x *instance) fill(m *Instance) {
	m.Column, m.Lsn = uint32(x.at.column), x.at.lsn
	m.Ballot, m.ValueBallot = uint64(x.ballot), uint64(x.valueBallot)
	m.Commands, m.Deps, m.Committed = x.commands, x.deps[:], x.committed
}

// envelope is a message of that kind, in a place that the next call uses again. With a commit goes
// Applied (rule 13).
func (r *replica) envelope(kind isMessage_Kind) *Message {
	m := &r.scratch.message
	m.Kind, m.CommitApplied = kind, nil
	if _, commit := kind.(*Message_Commit); commit {
		m.CommitApplied = r.applied[:]
	}
	return m
}

// position and vector read an instance that has travelled.
func (m *Instance) position() position { return position{int(m.Column), m.Lsn} }

func (m *Instance) vector() vector { return vectorOf(m.Deps) }

func vectorOf(lsns []uint64) (v vector) {
	copy(v[:], lsns)
	return v
}

// restoreInstance takes an instance back from the disk.
func (r *replica) restoreInstance(m *Instance) {
	x := r.open(m.position())
	x.ballot, x.valueBallot = protocols.Ballot(m.Ballot), protocols.Ballot(m.ValueBallot)
	x.commands, x.deps, x.committed = m.Commands, m.vector(), m.Committed
	r.raiseSeen(x)
}
