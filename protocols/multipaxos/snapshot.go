package multipaxos

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// What is on disk: every promise and acceptance since the last snapshot, and the snapshot.

// interval is how many instances are chosen between two snapshots at least. It is small, so that
// the random lives that drivers are tested with, of some 200 commands each, meet snapshots and
// truncated logs again and again. Where the state machine has more keys than that, there are as
// many instances as keys between two snapshots: writing the state then costs each instance a
// constant, and disk and log hold at most about as much again as the state.
const interval = 100

// persist keeps commands accepted under the promised ballot (rule 3).
func (r *replica) persist(first uint64, commands [][]byte) {
	r.saved = r.promised
	r.out.Persist(&Record{Ballot: uint64(r.promised), First: first, Commands: commands, Commit: r.commit})
}

// save persists the promise if this step has raised it (rule 3), and takes a snapshot if it is time
// for one (rule 12).
func (r *replica) save() {
	if r.saved != r.promised {
		r.persist(0, nil)
	}
	r.offer.Expire(r.now)
	if r.applied >= r.compacted+max(interval, uint64(r.store.Len())) {
		r.compact(r.store.Snapshot())
	}
}

// compact puts a snapshot, which is that of the present state, in the place of all on disk, and
// truncates the log: in memory, up to the snapshot before, for replicas that lag a little, and not
// beyond one that is on its way to another replica (rule 12).
func (r *replica) compact(state []byte) {
	r.saved = r.promised
	r.out.Snapshot(&Record{Ballot: uint64(r.promised), Commit: r.applied, Snapshot: &Snapshot{
		State: state, Accepted: r.proposals(r.applied+1, r.log.last()),
	}})
	before := r.compacted
	if offered := r.offer.Expire(r.now); offered > 0 {
		before = min(before, offered)
	}
	r.log.truncate(before)
	r.compacted = r.applied
}

// adopt takes over the state after an instance. An error leaves everything as it was.
func (r *replica) adopt(index uint64, state []byte) error {
	if err := r.store.Restore(state); err != nil {
		return fmt.Errorf("adopting the state after instance %d: %w", index, err)
	}
	r.commit, r.applied, r.compacted = index, index, index
	r.log.truncate(index)
	r.offer = snapshot.Sender{} // the log does not reach back to its end any more
	r.out.Adopt(protocols.Slot{Index: index})
	return nil
}

// restore takes back what an earlier life has persisted.
func (r *replica) restore(data []byte) {
	var record Record
	err := protocols.Decode(data, &record)
	if err == nil && record.Snapshot != nil {
		err = r.adopt(record.Commit, record.Snapshot.State)
	}
	if err != nil {
		panic(fmt.Sprintf("multipaxos: a record of %d bytes that this driver did not write: %v", len(data), err))
	}
	r.promised = protocols.Ballot(record.Ballot)
	r.saved = r.promised
	for _, p := range record.Snapshot.GetAccepted() {
		r.log.set(p.Index, instance{ballot: protocols.Ballot(p.Ballot), command: p.Command})
	}
	for i, command := range record.Commands {
		r.log.set(record.First+uint64(i), instance{ballot: r.promised, command: command})
	}
	r.commit = max(r.commit, record.Commit)
}
