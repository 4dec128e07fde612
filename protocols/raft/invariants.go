package raft

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// invariants returns an error if a term has two leaders (election safety), or if two logs have the same term
// at one index and differ there or before it (log matching; both in figure 3 of the paper), or if two replicas that have
// applied the same have different states.
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

// match checks the log matching property of two logs, from their ends backwards: once they have the same
// term at an index, they must have the same entries at it and before it.
func match(a, b *replica) error {
	meet := false // from the end backwards: once the logs meet, they stay together
	for i := min(a.log.last(), b.log.last()); i > max(a.log.base, b.log.base); i-- {
		x, y := a.log.at(i), b.log.at(i)
		same := x.term == y.term
		if same && !bytes.Equal(x.command, y.command) || meet && !same {
			return fmt.Errorf("the logs of replicas %d and %d differ at %d, and agree on a term after it", a.config.ID, b.config.ID, i)
		}
		meet = meet || same
	}
	return nil
}
