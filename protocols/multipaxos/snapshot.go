package multipaxos

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// snapshots is a replica's work on snapshots of its own state.
type snapshots struct {
	walk         snapshot.Walk // encodes a snapshot that is not whole yet
	forDisk      bool          // it is to be persisted
	askers       quorum.Set    // the replicas that wait for it
	last         int           // bytes of the last snapshot persisted
	appliedBytes int           // bytes of commands applied since it was begun
	bytesBefore  int           // those of them before the snapshot under way
}

// finishSnapshot begins a snapshot if enough has been applied since the last one, and encodes more of the one under way.
// When that is whole, it replaces everything on disk, and is sent to those who wait for it. A replica that never restarts
// needs none for its disk: it truncates its log at once.
func (r *replica) finishSnapshot() {
	due := r.config.SnapshotDue(r.applied-r.compacted, r.appliedBytes, r.last)
	if due && r.config.NeverRestarts {
		if !r.walk.UnderWay() {
			r.appliedBytes = 0
			r.truncate(r.applied)
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
		r.compact(r.walk.Index, state)
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
		r.walk.Begin(r.applied, r.store)
	}
}

// compact persists a snapshot, the state after an instance that is applied, and what is accepted after it, in place of
// everything on disk, unless nothing on disk will be read. It truncates the log in memory (rule 12).
func (r *replica) compact(index uint64, state []byte) {
	if !r.config.NeverRestarts {
		r.persisted, r.last = r.promised, len(state)
		r.out.Snapshot(&Record{Ballot: uint64(r.promised), Commit: index, Snapshot: &Snapshot{
			State: state, Accepted: r.proposals(index+1, r.log.last()), Membership: r.log.memberships.At(index).Message(), // rule 30
		}, Abandoned: uint64(r.abandoned)})
	}
	r.truncate(index)
}

// truncate truncates the log in memory up to the snapshot before, for replicas that are a little behind, and not beyond a
// snapshot that another replica is fetching (rule 12). The snapshot after the given instance is the present one.
func (r *replica) truncate(index uint64) {
	before := r.compacted
	if offered := r.sender.Expire(r.now); offered > 0 {
		before = min(before, offered)
	}
	r.log.truncate(before)
	r.compacted = index
}

// adopt replaces the replica's state by that after the given instance, where a membership is in force. It changes nothing
// if they cannot be decoded.
func (r *replica) adopt(index uint64, state []byte, m *membership.EncodedPlaced) error {
	base, err := r.log.memberships.Read(m)
	if err != nil {
		return err
	}
	if err := r.store.Restore(state); err != nil {
		return fmt.Errorf("adopting the state after instance %d: %w", index, err)
	}
	r.commit, r.applied, r.compacted = index, index, index
	r.snapshots = snapshots{last: len(state)}
	r.log.truncate(index)
	r.log.memberships.Begin(index, base)
	r.followMembership()
	r.sender = snapshot.Sender{} // the log after that snapshot is gone
	r.out.Adopt(protocols.Slot{Index: index})
	return nil
}
