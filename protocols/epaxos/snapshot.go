package epaxos

import (
	"time"

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
	r.logged++
	r.loggedBytes += instanceOverhead + len(r.entry.Key) + len(r.entry.Command)
	if r.snapshot.underWay {
		r.snapshot.after = encodeRecord(r.snapshot.after, &r.record)
	}
}

// describe fills in a log entry with an instance.
func (x *instance) describe(e *Entry) {
	e.Reset()
	e.Key, e.Column, e.Number = x.register.key, uint32(x.column), x.number
	e.Phase, e.Ballot, e.ValueBallot = x.phase, uint64(x.ballot), uint64(x.valueBallot)
	e.Command, e.NoOp, e.Deps = x.command, x.noop, x.deps
	e.Submitted, e.InitDeps = x.submitted, x.initDeps
}

// snapshotWalk is a snapshot that is not whole yet. It has each key as it is when the walk comes to it and, after all
// keys, what has been written to the log since the walk began: whoever reads it goes through the changes of a key again,
// from a state in the middle of them to the present one.
type snapshotWalk struct {
	underWay bool
	timerSet bool
	next     int    // the register that is next
	end      int    // the register that is not in it any more: what is known of later ones is in the log
	data     []byte // an encoded Record
	after    []byte // likewise, what has been logged since it began
}

// walkPause is the time between two steps of a walk if there is no other input.
const walkPause = time.Millisecond

// compact replaces a long log by a snapshot, which is encoded in steps (rule 17). A replica that is never restarted needs
// none.
func (r *replica) compact() {
	w := &r.snapshot
	if !w.underWay {
		if r.config.NeverRestarts || !r.config.SnapshotDue(uint64(r.logged), r.loggedBytes, r.snapshotBytes) {
			return
		}
		*w = snapshotWalk{underWay: true, timerSet: w.timerSet, end: len(r.registers), data: make([]byte, 0, r.snapshotBytes+r.snapshotBytes/8)}
	}
	for full := len(w.data) + r.config.SnapshotStepBytes(); w.next < w.end && len(w.data) < full; w.next++ {
		w.data = encodeRecord(w.data, r.registers[w.next].record())
	}
	if w.next < w.end {
		if !w.timerSet {
			w.timerSet = true
			r.out.SetTimer(snapshotTimer, walkPause)
		}
		return
	}
	r.out.SnapshotEncoded(append(w.data, w.after...))
	r.snapshotBytes, r.logged, r.loggedBytes = len(w.data), 0, 0
	r.snapshot = snapshotWalk{timerSet: w.timerSet}
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

func encodeRecord(data []byte, record *Record) []byte {
	data, err := protocols.Append(data, record)
	if err != nil {
		panic("epaxos: encoding a snapshot: " + err.Error()) // an invalid message type: a programming error
	}
	return data
}

// restore takes back a record from the disk after a crash.
func (r *replica) restore(data []byte) {
	var record Record
	if protocols.Decode(data, &record) != nil {
		return // a torn record: no message was sent that rests on it
	}
	if len(record.Entries) == 1 {
		r.logged++
		r.loggedBytes += len(data)
	} else { // a snapshot
		r.logged, r.loggedBytes, r.snapshotBytes = 0, 0, len(data)
	}
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
}
