package mmp3

import (
	"quorumbench/protocols"
)

// apply applies all instances that are ready, and does what follows: it truncates, schedules sending Applied, and
// answers reads.
func (r *replica) apply() {
	if r.applyReady() {
		r.dropObsoleteSnapshot()
		r.truncateColumns()
		r.scheduleApplied()
		r.answerReads()
	}
}

// applyReady applies instances in the order of rule 7 until none is ready, and returns whether there was one.
func (r *replica) applyReady() (moved bool) {
	for {
		x, heads := r.ready()
		if x == nil {
			return moved
		}
		if heads > 1 {
			r.out.Measure(protocols.MeasureHeads, int64(heads))
		}
		r.applied[x.at.column]++
		r.columns[x.at.column].keep(x, r.kept, maxKeptBytes)
		r.out.NoteInstance(protocols.InstanceEvent{ID: x.at.id(), Kind: protocols.InstanceApplied, Reached: heads})
		r.execute(x)
		moved = true
	}
}

// execute applies the commands of an instance, or a no-op if there are none.
func (r *replica) execute(x *instance) {
	if len(x.commands) == 0 {
		r.slots++
		r.out.Commit(protocols.Slot{Index: r.slots}, protocols.CommandID{}, nil)
	}
	for _, command := range x.commands {
		r.slots++
		id, result := r.store.Apply(command)
		r.out.Commit(protocols.Slot{Index: r.slots}, id, command)
		r.complete(id, result)
	}
}

// ready returns the head to apply next, nil if every walk reaches one that is not committed, and how many heads the
// walk has reached (rule 7).
func (r *replica) ready() (*instance, int) {
	for start := range replicas {
		if x, heads := r.walk(start); x != nil {
			return x, heads
		}
	}
	return nil, 0
}

// walk follows dependencies from the head of a column to other heads. It returns the head with the smallest
// (n, column), where n counts the columns whose head it needs; nil if one reached is not committed; and the number
// of heads reached (rule 7).
func (r *replica) walk(start int) (best *instance, heads int) {
	var reached [replicas]bool
	reached[start] = true
	for again := true; again; {
		again, best, heads = false, nil, 0
		smallest := replicas + 1
		for c := range replicas {
			if !reached[c] {
				continue
			}
			heads++
			head := r.get(position{c, r.applied[c]})
			if head == nil || !head.committed {
				return nil, heads
			}
			n := 0
			for k := range replicas {
				if head.deps[k] > r.applied[k] {
					n++
					again = again || !reached[k]
					reached[k] = true
				}
			}
			if n < smallest {
				best, smallest = head, n
			}
		}
	}
	return best, heads
}
