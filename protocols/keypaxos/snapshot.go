package keypaxos

import (
	"quorumbench/protocols"
)

// compact writes a snapshot when the log has more than minRecords records plus recordsPerKey for each key. The
// bound grows with the keys: with a fixed one, writing n keys would take time n². So the log is never longer than
// about five times the keys' states. The bound is low enough for a random life of a few hundred writes to see
// several snapshots.
const (
	minRecords    = 64
	recordsPerKey = 4
)

// persistEntry writes r.entry to the log.
func (r *Replica) persistEntry() {
	r.Out.Persist(&r.record)
	r.logged++
}

// compact replaces a long log by a snapshot: for each key, its latest state and the instances after it. A replica that is
// never restarted needs none.
func (r *Replica) compact() {
	if r.config.NeverRestarts || uint64(r.logged) <= r.config.SnapshotAfter(minRecords+recordsPerKey*uint64(len(r.byKey))) {
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

// describe fills in a log entry with the acceptor's state.
func (i *Instance) describe(e *Entry, g *Register) {
	promised := e.Promised[:0]
	e.Reset()
	for _, b := range i.promisedBelow {
		promised = append(promised, uint64(b))
	}
	e.Key, e.Version = g.key, i.version
	e.LastBallot, e.ValueBallot, e.Value = uint64(i.LastBallot), uint64(i.ValueBallot), i.Value
	e.Abandoned, e.Promised = uint64(i.abandoned), promised
}

// restore takes back a record from the disk after a crash.
func (r *Replica) restore(data []byte) {
	var record Record
	if protocols.Decode(data, &record) != nil {
		return // a torn record: no message was sent that rests on it
	}
	r.logged++
	for _, e := range record.Entries {
		g := r.register(e.Key)
		r.restoreEntry(g, e)
		r.dropIfEmpty(g)
	}
}

// restoreEntry takes back one entry: a key's state, a chosen value, or an acceptor's state.
func (r *Replica) restoreEntry(g *Register, e *Entry) {
	switch {
	case e.Version <= g.version:
	case e.State != nil:
		if g.state.Restore(e.State) == nil {
			r.installState(g, e.Version)
		}
	case e.Chosen:
		r.instance(g, e.Version).chosen = e.Value
		r.apply(g)
	default:
		i := r.instance(g, e.Version)
		i.Promised = Promised{protocols.Ballot(e.LastBallot), protocols.Ballot(e.ValueBallot), e.Value}
		i.abandoned, i.promisedBelow = protocols.Ballot(e.Abandoned), nil
		for _, b := range e.Promised {
			i.promisedBelow = append(i.promisedBelow, protocols.Ballot(b))
		}
	}
}
