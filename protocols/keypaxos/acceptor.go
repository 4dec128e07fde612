package keypaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Instance is the state of one version of a key that is not applied yet.
type Instance struct {
	version uint64
	later   *Instance // of the next version of the key that has one

	Promised

	chosen        []byte             // the value; nil if it is not known to be chosen
	abandoned     protocols.Ballot   // the highest of this replica's ballots that it must not use again (rule 13)
	promisedBelow []protocols.Ballot // since the last accept, in order; LastBallot is not among them (rule 11)

	told []told // by ballot (rule 14)

	acceptedAt time.Duration // under the fast ballot; 0: before a restart
}

// told are the replicas that are known to have accepted a value under one ballot.
type told struct {
	under protocols.Ballot
	by    quorum.Set
}

// Promised is what an acceptor tells about an instance.
type Promised struct {
	LastBallot  protocols.Ballot // the highest promised
	ValueBallot protocols.Ballot // of the accepted value; 0: none
	Value       []byte
}

// instance returns the state of a version that is not applied yet, which it creates if there is none.
func (r *Replica) instance(g *Register, version uint64) *Instance {
	at := &g.open
	for *at != nil && (*at).version < version {
		at = &(*at).later
	}
	if *at != nil && (*at).version == version {
		return *at
	}
	i := r.freeInstances
	if i == nil {
		i = &Instance{}
	} else {
		r.freeInstances = i.later
	}
	*i = Instance{version: version, later: *at}
	*at = i
	return i
}

// empty tells whether nothing is known of the version.
func (i *Instance) empty() bool {
	return i.LastBallot == 0 && i.ValueBallot == 0 && i.chosen == nil && i.abandoned == 0 && len(i.told) == 0
}

// dropFirst drops the state of the oldest open instance of a key, which is decided (rule 7).
func (r *Replica) dropFirst(g *Register) { r.dropInstance(&g.open) }

// dropInstance takes an instance out of its list.
func (r *Replica) dropInstance(at **Instance) {
	i := *at
	*at = i.later
	*i = Instance{later: r.freeInstances}
	r.freeInstances = i
}

// Promised returns what this replica has promised and accepted in a version that is not applied yet.
func (r *Replica) Promised(g *Register, version uint64) Promised {
	return r.instance(g, version).Promised
}

// Prepare promises a ballot if it is above the highest promised, and returns the state before (rule 1: the
// acceptor's side of a prepare).
func (r *Replica) Prepare(g *Register, version uint64, b protocols.Ballot) Promised {
	i := r.instance(g, version)
	before := i.Promised
	if b > i.LastBallot {
		i.pushPromise()
		i.LastBallot = b
		r.persist(g, i)
	}
	return before
}

// Accept accepts a value if its ballot is at least the highest promised, and returns the highest ballot
// promised before (rule 2: the acceptor's side of an accept).
func (r *Replica) Accept(g *Register, version uint64, b protocols.Ballot, value []byte) protocols.Ballot {
	i := r.instance(g, version)
	last := i.LastBallot
	if b >= last && b != i.ValueBallot {
		i.Promised = Promised{LastBallot: b, ValueBallot: b, Value: value}
		i.promisedBelow = i.promisedBelow[:0] // rule 11: the chain of promises starts anew
		r.persist(g, i)
		r.markAccepted(b, value)
	}
	return last
}

// markAccepted marks the command as accepted, unless this replica proposed it.
func (r *Replica) markAccepted(b protocols.Ballot, value []byte) {
	if b.Proposer() == r.ID {
		return
	}
	if id, err := kv.ID(value); err == nil {
		r.Out.Mark(id, protocols.MarkAccepted)
	}
}

// persist writes the acceptor's state of an instance to disk (rule 10: durable before a message tells it).
func (r *Replica) persist(g *Register, i *Instance) {
	i.describe(&r.entry, g)
	r.persistEntry()
}
