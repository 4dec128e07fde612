package keypaxos

import (
	"math"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
)

// persistEntry writes r.entry to the log.
func (r *Replica) persistEntry() {
	r.Out.Persist(&r.record)
	r.walk.Logged(&r.record, entryOverhead+len(r.entry.Key)+len(r.entry.Value)+len(r.entry.State))
}

// entryOverhead is about what a log entry has besides key, value and state, in bytes.
const entryOverhead = 24

// walkTimer is the timer of a snapshot that is not whole yet. The timers of registers count from 0.
const walkTimer = protocols.TimerID(math.MaxUint64)

// compact replaces a long log by a snapshot, which is encoded in steps: for each key, its latest state and the instances after it.
func (r *Replica) compact() {
	r.walk.Step(&r.config, walkTimer, r.Out, len(r.registers), func(i int) proto.Message { return describeKey(r.registers[i]) })
}

// describeKey returns a key's latest state and the instances after it.
func describeKey(g *Register) *Record {
	snapshot := &Record{}
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
	return snapshot
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
	r.walk.Restored(len(data), len(record.Entries) != 1)
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
