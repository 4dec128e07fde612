package keypaxos

import (
	"math"
	"time"

	"quorumbench/protocols"
)

// persistEntry writes r.entry to the log.
func (r *Replica) persistEntry() {
	r.Out.Persist(&r.record)
	r.logged++
	r.loggedBytes += entryOverhead + len(r.entry.Key) + len(r.entry.Value)
	if r.walk.underWay {
		r.walk.after = encodeRecord(r.walk.after, &r.record)
	}
}

// entryOverhead is about what a log entry has besides key and value, in bytes.
const entryOverhead = 24

// walk is a snapshot that is not whole yet. It has each key's state at the time when the walk came to it, and after all
// keys what has been written to the log since the walk began: whoever reads it goes through the changes of a key again
// from the state at the beginning, or from a later one, to the present state.
type walk struct {
	underWay bool
	timerSet bool
	next     int    // the register that is next
	end      int    // the register that is not in it any more: registers made later are in the log
	data     []byte // an encoded Record
	after    []byte // likewise, what has been logged since it began
}

const (
	walkTimer = protocols.TimerID(math.MaxUint64) // the timers of registers count from 0
	walkPause = time.Millisecond                  // between two steps of a walk if there is no other input
)

// compact replaces a long log by a snapshot, which is encoded in steps: for each key, its latest state and the instances after it.
// A replica that is never restarted needs none.
func (r *Replica) compact() {
	w := &r.walk
	if !w.underWay {
		if r.config.NeverRestarts || !r.config.SnapshotDue(uint64(r.logged), r.loggedBytes, r.snapshotBytes) {
			return
		}
		*w = walk{underWay: true, timerSet: w.timerSet, end: len(r.registers), data: make([]byte, 0, r.snapshotBytes+r.snapshotBytes/8)}
	}
	for full := len(w.data) + r.config.SnapshotStepBytes(); w.next < w.end && len(w.data) < full; w.next++ {
		w.data = encodeRecord(w.data, describeKey(r.registers[w.next]))
	}
	if w.next < w.end {
		if !w.timerSet {
			w.timerSet = true
			r.Out.SetTimer(walkTimer, walkPause)
		}
		return
	}
	r.Out.SnapshotEncoded(append(w.data, w.after...))
	r.snapshotBytes, r.logged, r.loggedBytes = len(w.data), 0, 0
	r.walk = walk{timerSet: w.timerSet}
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

func encodeRecord(data []byte, record *Record) []byte {
	data, err := protocols.Append(data, record)
	if err != nil {
		panic("keypaxos: encoding a snapshot: " + err.Error()) // an invalid message type: a programming error
	}
	return data
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
	if len(record.Entries) == 1 {
		r.logged++
		r.loggedBytes += len(data)
	} else { // a snapshot
		r.logged, r.loggedBytes, r.snapshotBytes = 0, 0, len(data)
	}
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
