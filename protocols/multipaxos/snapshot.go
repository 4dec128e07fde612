package multipaxos

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// snapshotEvery is the least number of instances chosen between two snapshots. It is small, so that random test
// runs, which have some 200 commands, take snapshots and truncate logs. If the state machine has more keys than
// that, there are as many instances as keys between two snapshots: so writing the state costs a constant for each
// instance, and disk and log hold about twice the state at most.
const snapshotEvery = 100

// compact persists a snapshot of the present state, encoded as given, in place of everything on disk, unless nothing
// on disk will be read. It truncates the log in memory up to the snapshot before, for replicas that are a little
// behind, and not beyond a snapshot that another replica is fetching (rule 12).
func (r *replica) compact(state []byte) {
	if !r.config.NeverRestarts {
		r.persisted = r.promised
		r.out.Snapshot(&Record{Ballot: uint64(r.promised), Commit: r.applied, Snapshot: &Snapshot{
			State: state, Accepted: r.proposals(r.applied+1, r.log.last()),
		}})
	}
	before := r.compacted
	if offered := r.sender.Expire(r.now); offered > 0 {
		before = min(before, offered)
	}
	r.log.truncate(before)
	r.compacted = r.applied
}

// adopt replaces the replica's state by that after the given instance. It changes nothing if the state
// cannot be decoded.
func (r *replica) adopt(index uint64, state []byte) error {
	if err := r.store.Restore(state); err != nil {
		return fmt.Errorf("adopting the state after instance %d: %w", index, err)
	}
	r.commit, r.applied, r.compacted = index, index, index
	r.log.truncate(index)
	r.sender = snapshot.Sender{} // the log after that snapshot is gone
	r.out.Adopt(protocols.Slot{Index: index})
	return nil
}
