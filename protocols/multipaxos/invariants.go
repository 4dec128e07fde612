package multipaxos

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// invariants tells whether two commands were accepted under one ballot for one place of the log.
func invariants(nodes []protocols.Node) error {
	type proposal struct {
		index  int
		ballot protocols.Ballot
	}
	accepted := map[proposal][]byte{}
	for _, node := range nodes {
		r, up := node.(*replica)
		if !up {
			continue
		}
		for i, x := range r.log {
			p := proposal{i + 1, x.ballot}
			if command, known := accepted[p]; known && x.ballot != 0 && !bytes.Equal(command, x.command) {
				return fmt.Errorf("under ballot %v two commands were accepted at %d of the log", x.ballot, i+1)
			}
			accepted[p] = x.command
		}
	}
	return nil
}
