package epaxos

import (
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
)

// instanceOverhead is about what an instance has besides its command, in bytes.
const instanceOverhead = 48

// persist writes an instance to disk (rule 17). The command is written once.
func (r *replica) persist(x *instance) {
	x.describe(&r.entry)
	if x.persisted && x.command != nil {
		r.entry.Command, r.entry.Same = nil, true
	}
	x.persisted = x.command != nil
	r.persistEntry()
}

// persistState writes the state of a key to disk.
func (r *replica) persistState(g *register) {
	r.entry.Reset()
	r.entry.Key, r.entry.State = g.key, g.stateMessage()
	r.persistEntry()
}

// persistEntry writes r.entry to the log.
func (r *replica) persistEntry() {
	r.out.Persist(&r.record)
	r.snapshot.Logged(&r.record, instanceOverhead+len(r.entry.Key)+len(r.entry.Command))
}

// describe fills in a log entry with an instance.
func (x *instance) describe(e *Entry) {
	e.Reset()
	e.Key, e.Column, e.Number = x.register.key, uint32(x.column), x.number
	e.Phase, e.Ballot, e.ValueBallot = x.phase, uint64(x.ballot), uint64(x.valueBallot)
	e.Command, e.NoOp, e.Deps = x.command, x.noop, x.deps
	e.Submitted, e.InitDeps = x.submitted, x.initDeps
}

// compact replaces a long log by a snapshot, which is encoded in steps (rule 17).
func (r *replica) compact() {
	r.snapshot.Step(&r.config, snapshotTimer, r.out, len(r.registers), func(i int) proto.Message { return r.registers[i].record() })
}

// record returns a key's state and the instances that are not executed. Those that are only named by others are named
// again when these are restored.
func (g *register) record() *Record {
	all := &Record{Entries: []*Entry{{Key: g.key, State: g.stateMessage()}}}
	for i := range g.columns {
		c := &g.columns[i]
		for number := c.executed; number < c.end(); number++ {
			if x := g.get(position{i, number}); x != nil {
				e := &Entry{}
				x.describe(e)
				all.Entries = append(all.Entries, e)
			}
		}
	}
	return all
}

// restore takes back a record from the disk after a crash.
func (r *replica) restore(data []byte) {
	var record Record
	if protocols.Decode(data, &record) != nil {
		return // a torn record: no message was sent that rests on it
	}
	r.snapshot.Restored(len(data), len(record.Entries) != 1)
	for _, e := range record.Entries {
		g := r.register(e.Key)
		if e.State != nil {
			r.adopt(g, e.State)
		} else if !g.decided(position{int(e.Column), e.Number}) {
			r.restoreInstance(g, e)
		}
		r.execute(g)
	}
}

// restoreInstance takes back an instance.
func (r *replica) restoreInstance(g *register, e *Entry) {
	x := r.instance(g, position{int(e.Column), e.Number})
	x.phase, x.ballot, x.valueBallot = e.Phase, protocols.Ballot(e.Ballot), protocols.Ballot(e.ValueBallot)
	if len(e.Command) > 0 {
		r.setCommand(x, e.Command)
	}
	x.persisted = x.command != nil
	x.noop, x.deps = e.NoOp, e.Deps
	x.submitted, x.initDeps = e.Submitted, e.InitDeps
	g.hear(x.deps)
	g.hear(x.initDeps)
	if x.phase == committed {
		r.noteCommitted(x)
	}
}
