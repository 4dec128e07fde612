package keypaxos

import (
	"bytes"
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// node is a driver's node, which embeds a Replica.
type node interface{ keypaxosReplica() *Replica }

func (r *Replica) keypaxosReplica() *Replica { return r }

// Invariants returns the invariants of a driver whose nodes embed a Replica, where at most so many acceptors
// accept under one ballot. They report: two values accepted under one classic ballot of an instance (rule 9); another value
// accepted or chosen than the one that a fast quorum has accepted under the fast ballot (rule 4 of fastpaxos); an accepted
// ballot above the highest promised; two different states after one version of a key; an instance or a proposal that is
// still open though its version is applied (rule 7); and a request that no proposal serves.
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
	values, states, fast := map[proposal]accepted{}, map[place]*kv.Register{}, map[place][]FastValue{}
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
			if err := r.checkOpen(g); err != nil {
				return err
			}
			for i := g.open; i != nil; i = i.later {
				if i.LastBallot < i.ValueBallot {
					return fmt.Errorf("replica %d has accepted a value of version %d of key %q under ballot %v, and promised no more than %v",
						r.ID, i.version, g.key, i.ValueBallot, i.LastBallot)
				}
				if i.ValueBallot == 0 {
					continue
				}
				if i.ValueBallot == FastBallot {
					at := place{g.name, i.version}
					fast[at] = noteFast(fast[at], r.ID, i.Value)
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
	return checkFast(nodes, func(key string, version uint64) []FastValue { return fast[place{key, version}] })
}

// checkFast returns an error if a fast quorum has accepted a value under the fast ballot, and a replica has accepted another under a
// classic ballot, or knows another as chosen. accepted tells what was accepted under the fast ballot of an instance.
func checkFast(nodes []protocols.Node, accepted func(key string, version uint64) []FastValue) error {
	for _, one := range nodes {
		up, is := one.(interface {
			node
			fastQuorums() quorum.System
		})
		if !is || up.fastQuorums() == nil {
			continue
		}
		r := up.keypaxosReplica()
		for _, g := range r.registers {
			for i := g.open; i != nil; i = i.later {
				for _, f := range accepted(g.name, i.version) {
					another := i.ValueBallot > FastBallot && !bytes.Equal(i.Value, f.Value) || i.chosen != nil && !bytes.Equal(i.chosen, f.Value)
					if another && up.fastQuorums().IsQuorum(f.By) {
						return fmt.Errorf("a fast quorum, %v, has accepted a value of version %d of key %q under the fast ballot, and replica %d another under ballot %v",
							f.By, i.version, g.key, r.ID, i.ValueBallot)
					}
				}
			}
		}
	}
	return nil
}

// checkOpen returns an error if something of a key is open at or below the version that is applied, or if a request of the
// key waits and nothing is proposed.
func (r *Replica) checkOpen(g *Register) error {
	switch {
	case g.open != nil && g.open.version <= g.version:
		return fmt.Errorf("replica %d holds an open instance of version %d of key %q, and has applied version %d", r.ID, g.open.version, g.key, g.version)
	case g.Proposal != nil && g.Proposal.Version <= g.version && g.Proposal.Phase != Outrun:
		return fmt.Errorf("replica %d proposes version %d of key %q, and has applied version %d", r.ID, g.Proposal.Version, g.key, g.version)
	case g.Proposal == nil && g.requests != nil:
		return fmt.Errorf("replica %d has a request for key %q and proposes nothing for it", r.ID, g.key)
	}
	return nil
}
