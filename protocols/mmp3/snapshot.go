package mmp3

import (
	"bytes"
	"slices"
	"time"

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
	r.settled = max(r.settled, r.applied[r.id])
	r.out.Adopt(protocols.Slot{Index: r.slots})
	return true
}

// A snapshot takes the place of the records on disk when there are so many of them: often enough for
// random lives to meet it again and again; and where the state is large, seldom enough for the cost of
// writing it to be a small part of that of the records.
const (
	mostRecords = 50
	mostShare   = 4 // records for each key in the state, and each instance that is not applied
)

// save puts a snapshot in the place of the records on disk, if it is time (rule 14).
func (r *replica) save() {
	if r.records < mostRecords {
		return
	}
	size := r.store.Len()
	for c := range replicas {
		size += int(r.columns[c].end() - min(r.applied[c], r.columns[c].end()))
	}
	if r.records >= mostShare*size {
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
	r.settle()
	r.applyReady()
}

// sendSnapshot sends the state to a replica that is too far behind.
func (r *replica) sendSnapshot(to protocols.NodeID) {
	s := r.snapshot()
	parts := slices.Collect(slices.Chunk(s.State, mostBytes))
	if len(parts) == 0 {
		parts = [][]byte{nil}
	}
	s.Parts = uint32(len(parts))
	for i, part := range parts {
		s.Part, s.State = uint32(i), part
		r.out.Send(to, r.envelope(&Message_Snapshot{Snapshot: s}))
	}
}

// parcel is a snapshot of another replica of which some parts have arrived.
type parcel struct {
	from  protocols.NodeID
	slots uint64
	parts [][]byte
	left  int
	last  time.Duration // when the last part came
}

// receiving tells whether a snapshot is on its way, part by part: another one would only be in its way.
func (r *replica) receiving() bool {
	return r.arriving.left > 0 && r.now-r.arriving.last < partPatience
}

// partPatience is how long the next part of a snapshot may take: a megabyte over a link of a few Mbit/s.
const partPatience = 5 * time.Second

func (r *replica) onSnapshot(from protocols.NodeID, s *Snapshot) {
	if s.Slots <= r.slots || s.Part >= s.Parts {
		return
	}
	p := &r.arriving
	if p.from != from || p.slots != s.Slots || len(p.parts) != int(s.Parts) {
		if r.receiving() {
			return
		}
		*p = parcel{from: from, slots: s.Slots, parts: make([][]byte, s.Parts), left: int(s.Parts)}
	}
	if p.parts[s.Part] == nil {
		p.parts[s.Part] = append([]byte{}, s.State...)
		p.left--
		p.last = r.now
	}
	if p.left == 0 {
		s.State = bytes.Join(p.parts, nil)
		*p = parcel{}
		r.install(s)
	}
}

// install goes on from another replica's snapshot. Of this replica's clients' commands, some are
// applied in it; others were in instances that it skips, and did not get their places.
func (r *replica) install(s *Snapshot) {
	applied := vectorOf(s.Applied)
	for c := range replicas {
		for lsn := r.applied[c]; lsn < applied[c]; lsn++ {
			if x := r.get(position{c, lsn}); x != nil {
				r.abandon(x)
			}
		}
	}
	settled := r.settled
	if !r.adopt(s) {
		return
	}
	r.out.Measure("snapshot taken over", int64(len(s.State)))
	r.fulfilSkipped()
	for lsn := settled; lsn < r.settled; lsn++ {
		wishes := r.placed[lsn]
		delete(r.placed, lsn)
		r.wishAgain(wishes)
	}
	r.settle()
	r.apply()
	r.writeSnapshot()
	r.forget()
	r.tellLater()
	r.sweepLater()
	r.serve()
}
