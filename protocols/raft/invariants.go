package raft

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/membership"
)

// invariants returns an error if a term has two leaders (election safety), or if two logs have the same term
// at one index and differ there or before it (log matching; both in figure 3 of the paper), or if two have committed different entries at
// one index, which memberships and no-ops may be, or if two replicas that have
// applied the same have different states, or if a replica has something open that is committed; see checkOpen.
func invariants(nodes []protocols.Node) error {
	leaders := map[uint64]protocols.NodeID{}
	var up []*replica
	for _, node := range nodes {
		r, alive := node.(*replica)
		if !alive {
			continue
		}
		if other, known := leaders[r.term]; known && r.role == leader {
			return fmt.Errorf("replicas %d and %d both lead term %d", other, r.config.ID, r.term)
		}
		if r.role == leader {
			leaders[r.term] = r.config.ID
		}
		if r.witness && (r.log.last() > 0 || r.commit > 0 || r.role != follower) {
			return fmt.Errorf("replica %d is a witness, and has %d entries, has applied the log up to %d, or stands or leads", r.config.ID, r.log.last(), r.commit)
		}
		if err := r.checkOpen(); err != nil {
			return err
		}
		for _, other := range up {
			if err := match(r, other); err != nil {
				return err
			}
			if r.commit == other.commit && !r.store.Equal(other.store) {
				return fmt.Errorf("replicas %d and %d have applied the log up to %d, and their states differ", other.config.ID, r.config.ID, r.commit)
			}
		}
		up = append(up, r)
	}
	return nil
}

// match checks two logs from their ends backwards: once they have the same term at an index, they must have the same entries at it
// and before it (log matching), and what both have committed must be the same.
func match(a, b *replica) error {
	meet := false // from the end backwards: once the logs meet, they stay together
	for i := min(a.log.last(), b.log.last()); i > max(a.log.base, b.log.base); i-- {
		x, y := a.log.at(i), b.log.at(i)
		same := x.term == y.term
		if same && !(bytes.Equal(x.command, y.command) && x.isMembership(y.membership)) || meet && !same {
			return fmt.Errorf("the logs of replicas %d and %d differ at %d, and agree on a term after it", a.config.ID, b.config.ID, i)
		}
		if !same && i <= min(a.commit, b.commit) {
			return fmt.Errorf("replicas %d and %d have both committed an entry at %d, and not the same", a.config.ID, b.config.ID, i)
		}
		meet = meet || same
	}
	return nil
}

// isMembership returns true if the entry holds that membership, or none if that is nil.
func (e entry) isMembership(m *membership.Membership) bool {
	if e.membership == nil || m == nil {
		return e.membership == m
	}
	return bytes.Equal(e.membership.Encoded(), m.Encoded())
}

// checkOpen returns an error if a replica still has something open for what is committed: an append that is held for
// missing entries though the log has them (rule 10), a snapshot that is being received and covers no more than is applied
// (rule 15), a command that is proposed and neither in the log after the commit index nor a read that waits (rule
// 12), or a read that waits at a replica that does not lead (rule 17).
func (r *replica) checkOpen() error {
	for _, prev := range slices.Sorted(maps.Keys(r.early.appends)) {
		if prev <= r.commit {
			return fmt.Errorf("replica %d holds an early append after %d, and has applied the log up to %d", r.config.ID, prev, r.commit)
		}
	}
	if index := r.receiver.Index(); index > 0 && index <= r.commit {
		return fmt.Errorf("replica %d receives a snapshot up to %d, and has applied the log up to %d", r.config.ID, index, r.commit)
	}
	if r.role != leader && len(r.waiting) > 0 {
		return fmt.Errorf("replica %d does not lead, and %d reads wait", r.config.ID, len(r.waiting))
	}
	open := map[protocols.CommandID]bool{}
	for _, read := range r.waiting {
		open[read.id] = true
	}
	for index := r.commit + 1; index <= r.log.last(); index++ {
		if id, err := kv.ID(r.log.at(index).command); err == nil {
			open[id] = true
		}
	}
	if err := r.forwarder.CheckOpen(open); err != nil {
		return fmt.Errorf("replica %d %w", r.config.ID, err)
	}
	return nil
}
