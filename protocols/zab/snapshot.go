package zab

import (
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// snapshots is a replica's work on snapshots of its own state.
type snapshots struct {
	walk         snapshot.Walk   // encodes a snapshot that is not whole yet
	sender       snapshot.Sender // of a snapshot that others fetch
	forDisk      bool            // it is to be persisted
	askers       quorum.Set      // the replicas that wait for it
	covered      uint64          // the last transaction that the last snapshot covers
	last         int             // bytes of the last snapshot persisted
	appliedBytes int             // bytes of transactions applied since it was begun
	bytesBefore  int             // those of them before the snapshot under way
}

// finishSnapshot begins a snapshot if enough has been applied since the last one, and encodes more of the one under way.
// When that is whole, it replaces everything on disk, and is sent to those who wait for it. A replica that never restarts
// needs none for its disk: it removes transactions at once (rule 12).
func (r *replica) finishSnapshot() {
	due := r.config.SnapshotDue(r.commit-r.covered, r.appliedBytes, r.last)
	if due && r.config.NeverRestarts {
		if !r.walk.UnderWay() {
			r.appliedBytes = 0
			r.truncate(r.commit)
		}
	} else if due && !r.forDisk {
		r.forDisk = true
		r.beginSnapshot()
	}
	if !r.walk.UnderWay() {
		return
	}
	state, whole := r.walk.Step(&r.config, snapshotTimer, r.out)
	if !whole {
		return
	}
	if r.forDisk {
		r.appliedBytes -= r.bytesBefore
		r.persistSnapshot(r.walk.Index, state)
		r.truncate(r.walk.Index)
		r.out.Measure(protocols.MeasureSnapshot, int64(len(state)))
	}
	for id := range r.askers.All() {
		r.sendPiece(protocols.NodeID(id), nil, func() (uint64, []byte) { return r.walk.Index, state })
	}
	r.askers, r.forDisk = 0, false
}

// beginSnapshot begins a snapshot of the present state, unless one is under way. It is encoded in this step and later
// ones.
func (r *replica) beginSnapshot() {
	if !r.walk.UnderWay() {
		r.bytesBefore = r.appliedBytes
		r.walk.Begin(r.commit, r.store)
	}
}

// maxKeptBytes bounds the transactions that a leader keeps for followers that are behind, and transactionMemory is what one takes
// in memory besides its command, approximately, in bytes.
const (
	maxKeptBytes      = 32 << 20
	transactionMemory = 64
)

// truncate removes transactions that a snapshot up to index covers, but not those after the one before it, for replicas that are
// a little behind, nor those after a snapshot that a follower is fetching. A leader also keeps what followers that answer do
// not have yet, as long as that is within maxKeptBytes (rule 12).
func (r *replica) truncate(index uint64) {
	before := r.covered
	if offered := r.sender.Expire(r.now); offered > 0 {
		before = min(before, offered)
	}
	if r.role == leading {
		before = r.keptFor(before)
	}
	r.history.compact(before)
	r.covered = index
}

// keptFor returns up to where a leader may remove transactions, of those up to an index (rule 12).
func (r *replica) keptFor(covered uint64) uint64 {
	needed := covered
	for id, p := range r.peers {
		if protocols.NodeID(id) != r.config.ID && p.next > r.history.base.index && r.now-p.lastHeard < r.electionTimeout {
			needed = min(needed, p.match)
		}
	}
	for kept := 0; covered > max(needed, r.history.base.index) && kept <= maxKeptBytes; covered-- {
		kept += transactionMemory + len(r.history.at(covered).command)
	}
	return covered
}

// onAsk sends a follower the piece of a snapshot that it asks for, nil for the first. If no snapshot is on offer, the leader
// begins one, and sends the first piece when that is whole (rule 13).
func (r *replica) onAsk(from protocols.NodeID, a *snapshot.Ask) {
	if r.peers[from].next > r.history.base.index {
		return // late: the history has what the follower needs by now
	}
	r.sendPiece(from, a, func() (index uint64, state []byte) {
		r.askers.Add(int32(from))
		r.beginSnapshot()
		return 0, nil
	})
}

// sendPiece sends a follower the piece of a snapshot that it asks for, unless that is on its way.
func (r *replica) sendPiece(to protocols.NodeID, a *snapshot.Ask, take func() (index uint64, state []byte)) {
	if r.role != leading {
		return // it has stopped leading while the snapshot was encoded
	}
	piece := r.sender.Piece(to, a, r.now, r.config.AnswerTimeout(to), r.config.Limits, take)
	if piece != nil {
		if r.stage != broadcasting {
			r.election.Heard(r.now) // it comes on
		}
		r.send(to, &Message_Install{Install: &Install{Epoch: uint64(r.history.epoch(piece.Index)), Piece: piece}})
	}
}

// onInstall is the follower's side of a snapshot's transfer: it takes a piece and asks for the next, or replaces its state
// and history when the snapshot is whole. If the snapshot covers no more than it has applied, it tells what it has
// instead (rule 13).
func (r *replica) onInstall(from protocols.NodeID, m *Install) {
	if m.Piece.Index <= r.commit {
		r.tellMissing(true)
		return
	}
	whole, _ := r.receiver.Add(from, m.Piece, r.now)
	if whole == nil {
		r.askAt = r.now + r.config.AnswerTimeout(from)
		r.send(from, &Message_Ask{Ask: r.receiver.Ask(from)})
		return
	}
	covers := zxid{protocols.Ballot(m.Epoch), m.Piece.Index}
	if r.adopt(covers, whole) != nil {
		return // no replica of this driver has sent it
	}
	r.verified, r.matched = true, max(r.matched, covers.index)
	r.persistSnapshot(covers.index, whole) // first: records of what follows it cannot be read without it
	r.mergeEarly()
	r.out.Measure(protocols.MeasureInstalled, int64(len(whole)))
	for _, c := range r.forwarder.Waiting() {
		if result, done := r.store.Result(c.ID()); done {
			r.answer(c.ID(), result)
		}
	}
	r.serveReads()
	r.out.Send(from, r.scratch.ackUpTo(r.accepted, r.matched))
}

// adopt replaces the replica's state by that after the given transaction, and its history up to there, or all of it if it
// does not have that transaction. It changes nothing if the state cannot be decoded.
func (r *replica) adopt(covers zxid, state []byte) error {
	if err := r.store.Restore(state); err != nil {
		return err
	}
	if covers.index <= r.history.last() && r.history.epoch(covers.index) == covers.epoch {
		r.history.compact(covers.index)
	} else {
		r.history = history{base: covers}
	}
	r.commit = covers.index
	r.snapshots = snapshots{covered: covers.index, last: len(state)}
	r.out.Adopt(protocols.Slot{Index: covers.index})
	return nil
}
