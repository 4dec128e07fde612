package raft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/snapshot"
)

// Snapshots replace the entries that led to the state, on a replica's own disk, and for a follower that needs
// entries which have been removed (rules 13 to 15).

const (
	// tail is the number of entries covered by a snapshot that stay in the log, for followers that are a
	// little behind.
	tail = 20
	// maxKeptBytes bounds the entries before the tail that a leader keeps for followers, in bytes: half a minute
	// of a thousand writes a second of a kilobyte each. A follower that is farther behind gets a snapshot.
	maxKeptBytes = 32 << 20
	entrySize    = 64 // bytes that an entry takes besides its command, approximately
)

// storedSnapshot is the state machine after an entry.
type storedSnapshot struct {
	index uint64 // of the entry; 0: there is no snapshot
	term  uint64
	data  []byte // an encoded kv.Snapshot
}

// after returns a log without entries after a base, where a membership is in force (rule 34).
func (l *entryLog) after(base, term uint64, m membership.Placed) entryLog {
	after := entryLog{base: base, baseTerm: term, memberships: l.memberships}
	after.memberships.RemoveFrom(0)
	after.memberships.Begin(base, m)
	return after
}

// compact begins a snapshot if enough has been applied since the last one (rule 13). A replica that never restarts
// needs none: it removes entries from the log at once.
func (r *replica) compact() {
	if r.walk.UnderWay() || !r.config.SnapshotDue(r.commit-r.snapshot.index, r.appliedBytes, len(r.snapshot.data)) {
		return
	}
	if !r.config.NeverRestarts {
		r.beginSnapshot()
		return
	}
	r.appliedBytes = 0
	r.snapshot = storedSnapshot{index: r.commit, term: r.log.term(r.commit)}
	r.truncate()
}

// beginSnapshot begins a snapshot of the present state, unless one is under way. It is encoded in this step and later
// ones. The log stays as it is until the snapshot is whole.
func (r *replica) beginSnapshot() {
	if !r.walk.UnderWay() {
		r.appliedBytes = 0
		r.walk.Begin(r.commit, r.store)
	}
}

// continueSnapshot encodes more of the snapshot that is under way. When it is whole, it replaces the entries on disk and
// in the log that are not needed any more (rule 13), and is offered to followers that wait for it.
func (r *replica) continueSnapshot() {
	state, whole := r.walk.Step(&r.config, snapshotTimer, r.out)
	if !whole {
		return
	}
	r.snapshot = storedSnapshot{index: r.walk.Index, term: r.log.term(r.walk.Index), data: state}
	if !r.config.NeverRestarts {
		r.truncate()
		r.persistSnapshot()
		r.out.Measure(protocols.MeasureSnapshot, int64(len(state)))
	}
	if r.role == leader {
		r.others(func(id protocols.NodeID) {
			if r.peers[id].next <= r.log.base {
				r.sendHead(id)
			}
		})
	}
}

// truncate removes the entries from the log that are not needed any more (rule 13).
func (r *replica) truncate() {
	if base := r.compactIndex(); base > r.log.base {
		r.log.compact(base)
		if r.sender.Expire(r.now) < base {
			r.sender = snapshot.Sender{} // the log after that snapshot is gone
		}
	}
}

// compactIndex returns the index up to which entries may be removed from the log (rule 13): up to the tail
// before the snapshot, but not what followers that answer have not confirmed, nor what stands after a
// snapshot on offer, as long as that is within maxKeptBytes.
func (r *replica) compactIndex() uint64 {
	covered := r.snapshot.index - min(tail, r.snapshot.index)
	if r.role != leader {
		return covered
	}
	index := covered
	if offered := r.sender.Expire(r.now); offered > 0 {
		index = min(index, offered)
	}
	r.others(func(id protocols.NodeID) {
		if p := &r.peers[id]; p.next > r.log.base && r.now-p.lastHeard < r.electionTimeout && !r.config.IsWitness(id) {
			index = min(index, p.match)
		}
	})
	kept := 0
	for covered > max(index, r.log.base) && kept <= maxKeptBytes {
		kept += entrySize + len(r.log.at(covered).command)
		covered--
	}
	return covered
}

