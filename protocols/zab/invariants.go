package zab

import (
	"bytes"
	"fmt"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// invariants returns an error if two replicas lead one epoch, if two histories have the same transaction at one place and
// differ there or before it, if two that have applied the same have different states, if two that are
// synchronised in one epoch have different histories up to the shorter one's end (rule 6), or if a replica has something open that is
// committed; see checkOpen.
func invariants(nodes []protocols.Node) error {
	var before []*replica
	for _, node := range nodes {
		r, up := node.(*replica)
		if !up {
			continue
		}
		if err := r.checkOpen(); err != nil {
			return err
		}
		for _, other := range before {
			if err := agree(r, other); err != nil {
				return err
			}
			if r.commit == other.commit && !r.store.Equal(other.store) {
				return fmt.Errorf("replicas %d and %d have applied the history up to %d, and their states differ", other.config.ID, r.config.ID, r.commit)
			}
		}
		before = append(before, r)
	}
	return nil
}

// agree checks two histories from their ends backwards: once they have the same epoch at an index, they must have the same
// transactions there and before it. If both are synchronised in one epoch, and have acknowledged no later one, they must
// have the same from the first on.
func agree(a, b *replica) error {
	meet := a.epochs == b.epochs && a.current == a.accepted && a.current > 0
	for i := min(a.history.last(), b.history.last()); i > max(a.history.base.index, b.history.base.index); i-- {
		x, y := a.history.at(i), b.history.at(i)
		same := x.epoch == y.epoch
		if same && !bytes.Equal(x.command, y.command) || meet && !same {
			return fmt.Errorf("the histories of replicas %d and %d differ at %d, and have the same after it or are of the same epoch", a.config.ID, b.config.ID, i)
		}
		meet = meet || same
	}
	return nil
}

// checkOpen returns an error if a replica still has something open for what is committed: a proposal that is held for
// missing ones though it has them (rule 7), a snapshot that is being received and covers no more than is applied
// (rule 13), a command that is proposed and neither in the history after the commit index nor a read that waits, or a
// read that waits for a no-op at a replica that does not lead (rule 15), or one that could be answered (rule 16). It also returns one if its currentEpoch is above
// its acceptedEpoch (rule 1), or if it has applied what it does not have.
func (r *replica) checkOpen() error {
	id := r.config.ID
	if r.current > r.accepted {
		return fmt.Errorf("replica %d has acknowledged NewLeader of epoch %v, and NewEpoch of %v", id, r.current, r.accepted)
	}
	if r.commit > r.history.last() {
		return fmt.Errorf("replica %d has applied its history up to %d, and it ends at %d", id, r.commit, r.history.last())
	}
	if prev, held := r.early.First(); held && prev <= r.commit {
		return fmt.Errorf("replica %d holds an early proposal after %d, and has applied its history up to %d", id, prev, r.commit)
	}
	if index := r.receiver.Index(); index > 0 && index <= r.commit {
		return fmt.Errorf("replica %d receives a snapshot up to %d, and has applied its history up to %d", id, index, r.commit)
	}
	if r.role != leading && len(r.syncs) > 0 {
		return fmt.Errorf("replica %d does not lead, and %d reads wait for a no-op", id, len(r.syncs))
	}
	if r.forwarder.Leader() != protocols.Nobody && slices.ContainsFunc(r.locals, func(l local) bool { return l.seen <= r.commit }) {
		return fmt.Errorf("replica %d knows a leader, and a read waits whose client has seen no more than is applied", id)
	}
	if len(r.due) > 0 && r.due[0].index <= r.commit {
		return fmt.Errorf("replica %d has applied its history up to %d, and a read waits whose no-op is %d", id, r.commit, r.due[0].index)
	}
	open := map[protocols.CommandID]bool{}
	for _, s := range r.syncs {
		open[s.id] = true
	}
	for index := r.commit + 1; index <= r.history.last(); index++ {
		if id, err := kv.ID(r.history.at(index).command); err == nil {
			open[id] = true
		}
	}
	if err := r.forwarder.CheckOpen(open); err != nil {
		return fmt.Errorf("replica %d %w", id, err)
	}
	return nil
}
