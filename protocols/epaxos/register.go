package epaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/slab"
)

// register is one key: its state after what is executed, and its instances. There may be millions, most of them with
// nothing open.
type register struct {
	key  []byte
	name string // key as a string

	state   kv.Register
	slots   uint64 // how many writes are executed
	columns []column

	waiting  []*instance // those whose recovery here is waiting (rule 10)
	requests []*request  // of this replica's clients that are not executed
	watched  bool        // it is in replica.open

	fetchAfter time.Duration // when a message too far ahead leads to a fetch again: the answer to the last one is due
}

// column holds the instances of a key that one replica has submitted.
type column struct {
	base     uint64      // all instances below are forgotten (rule 15)
	held     []*instance // from base on; nil where only the number is known
	executed uint64      // all instances below are executed
	written  uint64      // one more than the last executed that writes; 0: none
	read     uint64      // likewise that reads
	asked    uint64      // of the instances below, those undecided are asked for when the timer of rule 6 fires

	blocked   bool // the first that is not executed waits for an instance to be committed: that of
	blockedBy position
}

// end is one more than the highest number that was heard of.
func (c *column) end() uint64 { return c.base + uint64(len(c.held)) }

// hear makes room for the instances below a number.
func (c *column) hear(end uint64) {
	for c.end() < end {
		c.held = append(c.held, nil)
	}
}

// forget drops the instances below a number.
func (c *column) forget(base uint64) {
	if base <= c.base {
		return
	}
	n := min(base-c.base, uint64(len(c.held)))
	clear(c.held[:n]) // frees their memory, though the array stays
	c.base, c.held = base, c.held[n:]
	if len(c.held) == 0 {
		c.held = nil
	}
}

// conflicting returns one more than the last executed instance that conflicts with a command that writes, or that
// reads.
func (c *column) conflicting(writes bool) uint64 {
	if writes {
		return max(c.written, c.read)
	}
	return c.written
}

// instance is what a replica holds of one instance.
type instance struct {
	register *register
	position

	phase       Phase
	ballot      protocols.Ballot // the highest promised; 0 is the submitter's
	valueBallot protocols.Ballot // of the accepted value
	command     []byte           // the submitter's; nil if it is not known
	writes      bool             // the command does
	noop        bool             // the value is a no-op, and not the command
	deps        vector           // of the value
	submitted   bool             // InitCmd is known: the command
	initDeps    vector           // as the submitter sent them, if submitted

	request   *request // of this replica's client that waits for the instance
	attempt   *attempt // of this replica to get the instance decided
	asked     bool     // the others were asked whether it is decided (rule 6)
	persisted bool     // the command is on disk

	visit visit
}

// The phases of an instance.
const (
	initial     = Phase_INITIAL
	preaccepted = Phase_PREACCEPTED_ONLY
	accepted    = Phase_ACCEPTED_VALUE
	committed   = Phase_COMMITTED
)

// id returns the name of the instance outside of this package.
func (x *instance) id() protocols.InstanceID {
	return protocols.InstanceID{Key: x.register.name, Column: x.column, Number: x.number}
}

// noteCommitted notes for figures that an instance is committed.
func (r *replica) noteCommitted(x *instance) {
	r.out.NoteInstance(protocols.InstanceEvent{ID: x.id(), Kind: protocols.InstanceCommitted, Deps: x.deps})
}

// conflicts tells whether the value, or what may become the value, conflicts with a command of the same key: a no-op that
// is not committed stands for a command that may be anything, and one that is committed for nothing.
func (x *instance) conflicts(writes bool) bool {
	switch {
	case x.noop:
		return x.phase != committed
	case x.command == nil:
		return false
	default:
		return x.writes || writes
	}
}

// newRegister returns the state of a key, which it creates if there is none.
func (r *replica) register(key []byte) *register {
	if g := r.byKey[string(key)]; g != nil {
		return g
	}
	g := r.memory.registers.New()
	g.key = r.memory.keys.Clone(key)
	g.name = string(key)
	if len(r.memory.columns) < r.n {
		r.memory.columns = make([]column, columnsBlock*r.n)
	}
	g.columns, r.memory.columns = r.memory.columns[:r.n:r.n], r.memory.columns[r.n:]
	r.byKey[g.name] = g
	r.registers = append(r.registers, g)
	return g
}

// memory is where a replica's structs and the bytes of its keys are allocated, many at a time. Commands are not: a key
// that is not written again keeps its last one.
type memory struct {
	registers slab.Items[register]
	instances slab.Items[instance]
	keys      slab.Slab
	columns   []column // what is left of a block
}

// columnsBlock is the number of keys whose columns are allocated together.
const columnsBlock = 64

// get returns an instance; nil if it is forgotten or nothing is known of it.
func (g *register) get(id position) *instance {
	c := &g.columns[id.column]
	if id.number < c.base || id.number >= c.end() {
		return nil
	}
	return c.held[id.number-c.base]
}

// executed tells whether an instance is executed.
func (g *register) executed(id position) bool { return id.number < g.columns[id.column].executed }

// decided tells whether an instance is known to be decided.
func (g *register) decided(id position) bool {
	if g.executed(id) {
		return true
	}
	x := g.get(id)
	return x != nil && x.phase == committed
}

// instance returns an instance that is not forgotten, which it creates if nothing is known of it.
func (r *replica) instance(g *register, id position) *instance {
	c := &g.columns[id.column]
	c.hear(id.number + 1)
	place := &c.held[id.number-c.base]
	if *place == nil {
		x := r.memory.instances.New()
		x.register, x.position = g, id
		*place = x
	}
	return *place
}

// hear notes the instances that Deps name.
func (g *register) hear(deps []uint64) {
	for c, end := range deps[:min(len(deps), len(g.columns))] {
		g.columns[c].hear(end)
	}
}

// allExecuted tells whether all instances of the key that were heard of are executed.
func (g *register) allExecuted() bool {
	for i := range g.columns {
		if c := &g.columns[i]; c.executed < c.end() {
			return false
		}
	}
	return true
}

// conflictsOf returns the instances known here that conflict with the command of an instance, as Deps. In its own column
// these are all instances before it.
func (g *register) conflictsOf(id position, writes bool) vector {
	deps := make(vector, len(g.columns))
	for i := range g.columns {
		if i == id.column {
			deps[i] = id.number
			continue
		}
		c := &g.columns[i]
		deps[i] = c.conflicting(writes)
		for number := c.end(); number > c.executed; number-- {
			if x := c.held[number-1-c.base]; x != nil && x.conflicts(writes) {
				deps[i] = number
				break
			}
		}
	}
	return deps
}
