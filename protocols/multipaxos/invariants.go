package multipaxos

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// invariants returns an error if two commands were accepted in one instance under one ballot, or if a
// replica has truncated its log beyond what it has applied.
func invariants(nodes []protocols.Node) error {
	type proposal struct {
		index  uint64
		ballot protocols.Ballot
	}
	accepted := map[proposal][]byte{}
	for _, node := range nodes {
		r, up := node.(*replica)
		if !up {
			continue
		}
		if r.log.truncated > r.applied {
			return fmt.Errorf("replica %d has truncated its log up to %d and has applied up to %d", r.config.ID, r.log.truncated, r.applied)
		}
		for i, x := range r.log.slots {
			p := proposal{r.log.truncated + uint64(i) + 1, x.ballot}
			if command, known := accepted[p]; known && x.ballot != 0 && !bytes.Equal(command, x.command) {
				return fmt.Errorf("under ballot %v two commands were accepted at %d of the log", x.ballot, p.index)
			}
			accepted[p] = x.command
		}
	}
	return nil
}
