package mmp3

import (
	"fmt"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// ownSnapshot is a snapshot of this replica that is not whole yet (rule 13): it has all that was applied when it was
// begun.
type ownSnapshot struct {
	snapshot.Walk
	applied, seen vector
	forDisk       bool       // it replaces the records on disk
	askers        quorum.Set // the replicas that wait for it
}

// beginSnapshot begins a snapshot of the present state, unless one is under way. It is encoded in this step and later
// ones.
func (r *replica) beginSnapshot() {
	if !r.own.UnderWay() {
		r.own.Begin(r.slots, r.store)
		r.own.applied, r.own.seen = r.applied, r.seen
	}
}

// adopt replaces the state by a snapshot, from this replica's disk or from another replica. It returns false if the
// snapshot cannot be decoded.
func (r *replica) adopt(s *Snapshot) bool {
	if r.store.Restore(s.State) != nil {
		return false
	}
	r.own, r.outgoing = ownSnapshot{}, outgoingSnapshot{} // the instances after them are gone
	r.applied, r.slots = vectorOf(s.Applied), s.Slots
	r.seen.raise(vectorOf(s.Seen))
	for c := range replicas {
		r.columns[c].adopt(r.applied[c])
	}
	r.committedBelow = max(r.committedBelow, r.applied[r.id])
	r.out.Adopt(protocols.Slot{Index: r.slots})
	return true
}

// compact begins a snapshot if there are enough records on disk (rule 14), and encodes more of the one under way. When
// that is whole, it replaces the records on disk, and is sent to those who wait for it.
func (r *replica) compact() {
	if !r.config.NeverRestarts && !r.own.forDisk && r.config.SnapshotDue(uint64(r.records), r.recordBytes, r.snapshotBytes) {
		r.own.forDisk = true
		r.beginSnapshot()
	}
	if !r.own.UnderWay() {
		return
	}
	state, whole := r.own.Step(&r.config, snapshotTimer, r.out)
	if !whole {
		return
	}
	own := r.own
	r.own.forDisk, r.own.askers = false, 0
	s := &Snapshot{Applied: own.applied[:], Seen: own.seen[:], Slots: own.Index, State: state}
	if own.forDisk {
		r.writeSnapshot(s)
	}
	if own.askers == 0 {
		return
	}
	s.Open = nil
	data, err := protocols.Append(nil, s)
	if err != nil {
		panic(fmt.Sprintf("mmp3: encoding a snapshot: %v", err)) // an invalid message type: a programming error
	}
	for to := range own.askers.All() {
		r.sendPiece(protocols.NodeID(to), nil, func() (uint64, []byte) {
			r.outgoing.applied = own.applied
			return own.Index, data
		})
	}
}

// writeSnapshot replaces what is on disk by a snapshot and the instances that are not applied in it.
func (r *replica) writeSnapshot(s *Snapshot) {
	s.Seen, s.Open = r.seen[:], nil
	r.records, r.recordBytes, r.snapshotBytes = 0, 0, len(s.State)
	for c := range replicas {
		for lsn := s.Applied[c]; lsn < r.columns[c].end(); lsn++ {
			if x := r.get(position{c, lsn}); x != nil {
				s.Open = append(s.Open, x.message())
				r.snapshotBytes += x.size()
			}
		}
	}
	r.out.Snapshot(&Record{Snapshot: s})
}

// restore takes back a record from the disk after a crash.
func (r *replica) restore(data []byte) {
	var record Record
	if protocols.Decode(data, &record) != nil {
		return // a torn record: no message was sent that rests on it
	}
	r.records++
	r.recordBytes += len(data)
	if s := record.Snapshot; s != nil && r.adopt(s) {
		r.records, r.recordBytes, r.snapshotBytes = 0, 0, len(data)
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

// restoreInstance takes back an instance from the disk.
func (r *replica) restoreInstance(m *Instance) {
	x := r.open(m.position())
	x.ballot, x.valueBallot = protocols.Ballot(m.Ballot), protocols.Ballot(m.ValueBallot)
	x.commands, x.deps, x.committed = r.owned(x, m.Commands), m.vector(), m.Committed
	r.raiseSeen(x)
	if x.committed {
		r.noteCommitted(x)
	}
}

// outgoingSnapshot is the snapshot that other replicas receive piece by piece. Its index is the number of its slots.
type outgoingSnapshot struct {
	snapshot.Sender
	applied vector // of the snapshot
}

// onAsk sends a replica the piece of a snapshot that it asks for. If no snapshot is on offer, it begins one: the replica
// gets the first piece when that is whole.
func (r *replica) onAsk(from protocols.NodeID, a *snapshot.Ask) {
	if r.slots == 0 {
		return
	}
	r.sendPiece(from, a, func() (uint64, []byte) {
		r.own.askers.Add(int32(from))
		r.beginSnapshot()
		return 0, nil
	})
}

// sendPiece sends a replica the piece of a snapshot that it asks for, unless that is on its way.
func (r *replica) sendPiece(to protocols.NodeID, a *snapshot.Ask, take func() (index uint64, data []byte)) {
	if piece := r.outgoing.Piece(to, a, r.now, r.retry[to], r.config.Limits, take); piece != nil {
		r.out.Send(to, r.envelope(&Message_Piece{Piece: piece}))
	}
	r.scheduleApplied()
}

// incomingSnapshot is the snapshot that this replica receives piece by piece.
type incomingSnapshot struct {
	snapshot.Receiver
	asked time.Duration // when the last piece was asked for
}

// dropObsoleteSnapshot drops the incoming snapshot if this replica has applied all that is in it meanwhile.
func (r *replica) dropObsoleteSnapshot() {
	if r.incoming.Index() <= r.slots {
		r.incoming = incomingSnapshot{}
	}
}

// askPiece asks for the next piece of the incoming snapshot.
func (r *replica) askPiece(of protocols.NodeID) {
	r.incoming.asked = r.now
	r.out.Send(of, r.envelope(&Message_Query{Query: &Query{Snapshot: r.incoming.Ask(of)}}))
}

// retryPiece asks again for a piece that did not come in time: the sender does not send it a second time while it may
// still be on its way. It returns the Applied of the replica that the incoming
// snapshot is from, which the snapshot and the instances after it cover; zero if none is being received.
func (r *replica) retryPiece() (withSnapshot vector) {
	from, underWay := r.incoming.UnderWay(r.now)
	if !underWay {
		return withSnapshot
	}
	if r.now-r.incoming.asked >= r.trips[from].Timeout() {
		r.askPiece(from)
	}
	return r.peerApplied[from]
}

// onPiece adds a piece to the incoming snapshot. It asks for the next one, or installs the snapshot if it is whole.
func (r *replica) onPiece(from protocols.NodeID, p *snapshot.Piece) {
	if p.Index <= r.slots {
		return // this replica has applied as much
	}
	whole, added := r.incoming.Add(from, p, r.now)
	if whole == nil {
		if added {
			r.askPiece(from)
		}
		return
	}
	var s Snapshot
	if protocols.Decode(whole, &s) == nil && s.Slots == p.Index && r.supersedes(&s) {
		r.install(from, &s)
	}
}

// install adopts another replica's snapshot. Some requests of this replica are applied in it. Others were in instances
// that it skips and are not applied: they are proposed again.
func (r *replica) install(from protocols.NodeID, s *Snapshot) {
	var skipped []*instance
	for c, applied := range s.Applied {
		for lsn := r.applied[c]; lsn < min(applied, r.columns[c].end()); lsn++ {
			if x := r.get(position{c, lsn}); x != nil {
				skipped = append(skipped, x)
			}
		}
	}
	before, end := r.committedBelow, r.columns[r.id].end()
	if !r.adopt(s) {
		return
	}
	r.writeSnapshot(s)
	r.out.Measure(protocols.MeasureInstalled, int64(len(s.State)))
	for _, x := range skipped {
		r.abandon(x)
	}
	r.completeSkipped()
	for lsn := before; lsn < min(r.committedBelow, end); lsn++ {
		requests := r.proposed[lsn]
		delete(r.proposed, lsn)
		r.proposeAgain(requests)
	}
	r.advanceCommitted()
	r.apply()
	r.truncateColumns()
	r.catchUpFrom(from) // the sender has kept the instances after its snapshot
	r.scheduleApplied()
	r.scheduleRecovery()
	r.answerReads()
}
