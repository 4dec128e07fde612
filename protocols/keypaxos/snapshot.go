package keypaxos

import (
	"quorumbench/protocols"
)

// A snapshot of all keys takes the place of the log when the log has more records than this: so many,
// and so many more a key. With a number that did not grow with the keys, writing n of them would take
// n² of time; so the log is never longer than about five times the keys' states, and a write's share
// of the snapshots is that of a few records. The numbers are low enough that a life of a few hundred
// writes of some keys sees several snapshots.
const (
	recordsAtLeast = 64
	recordsPerKey  = 4
)

// persist writes the entry that has been filled in.
func (r *Replica) persist() {
	r.Out.Persist(&r.record)
	r.logged++
}

// compact writes a snapshot if the log is long: what is needed of each key, which is its latest version
// with the sessions, and the instances after it.
func (r *Replica) compact() {
	if r.logged <= recordsAtLeast+recordsPerKey*len(r.byKey) {
		return
	}
	r.logged = 0
	snapshot := &Record{}
	for _, g := range r.registers {
		if g.version > 0 {
			snapshot.Entries = append(snapshot.Entries, &Entry{Key: g.key, Version: g.version, State: g.state.State()})
		}
		for i := g.open; i != nil; i = i.later {
			e := &Entry{}
			i.describe(e, g)
			snapshot.Entries = append(snapshot.Entries, e)
			if i.chosen != nil {
				snapshot.Entries = append(snapshot.Entries, &Entry{Key: g.key, Version: i.version, Value: i.chosen, Chosen: true})
			}
		}
	}
	r.Out.Snapshot(snapshot)
}

// describe fills in an entry with the acceptor's state.
func (i *Instance) describe(e *Entry, g *Register) {
	promised := e.Promised[:0]
	e.Reset()
	for _, b := range i.below {
		promised = append(promised, uint64(b))
	}
	e.Key, e.Version = g.key, i.version
	e.LastBallot, e.ValueBallot, e.Value = uint64(i.LastBallot), uint64(i.ValueBallot), i.Value
	e.Abandoned, e.Promised = uint64(i.abandoned), promised
}

func (r *Replica) restore(data []byte) {
	var record Record
	if protocols.Decode(data, &record) != nil {
		return // a torn record was never told to anybody
	}
	r.logged++
	for _, e := range record.Entries {
		g := r.register(e.Key)
		r.restoreEntry(g, e)
		r.tidy(g)
	}
}

func (r *Replica) restoreEntry(g *Register, e *Entry) {
	switch {
	case e.Version <= g.version:
	case e.State != nil:
		if g.state.Restore(e.State) == nil {
			r.stateAfter(g, e.Version)
		}
	case e.Chosen:
		r.instance(g, e.Version).chosen = e.Value
		r.apply(g)
	default:
		i := r.instance(g, e.Version)
		i.Promised = Promised{protocols.Ballot(e.LastBallot), protocols.Ballot(e.ValueBallot), e.Value}
		i.abandoned, i.below = protocols.Ballot(e.Abandoned), nil
		for _, b := range e.Promised {
			i.below = append(i.below, protocols.Ballot(b))
		}
	}
}
