package keypaxos

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// node is a driver's node, which embeds a Replica.
type node interface{ keypaxosReplica() *Replica }

func (r *Replica) keypaxosReplica() *Replica { return r }

// Invariants returns the invariants of a driver whose nodes embed a Replica, where at most so many acceptors
// accept under one ballot. They report: two values accepted under one ballot of an instance (rule 9); an accepted
// ballot above the highest promised; two different states after one version of a key.
func Invariants(acceptors int) func(nodes []protocols.Node) error {
	return func(nodes []protocols.Node) error { return invariants(nodes, acceptors) }
}

func invariants(nodes []protocols.Node, acceptors int) error {
	type proposal struct {
		key     string
		version uint64
		ballot  protocols.Ballot
	}
	type accepted struct {
		value []byte
		count int
	}
	type place struct {
		key     string
		version uint64
	}
	values, states := map[proposal]accepted{}, map[place]*kv.Register{}
	for _, one := range nodes {
		up, is := one.(node)
		if !is { // it is down
			continue
		}
		r := up.keypaxosReplica()
		for _, g := range r.registers {
			at := place{g.name, g.version}
			if other := states[at]; other == nil {
				states[at] = &g.state
			} else if !g.state.Equal(other) {
				return fmt.Errorf("after version %d of key %q two replicas have different states", g.version, g.key)
			}
			for i := g.open; i != nil; i = i.later {
				if i.LastBallot < i.ValueBallot {
					return fmt.Errorf("replica %d has accepted a value of version %d of key %q under ballot %v, and promised no more than %v",
						r.ID, i.version, g.key, i.ValueBallot, i.LastBallot)
				}
				if i.ValueBallot == 0 {
					continue
				}
				p := proposal{g.name, i.version, i.ValueBallot}
				known := values[p]
				if known.count > 0 && !bytes.Equal(known.value, i.Value) {
					return fmt.Errorf("under ballot %v of version %d of key %q two values were accepted", i.ValueBallot, i.version, g.key)
				}
				values[p] = accepted{i.Value, known.count + 1}
				if known.count+1 > acceptors {
					return fmt.Errorf("under ballot %v of version %d of key %q more than %d replicas have accepted", i.ValueBallot, i.version, g.key, acceptors)
				}
			}
		}
	}
	return nil
}
