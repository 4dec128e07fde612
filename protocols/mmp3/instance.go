package mmp3

import (
	"quorumbench/protocols"
)

// instance is what a replica holds of one instance: promise, accepted or prepared value, proposal.
type instance struct {
	at          position
	ballot      protocols.Ballot // the highest promised
	valueBallot protocols.Ballot // of the accepted value; 0: only prepared
	commands    [][]byte         // encoded kv.Commands; none: a no-op
	deps        vector
	committed   bool

	single   [1][]byte // memory for commands, if there is one
	proposal *proposal // of this replica, in progress; nil: none
	asked    bool      // the others were asked whether it is committed (rule 5)
}

// column holds the instances of one column from base on, by LSN; nil where nothing but the LSN is known. Those
// below base are truncated: decided and applied.
type column struct {
	base   uint64
	held   []*instance
	recent recent
}

// recent are the applied instances of a column that a replica that is behind can still ask for (rule 13): those from an
// LSN on.
type recent struct {
	from  uint64
	bytes int // of them all
}

// end returns the LSN after the last that has a place in the column.
func (c *column) end() uint64 { return c.base + uint64(len(c.held)) }

// keep notes that the next instance is applied, and counts those as too far behind that are beyond a number of instances
// or of bytes.
func (c *column) keep(x *instance, instances uint64, bytes int) {
	c.recent.bytes += x.size()
	for c.recent.bytes > bytes || x.at.lsn+1-c.recent.from > instances {
		c.passOver(c.recent.from + 1)
	}
}

// passOver counts the applied instances below an LSN no more.
func (c *column) passOver(below uint64) {
	for ; c.recent.from < below; c.recent.from++ {
		c.recent.bytes -= c.held[c.recent.from-c.base].size()
	}
}

// adopt drops the instances below an LSN, which are in a state that the replica has adopted.
func (c *column) adopt(applied uint64) {
	c.truncate(applied)
	c.recent = recent{from: applied}
}

// truncate drops the instances below an LSN.
func (c *column) truncate(base uint64) {
	if base <= c.base {
		return
	}
	n := min(base-c.base, uint64(len(c.held)))
	clear(c.held[:n]) // frees their memory, though the array stays
	c.base, c.held = base, c.held[n:]
}

// get returns an instance; nil if it is truncated or nothing is known of it.
func (r *replica) get(at position) *instance {
	c := &r.columns[at.column]
	if at.lsn < c.base || at.lsn >= c.end() {
		return nil
	}
	return c.held[at.lsn-c.base]
}

// open returns an instance that is not truncated. If nothing is known of it, it creates one without a value,
// promised to the owner of its column (rule 1).
func (r *replica) open(at position) *instance {
	if x := r.get(at); x != nil {
		return x
	}
	c := &r.columns[at.column]
	for c.end() <= at.lsn {
		c.held = append(c.held, nil)
	}
	x := r.memory.instances.New()
	x.at, x.ballot = at, protocols.NewBallot(1, protocols.NodeID(at.column))
	c.held[at.lsn-c.base] = x
	return x
}

// truncated tells whether an instance is truncated: decided, applied and dropped.
func (r *replica) truncated(at position) bool { return at.lsn < r.columns[at.column].base }

// freshDeps returns Seen as the Deps of an instance; for its own column, the instances before it.
func (r *replica) freshDeps(at position) vector {
	deps := r.seen
	deps[at.column] = at.lsn
	return deps
}

// persist raises Seen by a changed instance and writes the instance to disk (rule 14: durable before a message
// tells it).
func (r *replica) persist(x *instance) {
	r.raiseSeen(x)
	r.records++
	r.recordBytes += x.size()
	r.scratch.record.Instance = r.wire(x)
	r.out.Persist(&r.scratch.record)
}

// noteCommitted notes for figures and lemmas that an instance is committed.
func (r *replica) noteCommitted(x *instance) {
	r.out.NoteInstance(protocols.InstanceEvent{ID: x.at.id(), Kind: protocols.InstanceCommitted, Deps: x.deps[:]})
}

// raiseSeen raises Seen by an instance and by its Deps.
func (r *replica) raiseSeen(x *instance) {
	r.seen.raise(x.deps)
	r.seen[x.at.column] = max(r.seen[x.at.column], x.at.lsn+1)
}
