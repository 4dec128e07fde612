package raft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// Snapshots: the state machine in the place of the log that led to it, on a replica's own disk and
// for a follower that lacks entries which have been removed (rules 13 to 15).

const (
	// snapshotEvery is the least number of entries between two snapshots: few enough for a random
	// life, which has some 200 commands, to meet snapshots and followers that need one.
	snapshotEvery = 100
	// snapshotGrowth is how many times as large as the last snapshot the commands applied since must
	// be. A state of many keys is then written rarely: of all that goes to disk one fifth at most is
	// snapshots (Ongaro, section 5.1.2).
	snapshotGrowth = 4
	// tail is how many entries that a snapshot covers are left in the log, for followers that are
	// a little behind.
	tail = 20
	// mostKept bounds the bytes of the entries before it that a leader keeps for others: half a minute of a
	// thousand writes a second of a kilobyte each. Who is farther behind gets the state instead.
	mostKept  = 32 << 20
	entrySize = 64 // that an entry takes besides its command, about
)

// storedSnapshot is the state machine after an entry.
type storedSnapshot struct {
	index uint64 // of the entry; 0: there is no snapshot
	term  uint64
	data  []byte // an encoded kv.Snapshot
}

// compact takes a snapshot when enough has been applied since the last (rule 13).
func (r *replica) compact() {
	if r.commit < r.snapshot.index+snapshotEvery || r.grown < snapshotGrowth*len(r.snapshot.data) {
		return
	}
	r.snapshot = storedSnapshot{index: r.commit, term: r.log.term(r.commit), data: r.store.Snapshot()}
	r.grown = 0
	if base := r.needless(); base > r.log.base {
		r.log.compact(base)
		if r.offer.Expire(r.now) < base {
			r.offer = snapshot.Sender{} // the log does not reach back to its end any more
		}
	}
	r.saveSnapshot()
	r.out.Measure(protocols.MeasureSnapshot, int64(len(r.snapshot.data)))
}

// needless is the index up to which no entry is needed any more (rule 13). Followers that the log does
// not reach fetch a snapshot, and need what is behind that.
func (r *replica) needless() uint64 {
	covered := r.snapshot.index - min(tail, r.snapshot.index)
	if r.role != leader {
		return covered
	}
	index := covered
	if offered := r.offer.Expire(r.now); offered > 0 {
		index = min(index, offered)
	}
	r.others(func(id protocols.NodeID) {
		if p := &r.peers[id]; p.next > r.log.base && r.now-p.heard < r.patience {
			index = min(index, p.match)
		}
	})
	kept := 0
	for covered > max(index, r.log.base) && kept <= mostKept {
		kept += entrySize + len(r.log.at(covered).Command)
		covered--
	}
	return covered
}

// adopt puts the snapshot's state in the place of the replica's own. It is false, and nothing is
// changed, if the data is none of kv's.
func (r *replica) adopt(s storedSnapshot) bool {
	if r.store.Restore(s.data) != nil {
		return false
	}
	r.snapshot, r.grown = s, 0
	r.commit = s.index
	r.out.Adopt(protocols.Slot{Index: s.index})
	return true
}

// sendHead tells a follower which snapshot is on offer, so that it asks for what it lacks of it.
func (r *replica) sendHead(to protocols.NodeID) {
	r.peers[to].probe() // no entries until it has the snapshot
	head := r.offer.Head(r.now)
	if head == nil {
		head = &snapshot.Piece{Index: r.snapshot.index, Size: uint64(len(r.snapshot.data))}
	}
	r.sendPiece(to, head)
}

// sendPiece sends it with the term of the snapshot's last entry: the log is kept from there on.
func (r *replica) sendPiece(to protocols.NodeID, piece *snapshot.Piece) {
	r.send(to, &Message_InstallSnapshot{InstallSnapshot: &InstallSnapshot{Term: r.log.term(piece.Index), Piece: piece}})
}

// onAsk sends a follower the piece of the snapshot that it asks for (rule 14).
func (r *replica) onAsk(from protocols.NodeID, m *snapshot.Ask) {
	if r.role != leader || r.peers[from].next > r.log.base {
		return // it comes late: the log reaches the follower by now
	}
	latest := func() (uint64, []byte) { return r.snapshot.index, r.snapshot.data }
	if piece := r.offer.Piece(from, m, r.now, r.config.Patience(from), latest); piece != nil {
		r.sendPiece(from, piece)
	}
}

// onInstallSnapshot takes a piece of the leader's snapshot and asks for the next.
func (r *replica) onInstallSnapshot(from protocols.NodeID, m *InstallSnapshot) {
	if m.Piece.Index <= r.commit { // all that is committed is the same at the leader
		if r.arrival.Ask(from).Index <= r.commit { // the rest of it would be of no use either
			r.arrival = snapshot.Receiver{}
		}
		r.send(from, &Message_Appended{Appended: &Appended{Index: r.commit}})
		return
	}
	if whole, _ := r.arrival.Add(from, m.Piece, r.now); whole != nil {
		r.install(from, storedSnapshot{index: m.Piece.Index, term: m.Term, data: whole})
		return
	}
	r.send(from, &Message_Ask{Ask: r.arrival.Ask(from)})
}

// install takes over a snapshot that covers more than the replica has applied (rule 15).
func (r *replica) install(from protocols.NodeID, s storedSnapshot) {
	if !r.adopt(s) {
		return
	}
	if s.index <= r.log.last() && r.log.term(s.index) == s.term {
		r.log.compact(s.index)
	} else {
		r.log = entryLog{base: s.index, baseTerm: s.term}
	}
	r.saveSnapshot()
	r.out.Measure(protocols.MeasureInstalled, int64(len(s.data)))
	for _, c := range r.forwarder.Waiting() {
		if result, done := r.store.Result(c.ID()); done {
			r.forwarder.OnApplied(c.ID(), result, r.out)
		}
	}
	r.send(from, &Message_Appended{Appended: &Appended{Index: s.index}})
}