// adopt replaces the replica's state by the snapshot's. It returns false, and changes nothing, if the data
// cannot be decoded.
func (r *replica) adopt(s storedSnapshot) bool {
	if r.store.Restore(s.data) != nil {
		return false
	}
	r.walk.Cancel()
	r.snapshot, r.appliedBytes = s, 0
	r.commit = s.index
	r.out.Adopt(protocols.Slot{Index: s.index})
	return true
}

// sendHead tells a follower which snapshot is on offer, so that it asks for the pieces that it lacks (rule
// 14). If none is whole, it begins one; until then the follower gets heartbeats.
func (r *replica) sendHead(to protocols.NodeID) {
	r.peers[to].probe(r.config.Limits) // send no entries until it has the snapshot
	head := r.sender.Head(r.now)
	if head == nil {
		if r.snapshot.data == nil {
			r.beginSnapshot()
			r.sendAppend(to, r.log.last()+1, nil)
			return
		}
		head = &snapshot.Piece{Index: r.snapshot.index, Size: uint64(len(r.snapshot.data))}
	}
	r.sendPiece(to, head)
}

// sendPiece sends a piece, with the term of the snapshot's last entry.
func (r *replica) sendPiece(to protocols.NodeID, piece *snapshot.Piece) {
	r.send(to, &Message_InstallSnapshot{InstallSnapshot: &InstallSnapshot{
		Term: r.log.term(piece.Index), Piece: piece, Membership: r.log.memberships.At(piece.Index).Message(), // rule 34
	}})
}

// onAsk sends a follower the piece of the snapshot that it asks for, unless that is on its way (rule 14).
func (r *replica) onAsk(from protocols.NodeID, m *snapshot.Ask) {
	if r.role != leader || r.peers[from].next > r.log.base {
		return // late: the log has what the follower needs by now
	}
	latest := func() (uint64, []byte) {
		if r.snapshot.data == nil {
			r.beginSnapshot()
			return 0, nil // the follower is told when it is whole
		}
		return r.snapshot.index, r.snapshot.data
	}
	if piece := r.sender.Piece(from, m, r.now, r.config.AnswerTimeout(from), r.config.Limits, latest); piece != nil {
		r.sendPiece(from, piece)
	}
}

// onInstallSnapshot is the follower's side of a snapshot's transfer: it takes a piece and asks for the next,
// or installs the snapshot when it is complete. If the snapshot covers no more than the follower has
// applied, it confirms its commit index instead (rule 15).
func (r *replica) onInstallSnapshot(from protocols.NodeID, m *InstallSnapshot) {
	if m.Piece.Index <= r.commit { // the leader's log has the same entries up to the commit index
		r.send(from, &Message_Appended{Appended: &Appended{Index: r.commit}})
		return
	}
	if whole, _ := r.receiver.Add(from, m.Piece, r.now); whole != nil {
		members, err := r.log.memberships.Read(m.Membership)
		if err != nil { // no replica of this cluster has sent it
			return
		}
		r.install(from, storedSnapshot{index: m.Piece.Index, term: m.Term, data: whole}, members)
		return
	}
	r.send(from, &Message_Ask{Ask: r.receiver.Ask(from)})
}

// install takes over a complete snapshot that covers more than the replica has applied. It keeps the entries
// after it if the log has the snapshot's last entry (rule 15), drops the early appends that the snapshot covers, and
// answers commands that wait here and have taken effect in it.
func (r *replica) install(from protocols.NodeID, s storedSnapshot, members membership.Placed) {
	if !r.adopt(s) {
		return
	}
	if s.index <= r.log.last() && r.log.term(s.index) == s.term {
		r.log.compact(s.index)
	} else {
		r.log = r.log.after(s.index, s.term, members)
	}
	r.followMembership()
	r.early.dropBefore(s.index + 1) // the leader sends what follows the snapshot when that is confirmed
	r.persistSnapshot()
	r.out.Measure(protocols.MeasureInstalled, int64(len(s.data)))
	for _, c := range r.forwarder.Waiting() {
		if result, done := r.store.Result(c.ID()); done {
			r.forwarder.OnApplied(c.ID(), result, r.out)
		}
	}
	r.send(from, &Message_Appended{Appended: &Appended{Index: s.index}})
}
