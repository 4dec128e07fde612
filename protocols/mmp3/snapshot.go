package mmp3

import (
	"slices"

	"quorumbench/protocols"
)

// snapshot is everything that follows from what is applied, and Seen (rule 13).
func (r *replica) snapshot() *Snapshot {
	return &Snapshot{Applied: slices.Clone(r.applied[:]), Seen: slices.Clone(r.seen[:]), Slots: r.slots, State: r.store.Snapshot()}
}

// adopt takes over a snapshot, of this replica's former life or of another's.
func (r *replica) adopt(s *Snapshot) bool {
	if r.store.Restore(s.State) != nil {
		return false
	}
	r.applied, r.slots = vectorOf(s.Applied), s.Slots
	r.seen.raise(vectorOf(s.Seen))
	for c := range replicas {
		r.columns[c].truncate(r.applied[c])
	}
	r.committedBelow = max(r.committedBelow, r.applied[r.id])
	r.out.Adopt(protocols.Slot{Index: r.slots})
	return true
}

// A snapshot takes the place of the records on disk when there are so many of them: often enough for
// random lives to meet it again and again; and where the state is large, seldom enough for the cost of
// writing it to be a small part of that of the records.
const (
	minRecords      = 50
	recordsPerEntry = 4 // records for each key in the state, and each instance that is not applied
)

// save puts a snapshot in the place of the records on disk, if it is time (rule 14).
func (r *replica) compact() {
	if r.records < minRecords {
		return
	}
	size := r.store.Len()
	for c := range replicas {
		size += int(r.columns[c].end() - min(r.applied[c], r.columns[c].end()))
	}
	if r.records >= recordsPerEntry*size {
		r.writeSnapshot()
	}
}

// writeSnapshot puts all this replica has to keep on disk, in the place of what is there.
func (r *replica) writeSnapshot() {
	s := r.snapshot()
	for c := range replicas {
		for lsn := r.applied[c]; lsn < r.columns[c].end(); lsn++ {
			if x := r.get(position{c, lsn}); x != nil {
				s.Open = append(s.Open, x.message())
			}
		}
	}
	r.records = 0
	r.out.Snapshot(&Record{Snapshot: s})
}

func (r *replica) restore(data []byte) {
	var record Record
	if protocols.Decode(data, &record) != nil {
		return // a torn record was never told to anybody
	}
	r.records++
	if s := record.Snapshot; s != nil && r.adopt(s) {
		for _, m := range s.Open {
			r.restoreInstance(m)
		}
	}
	if m := record.Instance; m != nil && !r.truncated(m.position()) {
		r.restoreInstance(m)
	}
	r.advanceCommitted()
	r.applyReady()
}
