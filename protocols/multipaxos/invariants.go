package multipaxos

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// invariants returns an error if two commands were accepted in one instance under one ballot, if a
// replica has truncated its log beyond what it has applied, or if two that have applied the same have different states.
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
