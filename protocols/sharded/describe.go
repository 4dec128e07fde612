package sharded

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/multipaxos"
	"quorumbench/protocols/raft"
)

// describe returns a message as text: as its protocol does, and of which group it is.
func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	var inside string
	switch p := m.Protocol.(type) {
	case *Message_Raft:
		inside = raft.Driver.Describe(p.Raft)
	case *Message_Multipaxos:
		inside = multipaxos.Driver.Describe(p.Multipaxos)
	}
	if inside == "" {
		return ""
	}
	return fmt.Sprintf("%s in group %d", inside, m.Group)
}

// invariants are those of the groups' protocol, for each group.
func invariants(nodes []protocols.Node) error {
	for id := range nodes {
		var of *protocols.Driver
		members := make([]protocols.Node, len(nodes))
		for i, node := range nodes {
			if r, up := node.(*replica); up {
				of, members[i] = r.of, r.groups[id].node
			}
		}
		if of == nil || of.Invariants == nil {
			return nil
		}
		if err := of.Invariants(members); err != nil {
			return fmt.Errorf("in group %d: %w", id, err)
		}
	}
	return nil
}
