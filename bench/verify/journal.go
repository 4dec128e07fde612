package verify

import (
	"hash/maphash"
	"slices"
	"sync/atomic"
	"time"

	"quorumbench/protocols"
)

// Journal records what a replica has applied in each of its incarnations, for each of the orders that replicas must
// agree on: the log, or one order for each key. Steps and End are safe for use by several goroutines, the rest is
// not.
type Journal struct {
	// Hash is the hash of commands by which journals are compared; by default one that is good in this process only.
	Hash func(command []byte) uint64

	incarnations []map[string]*applied
	log          *applied      // of the last incarnation, if it has applied something of the log
	begun        time.Duration // when the last incarnation began
	lost         []lostCommit  // by the last crash; see Lose

	applied atomic.Int64  // see Steps
	last    atomic.Uint64 // see End
}

// Steps counts the commands applied and the states adopted, in all incarnations.
func (j *Journal) Steps() int64 { return j.applied.Load() }

// End is the last index of the log that the present incarnation has applied; 0 where keys have orders of
// their own.
func (j *Journal) End() uint64 { return j.last.Load() }

// applied is what a replica has applied of one order in one incarnation: stretches of consecutive commands. Each
// stretch but the first begins after a state that was adopted.
type applied struct {
	stretches []stretch
	gap       bool // an index did not follow the one before
}

// stretch is a sequence of commands at consecutive indexes.
type stretch struct {
	first    uint64 // index
	commands column
	begun    time.Duration   // when the state was adopted, or the incarnation began
	when     []time.Duration // when each command was applied; not kept for the first incarnation
}

func (s *stretch) next() uint64 { return s.first + uint64(s.commands.len()) }

var journalSeed = maphash.MakeSeed()

// hash is the hash of a command, and never 0.
func (j *Journal) hash(command []byte) uint64 {
	if j.Hash != nil {
		return max(1, j.Hash(command))
	}
	return max(1, maphash.Bytes(journalSeed, command))
}

// Mirror enters how far the journal of the same replica is in the process that runs it. Safe for use by several goroutines.
func (j *Journal) Mirror(steps int64, end uint64) {
	j.applied.Store(steps)
	j.last.Store(end)
}

// Begin begins the record of another incarnation.
func (j *Journal) Begin(now time.Duration) {
	j.incarnations, j.begun, j.log = append(j.incarnations, map[string]*applied{}), now, nil
	j.last.Store(0)
}

// Lose records commands that the replica had applied when it crashed, though nobody was to know it, since the disk had not
// written all that goes with them. They count only if the disk has kept a state that they are part of; see Restore.
func (j *Journal) Lose(commits []protocols.Commit) {
	j.lost = j.lost[:0]
	for _, c := range commits {
		j.lost = append(j.lost, lostCommit{c.Slot, c.Adopted, newEntry(j.hash(c.Command), c.ID)})
	}
}

// lostCommit is a command, or a state, of which it is not known whether the disk has kept it.
type lostCommit struct {
	slot    protocols.Slot
	adopted bool
	command entry
}

// Restore records that the replica has found a state on its disk after a crash. What it had applied up to there before the
// crash is part of that state, also if it was lost otherwise.
func (j *Journal) Restore(state protocols.Slot, now time.Duration) {
	if len(j.incarnations) < 2 {
		return
	}
	before := j.incarnations[len(j.incarnations)-2]
	j.lost = slices.DeleteFunc(j.lost, func(c lostCommit) bool { // each counts once, however many states the replica finds
		if c.slot.Key != state.Key || c.slot.Index > state.Index {
			return false
		}
		if before[c.slot.Key] == nil {
			before[c.slot.Key] = &applied{stretches: []stretch{{first: 1, begun: now}}}
		}
		before[c.slot.Key].add(c.slot.Index, c.adopted, c.command, now, len(j.incarnations) > 2)
		return true
	})
}

// Add records a command that the replica applied, or a state that it adopted.
func (j *Journal) Add(c protocols.Commit, now time.Duration) {
	j.applied.Add(1)
	if c.Slot.Key == "" {
		j.last.Store(c.Slot.Index)
	}
	command := entry{}
	if !c.Adopted {
		command = newEntry(j.hash(c.Command), c.ID)
	}
	j.order(c.Slot.Key).add(c.Slot.Index, c.Adopted, command, now, len(j.incarnations) > 1)
}

// add records a command that was applied at an index, or a state up to it that was adopted; timed also keeps when.
func (a *applied) add(index uint64, adopted bool, command entry, now time.Duration, timed bool) {
	last := &a.stretches[len(a.stretches)-1]
	if adopted {
		a.gap = a.gap || index+1 < last.next()
		if index+1 > last.next() {
			a.stretches = append(a.stretches, stretch{first: index + 1, begun: now})
		}
		return
	}
	a.gap = a.gap || index != last.next()
	last.commands.add(command)
	if timed {
		last.when = append(last.when, now)
	}
}

// endOf is the last index of a key's order that the present incarnation has applied.
func (j *Journal) endOf(key string) uint64 {
	order := j.incarnations[len(j.incarnations)-1][key]
	if order == nil {
		return 0
	}
	return order.stretches[len(order.stretches)-1].next() - 1
}

// order returns what the present incarnation has applied of an order.
func (j *Journal) order(key string) *applied {
	if key == "" && j.log != nil {
		return j.log
	}
	present := j.incarnations[len(j.incarnations)-1]
	order := present[key]
	if order == nil {
		order = &applied{stretches: []stretch{{first: 1, begun: j.begun}}}
		present[key] = order
	}
	if key == "" {
		j.log = order
	}
	return order
}

// reached returns when the replica had applied or adopted everything up to an index; ok is false if it has not. It
// must not be called for the first incarnation, whose times are not kept.
func (a *applied) reached(index uint64) (when time.Duration, ok bool) {
	for i := range a.stretches {
		s := &a.stretches[i]
		if index < s.first {
			return s.begun, true
		}
		if index < s.next() {
			return s.when[index-s.first], true
		}
	}
	return 0, false
}
