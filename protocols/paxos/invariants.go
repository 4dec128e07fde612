package paxos

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
)

// invariants tells whether two values were accepted under one ballot of one instance (rule 9).
func invariants(nodes []protocols.Node) error {
	type proposal struct {
		key     string
		version uint64
		ballot  protocols.Ballot
	}
	accepted := map[proposal][]byte{}
	for _, node := range nodes {
		r, up := node.(*replica)
		if !up {
			continue
		}
		for _, g := range r.registers {
			for version, i := range g.open {
				p := proposal{string(g.key), version, i.valueBallot}
				if value, known := accepted[p]; known && i.valueBallot != 0 && !bytes.Equal(value, i.value) {
					return fmt.Errorf("under ballot %v of version %d of key %q two values were accepted", i.valueBallot, version, g.key)
				}
				accepted[p] = i.value
			}
		}
	}
	return nil
}
