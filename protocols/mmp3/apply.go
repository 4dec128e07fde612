package mmp3

import (
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// apply keeps rule 7, as far as it goes.
func (r *replica) apply() {
	for {
		x := r.ready()
		if x == nil {
			return
		}
		r.applied[x.at.column]++
		r.slots++
		id, result := r.store.Apply(x.command)
		r.out.Commit(protocols.Slot{Index: r.slots}, id, x.command)
		if w := r.wishes[id]; w != nil && w.read { // rule 9
			r.answer(w, result)
		}
	}
}

// ready returns the head to apply next, nil if every walk meets one that is not committed.
func (r *replica) ready() *instance {
	for start := range replicas {
		if x := r.walk(start); x != nil {
			return x
		}
	}
	return nil
}

// walk follows dependencies from the head of a column, and returns the reached head with the
// smallest (n, column), nil if one reached is not committed.
func (r *replica) walk(start int) *instance {
	var reached [replicas]bool
	reached[start] = true
	var best *instance
	smallest := replicas + 1
	for again := true; again; {
		again, best, smallest = false, nil, replicas+1
		for c := range replicas {
			if !reached[c] {
				continue
			}
			head := r.get(position{c, r.applied[c]})
			if head == nil || !head.committed {
				return nil
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
	return best
}

// settle keeps rule 8: it moves on over the committed instances of this replica's column, and
// answers the writes among them.
func (r *replica) settle() {
	for {
		x := r.get(position{r.id, r.settled})
		if x == nil || !x.committed {
			return
		}
		w := r.placed[r.settled]
		delete(r.placed, r.settled)
		r.settled++
		if w != nil && !w.read {
			r.out.Mark(w.id, protocols.MarkCommitted)
			r.answer(w, kv.PutResult)
		}
	}
}

func (r *replica) answer(w *wish, result []byte) {
	delete(r.wishes, w.id)
	r.out.Answer(w.id, result)
}
