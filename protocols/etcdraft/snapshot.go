package etcdraft

import (
	"math"
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// Snapshots of the state machine (rule 5).

const (
	snapshotTail = 64 // entries before the snapshot that stay in the log
	// maxKeptBytes bounds the entries before the tail that a leader keeps for followers, in bytes: half a minute of
	// a thousand writes a second of a kilobyte each. A follower that is farther behind gets a snapshot.
	maxKeptBytes = 32 << 20
	entrySize    = 128 // bytes that an entry takes besides its command, approximately
)

// storage is the library's storage. Its snapshot may be older than the beginning of the log, if the replica never
// restarts: then the library gets none until one has been made.
type storage struct {
	*raft.MemoryStorage
	latest uint64 // the index of the snapshot
	begin  func() // begins a snapshot
}

// Snapshot implements raft.Storage.
func (s *storage) Snapshot() (*raftpb.Snapshot, error) {
	first, err := s.FirstIndex()
	must(err)
	if s.latest+1 < first {
		s.begin()
		return nil, raft.ErrSnapshotTemporarilyUnavailable // the library asks again after the next answer of the follower
	}
	return s.MemoryStorage.Snapshot()
}

// snapshot begins a snapshot of the state machine if enough has been applied since the last one (rule 5), and encodes more
// of the one under way. A replica that never restarts compacts its log at once.
func (r *replica) snapshot() {
	if !r.walk.UnderWay() && r.config.SnapshotDue(r.applied-r.compacted, r.appliedBytes, r.snapshotBytes) {
		r.appliedBytes = 0
		if r.config.NeverRestarts {
			r.compact(r.applied)
		} else {
			r.beginSnapshot()
		}
	}
	if state, whole := r.walk.Step(&r.config, walkTimer, r.out); whole {
		r.finishSnapshot(r.walk.Index, state)
	}
}

// beginSnapshot begins a snapshot of the present state, unless one is under way. It is encoded in this step and later
// ones; until it is whole, the log stays as it is.
func (r *replica) beginSnapshot() {
	if !r.walk.UnderWay() {
		r.walk.Begin(r.applied, r.store)
	}
}

// finishSnapshot gives the library a snapshot that is whole. It replaces what is on disk, and the log up to it, except for a
// tail (rule 5).
func (r *replica) finishSnapshot(index uint64, state []byte) {
	s, err := r.storage.CreateSnapshot(index, r.voters, state)
	must(err)
	r.storage.latest = index
	if r.config.NeverRestarts {
		return // a follower needs it
	}
	r.snapshotBytes = len(state)
	r.compact(index)
	record := &Record{Snapshot: encode(s), HardState: encode(r.hard)}
	if _, end := r.bounds(); end > index {
		entries, err := r.storage.Entries(index+1, end+1, 1<<62)
		must(err)
		record.Entries = encodeAll(entries)
	}
	r.out.Snapshot(record)
}

// compact compacts the log as after a snapshot of that index.
func (r *replica) compact(index uint64) {
	r.compacted = index
	first, _ := r.bounds()
	if index := r.compactIndex(); index >= first {
		must(r.storage.Compact(index))
		if r.sender.Expire(r.now) < index {
			r.sender = snapshot.Sender{} // the log after that snapshot is gone
		}
	}
}

// compactIndex returns the entry up to which the log may be compacted after a snapshot (rule 5): up to the
// tail, but not what followers lack that have been heard within an election timeout, nor what comes after a snapshot on offer
// (rule 8).
func (r *replica) compactIndex() uint64 {
	tail := r.compacted - min(r.compacted, snapshotTail)
	if !r.leading {
		return tail
	}
	index := tail
	if offered := r.sender.Expire(r.now); offered > 0 {
		index = min(index, offered)
	}
	r.node.WithProgress(func(id uint64, _ raft.ProgressType, p tracker.Progress) {
		// The library's RecentActive cannot be used: only its CheckQuorum resets it.
		if peer := replicaOf(id); peer == r.config.ID || r.now-r.streams[peer].lastHeard >= r.config.Delays.ElectionTimeout() {
			return
		}
		if p.State != tracker.StateSnapshot {
			index = min(index, p.Match)
		}
	})
	return r.affordableIndex(index, tail)
}

// affordableIndex returns the lowest entry, from index to tail, such that the entries after it and before
// the tail have at most maxKeptBytes.
func (r *replica) affordableIndex(index, tail uint64) uint64 {
	first, _ := r.bounds()
	if index+1 < first {
		index = first - 1
	}
	if index >= tail {
		return tail
	}
	entries, err := r.storage.Entries(index+1, tail+1, math.MaxUint64)
	must(err)
	size := 0
	for _, e := range slices.Backward(entries) {
		if size += entrySize + len(e.GetData()); size > maxKeptBytes {
			return e.GetIndex()
		}
	}
	return index
}

// adopt replaces log and state by a snapshot.
func (r *replica) adopt(s *raftpb.Snapshot) {
	r.walk.Cancel()
	must(r.storage.ApplySnapshot(s))
	must(r.store.Restore(s.GetData()))
	r.applied = s.GetMetadata().GetIndex()
	r.storage.latest = r.applied
	r.compacted, r.appliedBytes, r.snapshotBytes = r.applied, 0, len(s.GetData())
	r.out.Adopt(protocols.Slot{Index: r.applied - birth})
}
