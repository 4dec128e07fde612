package multipaxos

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// invariants returns an error if two commands were accepted in one instance under one ballot, if a
// replica has truncated its log beyond what it has applied, if two that have applied the same have different states, or if
// a replica has something open that is chosen; see checkOpen.
func invariants(nodes []protocols.Node) error {
	var before []*replica
	for _, node := range nodes {
		r, up := node.(*replica)
		if !up {
			continue
		}
		if r.log.truncated > r.applied {
			return fmt.Errorf("replica %d has truncated its log up to %d and has applied up to %d", r.config.ID, r.log.truncated, r.applied)
		}
		if r.witness && (len(r.log.slots) > 0 || r.applied > 0 || r.role != follower) {
			return fmt.Errorf("replica %d is a witness, and has %d commands, has applied the log up to %d, or leads", r.config.ID, len(r.log.slots), r.applied)
		}
		if err := r.checkOpen(); err != nil {
			return err
		}
		for _, other := range before {
			if err := agree(&r.log, &other.log); err != nil {
				return err
			}
			if r.applied == other.applied && !r.store.Equal(other.store) {
				return fmt.Errorf("replicas %d and %d have applied the log up to %d, and their states differ", other.config.ID, r.config.ID, r.applied)
			}
		}
		before = append(before, r)
	}
	return nil
}

// checkOpen returns an error if a replica still has something open for what is chosen: an instance up to the commit index
// that is not applied (rule 7), one after it that the leader knows to be chosen, a proposal found in phase 1 at or below
// the commit index or at a replica that is no candidate (rule 5), a snapshot that is being received and covers no
// more than is applied (rule 13), or a command that is proposed and not in the log after what is applied. It
// also returns one if a leader has open instances and does not send their accepts again to some replica (rule 10).
func (r *replica) checkOpen() error {
	if r.applied < r.commit {
		return fmt.Errorf("replica %d knows the log to be chosen up to %d, and has applied it up to %d", r.config.ID, r.commit, r.applied)
	}
	if r.role == candidate && r.found.truncated < r.commit || r.role != candidate && len(r.found.slots) > 0 && !r.waitsWithFound() {
		return fmt.Errorf("replica %d holds proposals of promises from %d on, and knows the log to be chosen up to %d", r.config.ID, r.found.truncated+1, r.commit)
	}
	if index := r.receiver.Index(); index > 0 && index <= r.commit {
		return fmt.Errorf("replica %d receives a snapshot up to %d, and has applied the log up to %d", r.config.ID, index, r.applied)
	}
	open := map[protocols.CommandID]bool{}
	for index := r.commit + 1; r.role == leader && index <= r.proposedTo(); index++ {
		if index == r.commit+1 && r.chosen(index) {
			return fmt.Errorf("replica %d holds the next instance, %d, as open, and it is chosen", r.config.ID, index)
		}
		open[r.log.slot(index).id] = true
	}
	r.addWaiting(open)
	if r.role == leader && r.commit < r.proposedTo() {
		for _, to := range r.group {
			if to != r.config.ID && !r.resending[to] {
				return fmt.Errorf("replica %d does not send its accepts again to replica %d, and the instance %d is open", r.config.ID, to, r.commit+1)
			}
		}
	}
	if err := r.forwarder.CheckOpen(open); err != nil {
		return fmt.Errorf("replica %d %w", r.config.ID, err)
	}
	return nil
}

// agree returns an error if two logs have different commands in one instance under one ballot.
func agree(a, b *instanceLog) error {
	for index := max(a.truncated, b.truncated) + 1; index <= min(a.last(), b.last()); index++ {
		x, y := a.slot(index), b.slot(index)
		if x.ballot == y.ballot && x.ballot != 0 && !bytes.Equal(x.command, y.command) {
			return fmt.Errorf("under ballot %v two commands were accepted at %d of the log", x.ballot, index)
		}
	}
	return nil
}
