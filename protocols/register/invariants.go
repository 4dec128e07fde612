package register

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Invariants tells what is wrong with what the replicas hold; one that is down is nil. Under one ballot
// of an instance a single value may be accepted (rule 9), no ballot below an accepted one may be the
// highest promised, and after one version of a key there is one state. Acceptors, if not zero, is how
// many replicas may accept under one ballot.
func Invariants(replicas []*Replica, acceptors int) error {
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
	for _, r := range replicas {
		if r == nil {
			continue
		}
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
				if acceptors > 0 && known.count+1 > acceptors {
					return fmt.Errorf("under ballot %v of version %d of key %q more than %d replicas have accepted", i.ValueBallot, i.version, g.key, acceptors)
				}
			}
		}
	}
	return nil
}
