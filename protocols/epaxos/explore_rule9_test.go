package epaxos

import (
	"slices"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

// This file asks what rule 9 needs: may Validate be handled when something was accepted under the same ballot, or must it
// be dropped? In the proof of the protocol, messages arrive once, and a recovery sends Accept only when all of Q have answered
// Validate: so it cannot come so late. Here replica a has submitted A, which b has pre-accepted, and replica c has
// submitted B, which nobody else knows. What a and c send to others at ballot 0 is lost. When b recovers A, c is in Q
// and objects with B, so that b waits; the late answer of a ends that, and a no-op is accepted under the ballot
// under which A was validated.
//
// Package bench/planted explores the same bounds without the guard of rule 9, and where late answers are acted on before
// all of Q have answered Validate; docs/findings/epaxos-validate.md tells what came of it.

// stale makes the cluster in which Validate may come after Accept.
func stale(c *explore.Cluster) {
	entry := func(column uint32, write byte) []byte {
		return exploretest.Encode(&Record{Entries: []*Entry{{
			Key: []byte("x"), Column: column, Phase: preaccepted, Command: commandOnDisk(write),
			Deps: []uint64{0, 0, 0}, Submitted: true, InitDeps: []uint64{0, 0, 0},
		}}})
	}
	c.Disks = [][][]byte{{entry(0, 'A')}, {entry(0, 'A')}, {entry(2, 'B')}}
	c.Carry = func(data []byte) []byte {
		var m Message
		if protocols.Decode(data, &m) != nil || m.Kind == Kind_PREACCEPT || m.Kind == Kind_FETCH {
			return nil
		}
		return data
	}
}

// staleOnce is stale where no message is sent a second time.
func staleOnce(c *explore.Cluster) {
	stale(c)
	c.Fires = func(id protocols.TimerID) bool { return id == watchTimer }
}

var rule9Bounds = []exploretest.Bound{
	{Name: "rule9-once", Timers: 4, Network: explore.Network{Orderly: true, Late: 2}, Change: staleOnce},
	{Name: "rule9-doubled", Timers: 3, Network: explore.Network{Orderly: true, Late: 1, Doubled: 1}, Change: staleOnce},
	{Name: "rule9-decided", Large: true, Timers: 5, Network: explore.Network{Orderly: true, Late: 1, Doubled: 1, Cuts: 1}, Change: staleDecided},
	{Name: "rule9-resent", Large: true, Timers: 4, Network: explore.Network{Orderly: true, Late: 2}, Change: stale},
}

// decidedAlike is what a client could see of it: two replicas learn different values of one instance.
func decidedAlike(nodes []protocols.Node) error {
	var up []*replica
	for _, node := range nodes {
		if r, is := node.(*replica); is {
			up = append(up, r)
		}
	}
	for _, g := range up[0].registers {
		h := up[1].byKey[g.name]
		for i := range g.columns {
			for _, x := range g.columns[i].held {
				if h == nil || x == nil || x.phase != committed {
					continue
				}
				if y := h.get(x.position); y != nil && y.phase == committed {
					if err := sameValue(x, y); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func staleDecided(c *explore.Cluster) {
	staleOnce(c)
	c.Driver.Invariants = func(nodes []protocols.Node) error {
		return decidedAlike(slices.DeleteFunc(slices.Clone(nodes), func(n protocols.Node) bool { return n == nil }))
	}
}

func TestExploreRule9(t *testing.T) { exploretest.Run(t, explored, rule9Bounds) }
