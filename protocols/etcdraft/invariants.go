package etcdraft

import (
	"bytes"
	"fmt"

	"go.etcd.io/raft/v3"

	"quorumbench/protocols"
)

// invariants returns an error if a term has two leaders (election safety), or if two logs hold different
// entries of one term at one index (log matching; both in figure 3 of the Raft paper), or if two replicas that have applied
// the same have different states.
func invariants(nodes []protocols.Node) error {
	leaders := map[uint64]protocols.NodeID{}
	var up []*replica
	for _, node := range nodes {
		r, alive := node.(*replica)
		if !alive || r.node == nil {
			continue
		}
		if status := r.node.BasicStatus(); status.RaftState == raft.StateLeader {
			term := status.GetTerm()
			if other, known := leaders[term]; known {
				return fmt.Errorf("replicas %d and %d both lead term %d", other, r.config.ID, term)
			}
			leaders[term] = r.config.ID
		}
		for _, other := range up {
			if err := match(r, other); err != nil {
				return err
			}
			if r.applied == other.applied && !r.store.Equal(other.store) {
				return fmt.Errorf("replicas %d and %d have applied the log up to %d, and their states differ", other.config.ID, r.config.ID, r.applied-birth)
			}
		}
		up = append(up, r)
	}
	return nil
}

// match checks the log matching property of two logs, at the indexes that both have.
func match(a, b *replica) error {
	from, to := a.bounds()
	otherFrom, otherTo := b.bounds()
	from, to = max(from, otherFrom), min(to, otherTo)
	if from > to {
		return nil
	}
	ours, err := a.storage.Entries(from, to+1, 1<<62)
	must(err)
	theirs, err := b.storage.Entries(from, to+1, 1<<62)
	must(err)
	for i := range ours {
		if ours[i].GetTerm() == theirs[i].GetTerm() && !bytes.Equal(ours[i].GetData(), theirs[i].GetData()) {
			return fmt.Errorf("replicas %d and %d hold different entries of term %d at %d",
				a.config.ID, b.config.ID, ours[i].GetTerm(), ours[i].GetIndex()-birth)
		}
	}
	return nil
}

// bounds returns the first and the last index in the log.
func (r *replica) bounds() (first, last uint64) {
	first, err := r.storage.FirstIndex()
	must(err)
	last, err = r.storage.LastIndex()
	must(err)
	return first, last
}
