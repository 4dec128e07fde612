package etcdraft

import (
	"math"
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"

	"quorumbench/protocols"
)

// Snapshots of the state machine (rule 5).

const (
	snapshotEvery = 128 // entries applied between two snapshots, or as many as there are keys if these are more
	snapshotTail  = 64  // entries before the snapshot that stay in the log
	// maxKeptBytes bounds the entries before the tail that a leader keeps for followers, in bytes: half a minute of
	// a thousand writes a second of a kilobyte each. A follower that is farther behind gets a snapshot.
	maxKeptBytes = 32 << 20
	entrySize    = 128 // bytes that an entry takes besides its command, approximately
)

// snapshot takes a snapshot of the state machine if enough entries have been applied since the last one, and
// compacts the log (rule 5).
func (r *replica) snapshot() {
	if r.applied < r.compacted+r.config.SnapshotAfter(max(snapshotEvery, uint64(r.store.Len()))) {
		return
	}
	r.compacted = r.applied
	s, err := r.storage.CreateSnapshot(r.applied, r.voters, r.store.Snapshot())
	must(err)
	first, end := r.bounds()
	if index := r.compactIndex(); index >= first {
		must(r.storage.Compact(index))
	}
	record := &Record{Snapshot: encode(s), HardState: encode(r.hard)}
	if end > r.applied {
		entries, err := r.storage.Entries(r.applied+1, end+1, 1<<62)
		must(err)
		record.Entries = encodeAll(entries)
	}
	r.out.Snapshot(record)
}

// compactIndex returns the entry up to which the log may be compacted after a snapshot (rule 5): up to the
// tail, but not what followers lack that have been heard within an election timeout.
func (r *replica) compactIndex() uint64 {
	tail := r.applied - min(r.applied, snapshotTail)
	if !r.leading {
		return tail
	}
	index := tail
	r.node.WithProgress(func(id uint64, _ raft.ProgressType, p tracker.Progress) {
		// The library's RecentActive cannot be used: only its CheckQuorum resets it.
		if peer := replicaOf(id); peer == r.config.ID || r.now-r.streams[peer].lastHeard >= r.config.Delays.ElectionTimeout() {
			return
		}
		if p.State == tracker.StateSnapshot {
			index = min(index, p.PendingSnapshot) // it needs what comes after that snapshot
		} else {
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
	must(r.storage.ApplySnapshot(s))
	must(r.store.Restore(s.GetData()))
	r.applied = s.GetMetadata().GetIndex()
	r.compacted = r.applied
	r.out.Adopt(protocols.Slot{Index: r.applied - birth})
}
