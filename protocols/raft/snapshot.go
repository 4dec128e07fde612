package raft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/relay"
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
)

// snapshot is the state machine after an entry.
type snapshot struct {
	index uint64 // of the entry; 0: there is no snapshot
	term  uint64
	data  []byte // an encoded kv.Snapshot
}

// compact takes a snapshot when enough has been applied since the last (rule 13).
func (r *replica) compact() {
	if r.commit < r.snapshot.index+snapshotEvery || r.grown < snapshotGrowth*len(r.snapshot.data) {
		return
	}
	r.snapshot = snapshot{index: r.commit, term: r.log.term(r.commit), data: r.store.Snapshot()}
	r.grown = 0
	if base := r.needless(); base > r.log.base {
		r.log.compact(base)
	}
	r.saveSnapshot()
	r.out.Measure("snapshot bytes", int64(len(r.snapshot.data)))
}

// needless is the index up to which no entry is needed any more: those that the snapshot covers but
// for the tail and, at the leader, for what a follower that answers has not confirmed yet.
func (r *replica) needless() uint64 {
	index := r.snapshot.index - min(tail, r.snapshot.index)
	if r.role == leader {
		r.others(func(id protocols.NodeID) {
			if p := &r.peers[id]; r.now-p.heard < r.patience {
				index = min(index, p.match)
			}
		})
	}
	return index
}

// adopt puts the snapshot's state in the place of the replica's own. It is false, and nothing is
// changed, if the data is none of kv's.
func (r *replica) adopt(s snapshot) bool {
	if r.store.Restore(s.data) != nil {
		return false
	}
	r.snapshot, r.grown = s, 0
	r.commit = s.index
	r.out.Adopt(protocols.Slot{Index: s.index})
	return true
}

// sendSnapshot sends a follower the piece of the snapshot that it needs next (rule 14).
func (r *replica) sendSnapshot(to protocols.NodeID) {
	p := &r.peers[to]
	p.probing = true // no entries until it has the snapshot
	if p.snapshot != r.snapshot.index {
		p.snapshot, p.offset = r.snapshot.index, 0
	}
	rest := r.snapshot.data[p.offset:]
	piece := rest[:min(len(rest), relay.MaxBatch)]
	r.send(to, &Message_InstallSnapshot{InstallSnapshot: &InstallSnapshot{
		Index: p.snapshot, Term: r.snapshot.term, Offset: p.offset, Data: piece, Done: len(piece) == len(rest),
	}})
}

// onReceived goes on with the next piece; a follower that was restarted begins anew.
func (r *replica) onReceived(from protocols.NodeID, m *Received) {
	p := &r.peers[from]
	if r.role != leader || m.Index != r.snapshot.index || m.Index != p.snapshot || m.Offset == p.offset || m.Offset > uint64(len(r.snapshot.data)) {
		return // it has come twice, or is about an earlier snapshot
	}
	p.offset = m.Offset
	if p.next <= r.log.base {
		r.sendSnapshot(from)
	}
}

// onInstallSnapshot puts the pieces of the leader's snapshot together and installs it.
func (r *replica) onInstallSnapshot(from protocols.NodeID, m *InstallSnapshot) {
	if m.Index <= r.commit { // all that is committed is the same at the leader
		r.incoming = incoming{}
		r.send(from, &Message_Appended{Appended: &Appended{Index: r.commit}})
		return
	}
	if r.incoming.index != m.Index {
		r.incoming = incoming{index: m.Index}
	}
	if m.Offset == uint64(len(r.incoming.data)) {
		r.incoming.data = append(r.incoming.data, m.Data...)
		if m.Done {
			r.install(from, snapshot{index: m.Index, term: m.Term, data: r.incoming.data})
			return
		}
	}
	r.send(from, &Message_Received{Received: &Received{Index: m.Index, Offset: uint64(len(r.incoming.data))}})
}

// incoming is the part of a snapshot that has come.
type incoming struct {
	index uint64 // 0: none
	data  []byte
}

// install takes over a snapshot that covers more than the replica has applied (rule 15).
func (r *replica) install(from protocols.NodeID, s snapshot) {
	r.incoming = incoming{}
	if !r.adopt(s) {
		return
	}
	if s.index <= r.log.last() && r.log.term(s.index) == s.term {
		r.log.compact(s.index)
	} else {
		r.log = entryLog{base: s.index, baseTerm: s.term}
	}
	r.saveSnapshot()
	r.out.Measure("installed bytes", int64(len(s.data)))
	for _, c := range r.relay.Waiting() {
		if result, done := r.store.Result(c.ID()); done {
			r.relay.OnApplied(c.ID(), result, r.out)
		}
	}
	r.send(from, &Message_Appended{Appended: &Appended{Index: s.index}})
}
