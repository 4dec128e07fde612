package keypaxos

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// node is a node that embeds a Replica.
type node interface{ held() *Replica }

func (r *Replica) held() *Replica { return r }

// Invariants returns the Invariants of a driver whose nodes embed a Replica, and under one ballot of
// which so many replicas may accept. They tell what is wrong with what the replicas hold: under one
// ballot of an instance a single value may be accepted (rule 9), no ballot below an accepted one may be
// the highest promised, and after one version of a key there is one state.
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
		r := up.held()
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
