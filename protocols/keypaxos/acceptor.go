package keypaxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Instance is the acceptor's state of one version that is not applied yet.
type Instance struct {
	version uint64
	later   *Instance // the next version of the key of which something is known

	Promised

	chosen    []byte           // the value that is chosen, nil if that is not known
	abandoned protocols.Ballot // the highest of this replica's own that it has taken back
	below     []protocols.Ballot
}

// Promised is what an acceptor tells of an instance.
type Promised struct {
	LastBallot  protocols.Ballot // the highest promised
	ValueBallot protocols.Ballot // that of the accepted value, zero for none
	Value       []byte
}

// instance returns the acceptor's state of a version that is not applied yet.
func (r *Replica) instance(g *Register, version uint64) *Instance {
	at := &g.open
	for *at != nil && (*at).version < version {
		at = &(*at).later
	}
	if *at != nil && (*at).version == version {
		return *at
	}
	i := r.spare
	if i == nil {
		i = &Instance{}
	} else {
		r.spare = i.later
	}
	*i = Instance{version: version, later: *at}
	*at = i
	return i
}

// empty tells whether nothing is known of the version.
func (i *Instance) empty() bool {
	return i.LastBallot == 0 && i.ValueBallot == 0 && i.chosen == nil && i.abandoned == 0
}

// close drops the first open instance: rule 7.
func (r *Replica) close(g *Register) { r.drop(&g.open) }

func (r *Replica) drop(at **Instance) {
	i := *at
	*at = i.later
	*i = Instance{later: r.spare}
	r.spare = i
}

// Promised returns what is promised and accepted in a version that is not applied yet.
func (r *Replica) Promised(g *Register, version uint64) Promised {
	return r.instance(g, version).Promised
}

// Prepare keeps rule 1 and returns the state before.
func (r *Replica) Prepare(g *Register, version uint64, b protocols.Ballot) Promised {
	i := r.instance(g, version)
	before := i.Promised
	if b > i.LastBallot {
		i.push()
		i.LastBallot = b
		r.keep(g, i) // rule 10
	}
	return before
}

// Accept keeps rule 2 and returns the highest ballot promised before.
func (r *Replica) Accept(g *Register, version uint64, b protocols.Ballot, value []byte) protocols.Ballot {
	i := r.instance(g, version)
	last := i.LastBallot
	if b >= last && b != i.ValueBallot {
		i.Promised = Promised{LastBallot: b, ValueBallot: b, Value: value}
		i.below = i.below[:0] // rule 11
		r.keep(g, i)          // rule 10
		r.markAccepted(b, value)
	}
	return last
}

func (r *Replica) markAccepted(b protocols.Ballot, value []byte) {
	if b.Proposer() == r.ID {
		return
	}
	if id, err := kv.ID(value); err == nil {
		r.Out.Mark(id, protocols.MarkAccepted)
	}
}

// keep makes a change of an instance durable.
func (r *Replica) keep(g *Register, i *Instance) {
	i.describe(&r.entry, g)
	r.persist()
}
